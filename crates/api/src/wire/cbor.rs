//! rpcv2Cbor bodies (RFC 8949), as far as the protocol uses them.

use bytes::Bytes;
use serde_json::Value as Json;
use updraft_types::Timestamp;

use super::DEPTH_MAX;
use super::json::serialization;
use crate::Refusal;
use crate::shape::{Shape, StructShape};
use crate::value::{Members, Value};

/// A CBOR item.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Integer(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(Item, Item)>),
    Tag(u64, Box<Item>),
    Bool(bool),
    Null,
    Float(f64),
}

/// The most items a document may have.
const ITEMS_MAX: usize = 1_000_000;

struct Reader<'a> {
    rest: &'a [u8],
    items: usize,
}

fn malformed() -> Refusal {
    serialization("The CBOR document is malformed.")
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8], Refusal> {
        let (head, tail) = self.rest.split_at_checked(length).ok_or_else(malformed)?;
        self.rest = tail;
        Ok(head)
    }

    /// The argument of an initial byte; `None` for an indefinite length.
    fn argument(&mut self, low: u8) -> Result<Option<u64>, Refusal> {
        let length = match low {
            0..=23 => return Ok(Some(low.into())),
            24..=27 => 1 << (low - 24),
            31 => return Ok(None),
            _ => return Err(malformed()),
        };
        let bytes = self.take(length)?;
        Ok(Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))))
    }

    fn is_break(&mut self) -> bool {
        let at_break = self.rest.first() == Some(&0xff);
        if at_break {
            self.rest = &self.rest[1..];
        }
        at_break
    }

    fn item(&mut self, depth: usize) -> Result<Item, Refusal> {
        self.items += 1;
        if depth > DEPTH_MAX || self.items > ITEMS_MAX {
            return Err(serialization("The document is nested too deep or too large."));
        }
        let initial = self.take(1)?[0];
        let (major, low) = (initial >> 5, initial & 0x1f);
        if major == 7 {
            return self.simple(low);
        }
        let argument = self.argument(low)?;
        match (major, argument) {
            (0, Some(n)) => i64::try_from(n).map(Item::Integer).map_err(|_| malformed()),
            (1, Some(n)) => i64::try_from(n).map(|n| Item::Integer(-1 - n)).map_err(|_| malformed()),
            (2, length) => self.string(2, length, depth).map(Item::Bytes),
            (3, length) => {
                let bytes = self.string(3, length, depth)?;
                String::from_utf8(bytes).map(Item::Text).map_err(|_| malformed())
            }
            (4, length) => {
                let mut items = Vec::new();
                while length.map_or_else(|| !self.is_break(), |n| (items.len() as u64) < n) {
                    items.push(self.item(depth + 1)?);
                }
                Ok(Item::Array(items))
            }
            (5, length) => {
                let mut entries = Vec::new();
                while length.map_or_else(|| !self.is_break(), |n| (entries.len() as u64) < n) {
                    entries.push((self.item(depth + 1)?, self.item(depth + 1)?));
                }
                Ok(Item::Map(entries))
            }
            (6, Some(tag)) => Ok(Item::Tag(tag, Box::new(self.item(depth + 1)?))),
            _ => Err(malformed()),
        }
    }

    fn string(&mut self, major: u8, length: Option<u64>, depth: usize) -> Result<Vec<u8>, Refusal> {
        if let Some(length) = length {
            return Ok(self.take(usize::try_from(length).map_err(|_| malformed())?)?.to_vec());
        }
        let mut bytes = Vec::new();
        while !self.is_break() {
            match (major, self.item(depth + 1)?) {
                (2, Item::Bytes(piece)) => bytes.extend(piece),
                (3, Item::Text(piece)) => bytes.extend(piece.into_bytes()),
                _ => return Err(malformed()),
            }
        }
        Ok(bytes)
    }

    fn simple(&mut self, low: u8) -> Result<Item, Refusal> {
        Ok(match low {
            20 => Item::Bool(false),
            21 => Item::Bool(true),
            22 | 23 => Item::Null,
            25 => Item::Float(half(u16::from_be_bytes(self.take(2)?.try_into().map_err(|_| malformed())?))),
            26 => Item::Float(f32::from_be_bytes(self.take(4)?.try_into().map_err(|_| malformed())?).into()),
            27 => Item::Float(f64::from_be_bytes(self.take(8)?.try_into().map_err(|_| malformed())?)),
            _ => return Err(malformed()),
        })
    }
}

