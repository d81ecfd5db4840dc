//! Items as bytes: a version, then every attribute with its name, a tag and its value.

use updraft_kernel::{Record, RecordError};
use updraft_lang::dynamodb::{Item, Number, Value};

/// The format written today.
const VERSION: u8 = 1;

/// An item in the store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredItem(pub Item);

impl Record for StoredItem {
    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut out = vec![VERSION];
        write_item(&self.0, &mut out);
        Ok(out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let malformed = || RecordError::Malformed(None);
        let (found, mut rest) = bytes.split_first().ok_or_else(malformed)?;
        if *found > VERSION {
            return Err(RecordError::TooNew { found: *found, known: VERSION });
        }
        let item = read_item(&mut rest).ok_or_else(malformed)?;
        if rest.is_empty() { Ok(Self(item)) } else { Err(malformed()) }
    }
}

const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const BYTES: u8 = 3;
const FALSE: u8 = 4;
const TRUE: u8 = 5;
const NULL: u8 = 6;
const MAP: u8 = 7;
const LIST: u8 = 8;
const TEXT_SET: u8 = 9;
const NUMBER_SET: u8 = 10;
const BYTES_SET: u8 = 11;

fn write_item(item: &Item, out: &mut Vec<u8>) {
    write_length(item.len(), out);
    for (name, value) in item {
        write_bytes(name.as_bytes(), out);
        write_value(value, out);
    }
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::S(text) => {
            out.push(TEXT);
            write_bytes(text.as_bytes(), out);
        }
        Value::N(number) => {
            out.push(NUMBER);
            number.encode(out);
        }
        Value::B(bytes) => {
            out.push(BYTES);
            write_bytes(bytes, out);
        }
        Value::Bool(truth) => out.push(if *truth { TRUE } else { FALSE }),
        Value::Null => out.push(NULL),
        Value::M(members) => {
            out.push(MAP);
            write_item(members, out);
        }
        Value::L(members) => {
            out.push(LIST);
            write_length(members.len(), out);
            members.iter().for_each(|member| write_value(member, out));
        }
        Value::Ss(members) => {
            out.push(TEXT_SET);
            write_length(members.len(), out);
            members.iter().for_each(|member| write_bytes(member.as_bytes(), out));
        }
        Value::Ns(members) => {
            out.push(NUMBER_SET);
            write_length(members.len(), out);
            members.iter().for_each(|member| member.encode(out));
        }
        Value::Bs(members) => {
            out.push(BYTES_SET);
            write_length(members.len(), out);
            members.iter().for_each(|member| write_bytes(member, out));
        }
    }
}

/// A length in seven bits to the byte, the lowest first.
fn write_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn read_item(input: &mut &[u8]) -> Option<Item> {
    (0..read_length(input)?).map(|_| Some((read_text(input)?, read_value(input)?))).collect()
}

fn read_value(input: &mut &[u8]) -> Option<Value> {
    Some(match read_byte(input)? {
        TEXT => Value::S(read_text(input)?),
        NUMBER => Value::N(Number::decode(input)?),
        BYTES => Value::B(read_bytes(input)?.to_vec()),
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        NULL => Value::Null,
        MAP => Value::M(read_item(input)?),
        LIST => Value::L(read_many(input, read_value)?),
        TEXT_SET => Value::Ss(read_many(input, read_text)?),
        NUMBER_SET => Value::Ns(read_many(input, Number::decode)?),
        BYTES_SET => Value::Bs(read_many(input, |input| read_bytes(input).map(<[u8]>::to_vec))?),
        _ => return None,
    })
}

fn read_many<T, C: FromIterator<T>>(input: &mut &[u8], read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<C> {
    (0..read_length(input)?).map(|_| read(input)).collect()
}

fn read_byte(input: &mut &[u8]) -> Option<u8> {
    let (first, rest) = input.split_first()?;
    *input = rest;
    Some(*first)
}

fn read_length(input: &mut &[u8]) -> Option<usize> {
    let mut length = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = read_byte(input)?;
        length |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(length);
        }
    }
    None
}

fn read_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = read_length(input)?;
    let (bytes, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(bytes)
}

fn read_text(input: &mut &[u8]) -> Option<String> {
    String::from_utf8(read_bytes(input)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let number =
            (any::<i64>(), -20_i32..20).prop_map(|(n, e)| format!("{n}e{e}").parse::<Number>().unwrap());
        let leaf = prop_oneof![
            ".*".prop_map(Value::S),
            number.clone().prop_map(Value::N),
            any::<Vec<u8>>().prop_map(Value::B),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
            prop::collection::btree_set(".*", 1..4).prop_map(Value::Ss),
            prop::collection::btree_set(number, 1..4).prop_map(Value::Ns),
            prop::collection::btree_set(any::<Vec<u8>>(), 1..4).prop_map(Value::Bs),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::L),
                prop::collection::btree_map(".*", inner, 0..4).prop_map(Value::M),
            ]
        })
    }

    proptest! {
        #[test]
        fn items_read_back(item in prop::collection::btree_map(".*", any_value(), 0..6)) {
            let stored = StoredItem(item);
            let bytes = stored.encode().unwrap();
            prop_assert_eq!(StoredItem::decode(&bytes).unwrap(), stored);
            prop_assert!(StoredItem::decode(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[test]
    fn newer_records_are_refused() {
        assert!(matches!(StoredItem::decode(&[9]), Err(RecordError::TooNew { found: 9, known: 1 })));
    }
}
