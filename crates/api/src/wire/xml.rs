//! XML: restXml's bodies and awsQuery's answers.

use std::fmt::Write as _;

use quick_xml::events::Event;

use super::{DEPTH_MAX, in_body, text};
use crate::Refusal;
use crate::shape::{Member, Shape, StructShape, TimestampFormat};
use crate::value::{Members, Value};

/// An element with what stands in it; names without their prefix.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

/// The most elements a document may have.
const ELEMENTS_MAX: usize = 200_000;

impl Element {
    /// Reads a document's root. Entities other than XML's own, and document types, are refused.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut reader = quick_xml::Reader::from_reader(bytes);
        let mut open: Vec<Self> = vec![Self::default()];
        let mut count = 0;
        loop {
            match reader.read_event().map_err(|_| malformed())? {
                Event::Start(tag) => {
                    count += 1;
                    if open.len() > DEPTH_MAX || count > ELEMENTS_MAX {
                        return Err(malformed());
                    }
                    open.push(Self::begin(&tag)?);
                }
                Event::Empty(tag) => {
                    count += 1;
                    let element = Self::begin(&tag)?;
                    open.last_mut().ok_or_else(malformed)?.children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().ok_or_else(malformed)?;
                    open.last_mut().ok_or_else(malformed)?.children.push(element);
                }
                Event::Text(piece) => {
                    open.last_mut().ok_or_else(malformed)?.text.push_str(&piece);
                }
                Event::GeneralRef(reference) => {
                    let piece = if let Some(c) = reference.resolve_char_ref().map_err(|_| malformed())? {
                        c
                    } else {
                        match &*reference {
                            "amp" => '&',
                            "lt" => '<',
                            "gt" => '>',
                            "quot" => '"',
                            "apos" => '\'',
                            _ => return Err(malformed()),
                        }
                    };
                    open.last_mut().ok_or_else(malformed)?.text.push(piece);
                }
                Event::CData(piece) => {
                    open.last_mut().ok_or_else(malformed)?.text.push_str(&piece);
                }
                Event::DocType(_) => return Err(malformed()),
                Event::Eof => break,
                _ => {}
            }
        }
        let mut document = open.pop().filter(|_| open.is_empty()).ok_or_else(malformed)?;
        if document.children.len() == 1 {
            document.children.pop().ok_or_else(malformed)
        } else {
            Err(malformed())
        }
    }

    fn begin(tag: &quick_xml::events::BytesStart<'_>) -> Result<Self, Refusal> {
        let name = tag.local_name().into_inner().to_owned();
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| malformed())?;
            let key = attribute.key.into_inner().to_owned();
            let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| malformed())?.into_owned();
            attributes.push((key, value));
        }
        Ok(Self { name, attributes, ..Self::default() })
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

fn malformed() -> Refusal {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    Refusal::new("MalformedXML", 400, message)
}

/// Text with XML's own characters written as entities.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            // What XML 1.0 cannot carry at all.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Reads the members of a structure from an element's children and attributes.
pub(crate) fn read_members(
    element: &Element,
    shape: &'static StructShape,
    depth: usize,
) -> Result<Members, Refusal> {
    if depth > DEPTH_MAX {
        return Err(malformed());
    }
    let mut members = Members::of(shape);
    for (at, member) in shape.members.iter().enumerate().filter(|(_, m)| in_body(m.location)) {
        if let Some(value) = read_member(element, member, depth)? {
            members.set(at, value);
        }
    }
    Ok(members)
}

fn read_member(parent: &Element, member: &'static Member, depth: usize) -> Result<Option<Value>, Refusal> {
    let name = member.wire_name;
    if member.xml_attribute {
        let own = name.rsplit(':').next().unwrap_or(name);
        let found =
            parent.attributes.iter().find(|(key, _)| key == name || key.rsplit(':').next() == Some(own));
        return Ok(found.and_then(|(_, value)| text::read(value, member.shape)));
    }
    match member.shape {
        Shape::List(list) if list.flattened => {
            let items = parent.children.iter().filter(|child| child.name == name);
            let items: Vec<_> =
                items.map(|item| read(item, list.member, depth + 1)).collect::<Result<_, _>>()?;
            Ok((!items.is_empty()).then_some(Value::List(items)))
        }
        Shape::Map(map) if map.flattened => {
            let entries = parent.children.iter().filter(|child| child.name == name);
            let entries: Vec<_> =
                entries.map(|entry| read_entry(entry, map, depth)).collect::<Result<_, _>>()?;
            Ok((!entries.is_empty()).then_some(Value::Map(entries)))
        }
        shape => parent.child(name).map(|child| read(child, shape, depth + 1)).transpose(),
    }
}