/// A half-precision number (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

/// Reads a body; an empty one is an empty structure.
pub(crate) fn read_body(bytes: &[u8], shape: &'static StructShape) -> Result<Members, Refusal> {
    if bytes.is_empty() {
        return Ok(Members::of(shape));
    }
    let mut reader = Reader { rest: bytes, items: 0 };
    let item = reader.item(0)?;
    match item {
        Item::Map(entries) if reader.rest.is_empty() => members(entries, shape),
        _ => Err(malformed()),
    }
}

fn members(entries: Vec<(Item, Item)>, shape: &'static StructShape) -> Result<Members, Refusal> {
    let mut members = Members::of(shape);
    for (key, item) in entries {
        let Item::Text(key) = key else { return Err(malformed()) };
        let Some(at) = shape.members.iter().position(|member| member.name == key) else { continue };
        if let Some(value) = value(item, shape.members[at].shape)? {
            members.set(at, value);
        }
    }
    Ok(members)
}

fn value(item: Item, shape: &'static Shape) -> Result<Option<Value>, Refusal> {
    Ok(Some(match (shape, item) {
        (_, Item::Null) => return Ok(None),
        (Shape::Structure(shape), Item::Map(entries)) => Value::Structure(members(entries, shape)?),
        (Shape::List(list), Item::Array(items)) => {
            let items = items.into_iter().filter_map(|item| value(item, list.member).transpose());
            Value::List(items.collect::<Result<_, _>>()?)
        }
        (Shape::Map(map), Item::Map(entries)) => {
            let mut pairs = Vec::with_capacity(entries.len());
            for (key, item) in entries {
                let Item::Text(key) = key else { return Err(malformed()) };
                if let Some(value) = value(item, map.value)? {
                    pairs.push((key, value));
                }
            }
            Value::Map(pairs)
        }
        (Shape::String(_), Item::Text(text)) => Value::String(text),
        (Shape::Blob(_) | Shape::Stream, Item::Bytes(bytes)) => Value::Blob(Bytes::from(bytes)),
        (Shape::Integer(_) | Shape::Long(_), Item::Integer(number)) => Value::Integer(number),
        (Shape::Double(_), Item::Float(number)) => Value::Double(number),
        (Shape::Double(_), Item::Integer(number)) => Value::Double(number as f64),
        (Shape::Boolean, Item::Bool(truth)) => Value::Boolean(truth),
        (Shape::Timestamp(_), Item::Tag(1, inner)) => Value::Timestamp(seconds(*inner)?),
        (Shape::Timestamp(_), plain @ (Item::Integer(_) | Item::Float(_))) => {
            Value::Timestamp(seconds(plain)?)
        }
        _ => return Err(serialization("A value of the CBOR document has the wrong type.")),
    }))
}

fn seconds(item: Item) -> Result<Timestamp, Refusal> {
    match item {
        Item::Integer(seconds) => Ok(Timestamp::from_millis(seconds.saturating_mul(1_000))),
        Item::Float(seconds) => Ok(Timestamp::from_secs_f64(seconds)),
        _ => Err(malformed()),
    }
}

/// Writes a body.
pub(crate) fn write_body(members: &Members, shape: &StructShape) -> Vec<u8> {
    let mut out = Vec::new();
    write_members(&mut out, members, shape);
    out
}

fn write_members(out: &mut Vec<u8>, members: &Members, shape: &StructShape) {
    let set: Vec<_> = shape
        .members
        .iter()
        .zip(&members.0)
        .filter_map(|(member, value)| Some((member, value.as_ref()?)))
        .collect();
    head(out, 5, set.len() as u64);
    for (member, value) in set {
        write_text(out, member.name);
        write(out, value, member.shape);
    }
}

