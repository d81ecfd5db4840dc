//! awsQuery: forms in, XML out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::json::serialization;
use super::xml::{self, Element};
use super::{DEPTH_MAX, text};
use crate::shape::{Shape, StructShape, TimestampFormat};
use crate::value::{Members, Value};
use crate::{OperationInfo, Refusal};

/// A form's values by their dotted names.
pub(crate) type Form = BTreeMap<String, String>;

/// The most elements of a list and entries of a map in a form.
const ELEMENTS_MAX: usize = 10_000;

/// Reads an input from a form.
pub(crate) fn read_request(form: &Form, shape: &'static StructShape) -> Result<Members, Refusal> {
    read_members(form, "", shape, 0)
}

fn read_members(
    form: &Form,
    prefix: &str,
    shape: &'static StructShape,
    depth: usize,
) -> Result<Members, Refusal> {
    let mut members = Members::of(shape);
    for (at, member) in shape.members.iter().enumerate() {
        let name = format!("{prefix}{}", member.wire_name);
        if let Some(value) = read(form, &name, member.shape, depth + 1)? {
            members.set(at, value);
        }
    }
    Ok(members)
}

/// Whether the form has the name, or names under it.
fn has(form: &Form, name: &str) -> bool {
    form.contains_key(name) || has_under(form, name)
}

fn has_under(form: &Form, name: &str) -> bool {
    let under = format!("{name}.");
    form.range(under.clone()..).next().is_some_and(|(key, _)| key.starts_with(&under))
}

fn read(form: &Form, name: &str, shape: &'static Shape, depth: usize) -> Result<Option<Value>, Refusal> {
    if depth > DEPTH_MAX {
        return Err(serialization("The request is nested too deep."));
    }
    match shape {
        Shape::Structure(shape) => {
            if !has_under(form, name) {
                return Ok(None);
            }
            Ok(Some(Value::Structure(read_members(form, &format!("{name}."), shape, depth)?)))
        }
        Shape::List(list) => {
            // An empty list is sent as the bare name.
            if form.get(name).is_some_and(String::is_empty) && !has_under(form, name) {
                return Ok(Some(Value::List(Vec::new())));
            }
            let head = if list.flattened { name.to_owned() } else { format!("{name}.{}", list.member_name) };
            let mut items = Vec::new();
            while items.len() < ELEMENTS_MAX && has(form, &format!("{head}.{}", items.len() + 1)) {
                let item = read(form, &format!("{head}.{}", items.len() + 1), list.member, depth + 1)?;
                items.push(item.ok_or_else(|| malformed(&head))?);
            }
            Ok((!items.is_empty()).then_some(Value::List(items)))
        }
        Shape::Map(map) => {
            let head = if map.flattened { name.to_owned() } else { format!("{name}.entry") };
            let mut entries = Vec::new();
            while entries.len() < ELEMENTS_MAX && has_under(form, &format!("{head}.{}", entries.len() + 1)) {
                let entry = format!("{head}.{}", entries.len() + 1);
                let key = form.get(&format!("{entry}.{}", map.key_name)).ok_or_else(|| malformed(&entry))?;
                let value = read(form, &format!("{entry}.{}", map.value_name), map.value, depth + 1)?;
                entries.push((key.clone(), value.ok_or_else(|| malformed(&entry))?));
            }
            Ok((!entries.is_empty()).then_some(Value::Map(entries)))
        }
        scalar => match form.get(name) {
            None => Ok(None),
            Some(text) => text::read(text, scalar).map(Some).ok_or_else(|| malformed(name)),
        },
    }
}

fn malformed(name: &str) -> Refusal {
    Refusal::new("MalformedInput", 400, format!("Invalid value for parameter {name}"))
}

/// Writes an answer: `<CreateRoleResponse><CreateRoleResult>…`.
pub(crate) fn write_response(info: &OperationInfo, members: &Members, request_id: &str) -> Vec<u8> {
    let mut out = String::new();
    let namespace = info.service.xml_namespace.unwrap_or_default();
    let _ = write!(out, "<{}Response xmlns=\"{namespace}\">", info.name);
    if let Some(wrapper) = info.result_wrapper {
        let _ = write!(out, "<{wrapper}>");
        xml::write_members(&mut out, members, info.output);
        let _ = write!(out, "</{wrapper}>");
    }
    let _ = write!(
        out,
        "<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{}Response>",
        xml::escape(request_id),
        info.name
    );
    out.into_bytes()
}

/// Reads an answer.
pub(crate) fn read_response(info: &'static OperationInfo, bytes: &[u8]) -> Result<Members, Refusal> {
    let root = Element::parse(bytes)?;
    match info.result_wrapper.and_then(|wrapper| root.child(wrapper)) {
        Some(result) => xml::read_members(result, info.output, 0),
        None => Ok(Members::of(info.output)),
    }
}

/// Writes a request's form.
pub(crate) fn write_request(info: &OperationInfo, members: &Members) -> Vec<u8> {
    let mut pairs = vec![
        ("Action".to_owned(), info.name.to_owned()),
        ("Version".to_owned(), info.service.version.to_owned()),
    ];
    write_members(&mut pairs, "", members, info.input);
    let encoded = pairs.iter().map(|(key, value)| {
        format!("{}={}", super::rest::encode(key, false), super::rest::encode(value, false))
    });
    encoded.collect::<Vec<_>>().join("&").into_bytes()
}

fn write_members(pairs: &mut Vec<(String, String)>, prefix: &str, members: &Members, shape: &StructShape) {
    for (member, value) in shape.members.iter().zip(&members.0) {
        if let Some(value) = value {
            write(pairs, format!("{prefix}{}", member.wire_name), value, member.shape);
        }
    }
}

fn write(pairs: &mut Vec<(String, String)>, name: String, value: &Value, shape: &Shape) {
    match (value, shape) {
        (Value::Structure(members), Shape::Structure(shape)) => {
            write_members(pairs, &format!("{name}."), members, shape)
        }
        (Value::List(items), Shape::List(_)) if items.is_empty() => pairs.push((name, String::new())),
        (Value::List(items), Shape::List(list)) => {
            let head = if list.flattened { name } else { format!("{name}.{}", list.member_name) };
            for (at, item) in items.iter().enumerate() {
                write(pairs, format!("{head}.{}", at + 1), item, list.member);
            }
        }
        (Value::Map(entries), Shape::Map(map)) => {
            let head = if map.flattened { name } else { format!("{name}.entry") };
            for (at, (key, value)) in entries.iter().enumerate() {
                pairs.push((format!("{head}.{}.{}", at + 1, map.key_name), key.clone()));
                write(pairs, format!("{head}.{}.{}", at + 1, map.value_name), value, map.value);
            }
        }
        (value, _) => pairs.push((name, text::write(value, TimestampFormat::Iso8601))),
    }
}
