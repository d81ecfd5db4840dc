//! How many bytes an item counts for limits and capacity.
//!
//! DynamoDB Developer Guide, "DynamoDB item sizes and formats", read 2026-11: names and texts count
//! their UTF-8 bytes, numbers about one byte per two significant digits and one more, `true`, `false`
//! and `null` one, maps and lists three and one more per element.

use super::{Item, Number, Value};

const CONTAINER_OVERHEAD: usize = 3;
const ELEMENT_OVERHEAD: usize = 1;

/// The size of an item in bytes.
#[must_use]
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

/// The size of a value in bytes.
#[must_use]
pub fn value_size(value: &Value) -> usize {
    match value {
        Value::S(text) => text.len(),
        Value::N(number) => number_size(number),
        Value::B(bytes) => bytes.len(),
        Value::Bool(_) | Value::Null => 1,
        Value::M(members) => CONTAINER_OVERHEAD + members.len() * ELEMENT_OVERHEAD + item_size(members),
        Value::L(members) => {
            CONTAINER_OVERHEAD + members.iter().map(|m| ELEMENT_OVERHEAD + value_size(m)).sum::<usize>()
        }
        Value::Ss(members) => members.iter().map(String::len).sum(),
        Value::Ns(members) => members.iter().map(number_size).sum(),
        Value::Bs(members) => members.iter().map(Vec::len).sum(),
    }
}

fn number_size(number: &Number) -> usize {
    number.significant_digits().div_ceil(2) as usize + 1 + usize::from(number.is_negative())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_documented() {
        let list = Value::L(vec![Value::Bool(true), Value::S("ab".into())]);
        for (value, size) in [
            (Value::S("é".into()), 2),
            (Value::N("0".parse().unwrap()), 1),
            (Value::N("1234".parse().unwrap()), 3),
            (Value::N("-123".parse().unwrap()), 4),
            (Value::Null, 1),
            (list, 3 + 1 + 1 + 1 + 2),
            (Value::M(Item::from([("k".into(), Value::Null)])), 3 + 1 + 1 + 1),
            (Value::Ss(["a".into(), "bc".into()].into()), 3),
        ] {
            assert_eq!(value_size(&value), size, "{value}");
        }
        assert_eq!(item_size(&Item::from([("name".into(), Value::S("abc".into()))])), 7);
    }
}