fn write(out: &mut Vec<u8>, value: &Value, shape: &Shape) {
    match (value, shape) {
        (Value::Structure(members), Shape::Structure(shape)) => write_members(out, members, shape),
        (Value::List(items), Shape::List(list)) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write(out, item, list.member));
        }
        (Value::Map(entries), Shape::Map(map)) => {
            head(out, 5, entries.len() as u64);
            for (key, value) in entries {
                write_text(out, key);
                write(out, value, map.value);
            }
        }
        (Value::String(text), _) => write_text(out, text),
        (Value::Integer(number), _) if *number >= 0 => head(out, 0, number.unsigned_abs()),
        (Value::Integer(number), _) => head(out, 1, number.unsigned_abs() - 1),
        (Value::Double(number), _) => write_double(out, *number),
        (Value::Boolean(truth), _) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        (Value::Blob(bytes), _) => {
            head(out, 2, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        (Value::Timestamp(at), _) => {
            head(out, 6, 1);
            write_double(out, at.secs_f64());
        }
        _ => out.push(0xf6),
    }
}

/// An error's body: `__type`, `message` and what else it says.
pub(crate) fn write_error(refusal: &Refusal) -> Vec<u8> {
    let mut out = Vec::new();
    head(&mut out, 5, 2 + refusal.members.len() as u64);
    write_text(&mut out, "__type");
    write_text(&mut out, &refusal.code);
    write_text(&mut out, "message");
    write_text(&mut out, &refusal.message);
    for (name, value) in &refusal.members {
        write_text(&mut out, name);
        write_json(&mut out, value);
    }
    out
}

fn write_json(out: &mut Vec<u8>, json: &Json) {
    match json {
        Json::Null => out.push(0xf6),
        Json::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        Json::Number(number) => match number.as_i64() {
            Some(whole) if whole >= 0 => head(out, 0, whole.unsigned_abs()),
            Some(whole) => head(out, 1, whole.unsigned_abs() - 1),
            None => write_double(out, number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => write_text(out, text),
        Json::Array(items) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write_json(out, item));
        }
        Json::Object(entries) => {
            head(out, 5, entries.len() as u64);
            for (key, value) in entries {
                write_text(out, key);
                write_json(out, value);
            }
        }
    }
}

/// The code and the message of an error's body.
pub(crate) fn read_error(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(Item::Map(entries)) = (Reader { rest: bytes, items: 0 }).item(0) else { return (None, None) };
    let text = |name: &str| {
        entries.iter().find_map(|(key, value)| match (key, value) {
            (Item::Text(key), Item::Text(value)) if key.eq_ignore_ascii_case(name) => Some(value.clone()),
            _ => None,
        })
    };
    (text("__type"), text("message"))
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    head(out, 3, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn write_double(out: &mut Vec<u8>, number: f64) {
    out.push(0xfb);
    out.extend_from_slice(&number.to_be_bytes());
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: &[u8]) -> Result<Item, Refusal> {
        Reader { rest: bytes, items: 0 }.item(0)
    }

    /// Examples of RFC 8949, appendix A.
    #[test]
    fn the_examples_of_the_rfc_read() {
        let cases: [(&[u8], Item); 8] = [
            (&[0x18, 0x64], Item::Integer(100)),
            (&[0x38, 0x63], Item::Integer(-100)),
            (&[0xf9, 0x3e, 0x00], Item::Float(1.5)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], Item::Float(100_000.0)),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], Item::Tag(1, Box::new(Item::Integer(1_363_896_240)))),
            (&[0x64, 0x49, 0x45, 0x54, 0x46], Item::Text("IETF".into())),
            (&[0x9f, 0x01, 0x02, 0xff], Item::Array(vec![Item::Integer(1), Item::Integer(2)])),
            (&[0x7f, 0x61, 0x61, 0x61, 0x62, 0xff], Item::Text("ab".into())),
        ];
        for (bytes, expected) in cases {
            assert_eq!(item(bytes).unwrap(), expected, "{bytes:02x?}");
        }
        for cut in [&[0x18][..], &[0x64, 0x49], &[0x9f, 0x01], &[0x1c]] {
            assert!(item(cut).is_err(), "{cut:02x?}");
        }
    }
}