fn read_entry(
    entry: &Element,
    map: &'static crate::shape::MapShape,
    depth: usize,
) -> Result<(String, Value), Refusal> {
    let key = entry.child(map.key_name).ok_or_else(malformed)?.text.clone();
    let value = read(entry.child(map.value_name).ok_or_else(malformed)?, map.value, depth + 1)?;
    Ok((key, value))
}

/// Reads a value from its element.
pub(crate) fn read(element: &Element, shape: &'static Shape, depth: usize) -> Result<Value, Refusal> {
    match shape {
        Shape::Structure(shape) => Ok(Value::Structure(read_members(element, shape, depth + 1)?)),
        Shape::List(list) => {
            let items = element.children.iter().filter(|child| child.name == list.member_name);
            Ok(Value::List(items.map(|item| read(item, list.member, depth + 1)).collect::<Result<_, _>>()?))
        }
        Shape::Map(map) => {
            let entries = element.children.iter().filter(|child| child.name == "entry");
            Ok(Value::Map(entries.map(|entry| read_entry(entry, map, depth)).collect::<Result<_, _>>()?))
        }
        scalar => text::read(&element.text, scalar).ok_or_else(malformed),
    }
}

/// Writes the members of a structure as child elements.
pub(crate) fn write_members(out: &mut String, members: &Members, shape: &StructShape) {
    for (member, value) in shape.members.iter().zip(&members.0) {
        if let Some(value) = value
            && in_body(member.location)
            && !member.xml_attribute
        {
            write_member(out, member, value);
        }
    }
}

fn write_member(out: &mut String, member: &Member, value: &Value) {
    match (value, member.shape) {
        (Value::List(items), Shape::List(list)) if list.flattened => {
            for item in items {
                write(out, member.wire_name, item, list.member, member);
            }
        }
        (Value::Map(entries), Shape::Map(map)) if map.flattened => {
            for (key, value) in entries {
                write_entry(out, member.wire_name, key, value, map, member);
            }
        }
        (value, shape) => write(out, member.wire_name, value, shape, member),
    }
}

fn write_entry(
    out: &mut String,
    name: &str,
    key: &str,
    value: &Value,
    map: &crate::shape::MapShape,
    member: &Member,
) {
    let _ = write!(out, "<{name}><{0}>{1}</{0}>", map.key_name, escape(key));
    write(out, map.value_name, value, map.value, member);
    let _ = write!(out, "</{name}>");
}

/// Writes a value as an element of that name.
pub(crate) fn write(out: &mut String, name: &str, value: &Value, shape: &Shape, member: &Member) {
    let _ = write!(out, "<{name}");
    if let (Value::Structure(members), Shape::Structure(shape)) = (value, shape) {
        if let Some((prefix, uri)) = member.xml_namespace {
            let _ = write!(out, " xmlns:{prefix}=\"{uri}\"");
        }
        for (member, value) in shape.members.iter().zip(&members.0).filter(|(member, _)| member.xml_attribute)
        {
            if let Some(value) = value {
                let _ = write!(
                    out,
                    " {}=\"{}\"",
                    member.wire_name,
                    escape(&text::write(value, TimestampFormat::Iso8601))
                );
            }
        }
    }
    out.push('>');
    match (value, shape) {
        (Value::Structure(members), Shape::Structure(shape)) => write_members(out, members, shape),
        (Value::List(items), Shape::List(list)) => {
            for item in items {
                write(out, list.member_name, item, list.member, member);
            }
        }
        (Value::Map(entries), Shape::Map(map)) => {
            for (key, value) in entries {
                write_entry(out, "entry", key, value, map, member);
            }
        }
        (value, shape) => {
            let own = if let Shape::Timestamp(own) = shape { *own } else { None };
            let format = member.timestamp.or(own).unwrap_or(TimestampFormat::Iso8601);
            out.push_str(&escape(&text::write(value, format)));
        }
    }
    let _ = write!(out, "</{name}>");
}
