//! CloudFormation templates as text: YAML or JSON into one value, with a place for each part.
//!
//! Short-form tags (`!Ref`, `!Sub`) become their long form. Scalars keep their text where YAML 1.1
//! and CloudFormation differ: account ids and octal-looking numbers stay as they are written.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

/// The largest template body ("CloudFormation quotas", user guide).
pub const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 100;

/// The most parts a template may have, aliases counted each time they are used.
const PARTS_MAX: usize = 200_000;

/// Where something stands in the text; lines and columns begin at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A template that has been read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its value, short forms written out.
    pub value: Value,
    /// The place of every member and element, by its JSON pointer.
    pub places: BTreeMap<String, Place>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {}, column {})", place.line, place.column)]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Document {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            let message =
                format!("a template has at most {TEMPLATE_BYTES_MAX} bytes, this one has {}", text.len());
            return Err(TemplateError { message, place: Place { line: 1, column: 1 } });
        }
        let mut reader = Reader {
            parser: Parser::new_from_str(text),
            anchors: HashMap::new(),
            places: BTreeMap::new(),
            parts: 0,
        };
        let value = reader.document()?;
        Ok(Self { value, places: reader.places })
    }

    /// The place of the part at a JSON pointer, or of the nearest part around it.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return *place;
            }
            match pointer.rfind('/') {
                Some(at) => pointer = &pointer[..at],
                None => return Place { line: 1, column: 1 },
            }
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    places: BTreeMap<String, Place>,
    parts: usize,
}

fn place(span: Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

fn error<T>(message: impl Into<String>, place: Place) -> Result<T, TemplateError> {
    Err(TemplateError { message: message.into(), place })
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Place), TemplateError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, place(span))),
            Some(Err(scan)) => {
                let marker = scan.marker();
                error(scan.info().to_owned(), Place { line: marker.line(), column: marker.col() + 1 })
            }
            None => error("the text ends too early", Place { line: 1, column: 1 }),
        }
    }

    fn document(&mut self) -> Result<Value, TemplateError> {
        let mut value = None;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                _ if value.is_some() => return error("a template is one document, a second begins here", at),
                event => value = Some(self.value(event, at, "", 0)?),
            }
        }
        match value {
            Some(value @ Value::Object(_)) => Ok(value),
            _ => error("a template is an object with a Resources section", Place { line: 1, column: 1 }),
        }
    }

    fn value(
        &mut self,
        event: Event<'a>,
        at: Place,
        pointer: &str,
        depth: usize,
    ) -> Result<Value, TemplateError> {
        self.parts += 1;
        if depth > DEPTH_MAX || self.parts > PARTS_MAX {
            return error("the template is nested too deep or too large", at);
        }
        self.places.entry(pointer.to_owned()).or_insert(at);
        let (value, anchor, tag) = match event {
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                let value =
                    value.map_or_else(|| error("an alias of an anchor that is not complete", at), Ok)?;
                self.parts += count(&value);
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (if plain { scalar(&text) } else { Value::String(text.into_owned()) }, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                // Under a short form the elements stand one level deeper than they are written.
                let base = tag_pointer(tag.as_deref(), pointer);
                let mut items = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if event == Event::SequenceEnd {
                        break;
                    }
                    items.push(self.value(event, at, &format!("{base}/{}", items.len()), depth + 1)?);
                }
                (Value::Array(items), anchor, tag)
            }
            Event::MappingStart(anchor, tag) => {
                let base = tag_pointer(tag.as_deref(), pointer);
                (Value::Object(self.mapping(&base, depth)?), anchor, tag)
            }
            other => return error(format!("unexpected {other:?}"), at),
        };
        let value = match tag {
            Some(tag) => tagged(&tag, value, at)?,
            None => value,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn mapping(&mut self, pointer: &str, depth: usize) -> Result<Map<String, Value>, TemplateError> {
        let mut map = Map::new();
        let mut written: HashMap<String, Place> = HashMap::new();
        let mut merged = Vec::new();
        loop {
            let (event, at) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, _, _, _) => text.into_owned(),
                _ => return error("a key must be text", at),
            };
            if let Some(first) = written.insert(key.clone(), at) {
                return error(
                    format!(
                        "the key {key:?} stands here for the second time; the first is on line {}",
                        first.line
                    ),
                    at,
                );
            }
            let member = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.places.insert(member.clone(), at);
            let (event, at) = self.next()?;
            let value = self.value(event, at, &member, depth + 1)?;
            if key == "<<" {
                merged.push((value, at));
            } else {
                map.insert(key, value);
            }
        }
        for (value, at) in merged {
            let sources = match value {
                Value::Array(list) => list,
                one => vec![one],
            };
            for source in sources {
                let Value::Object(source) = source else { return error("<< merges mappings only", at) };
                for (key, value) in source {
                    map.entry(key).or_insert(value);
                }
            }
        }
        Ok(map)
    }
}

/// How many parts a value has.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// The pointer of what stands under a short form.
fn tag_pointer(tag: Option<&Tag>, pointer: &str) -> String {
    match tag.and_then(long_form) {
        Some(name) => format!("{pointer}/{name}"),
        None => pointer.to_owned(),
    }
}

/// The long form of a short form's tag.
fn long_form(tag: &Tag) -> Option<String> {
    (tag.handle == "!").then(|| match tag.suffix.as_str() {
        "Ref" | "Condition" => tag.suffix.clone(),
        name => format!("Fn::{name}"),
    })
}

fn tagged(tag: &Tag, value: Value, at: Place) -> Result<Value, TemplateError> {
    let Some(name) = long_form(tag) else {
        // `!!str` and its like; CloudFormation's values are text anyway.
        return Ok(match (tag.suffix.as_str(), value) {
            ("int" | "float" | "bool" | "null", Value::String(text)) => scalar(&text),
            (_, value) => value,
        });
    };
    let value = match (name.as_str(), value) {
        ("Fn::GetAtt", Value::String(text)) => match text.split_once('.') {
            Some((resource, attribute)) => Value::from(vec![resource, attribute]),
            None => {
                return error(
                    format!("!GetAtt {text} must name a resource and its attribute: Resource.Attribute"),
                    at,
                );
            }
        },
        (_, value) => value,
    };
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

/// A plain scalar's value. Numbers with leading zeros (account ids) stay text.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.trim_start_matches('-');
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit()) && !leading_zero;
    if numeric {
        if let Ok(number) = text.parse::<i64>() {
            return Value::Number(number.into());
        }
        let float = text.contains('.').then(|| text.parse::<f64>().ok()).flatten();
        if let Some(number) = float.and_then(Number::from_f64) {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_forms_and_odd_scalars_read_as_cloudformation_reads_them() {
        let text = "Resources:\n  A:\n    Type: T\n    Properties:\n      Account: 012345678901\n      Octal: 010\n      \
                    Yes: yes\n      Ref: !Ref B\n      Att: !GetAtt C.D.E\n      Sub: !Sub '${X}'\n      Join: !Join ['-', [a, !Ref b]]\n      \
                    Date: 2010-09-09\n      N: 5\n      F: 1.5\n      Quoted: \"5\"\n      T: true\n";
        let document = Document::parse(text).unwrap();
        let expected = json!({
            "Account": "012345678901", "Octal": "010", "Yes": "yes", "Ref": {"Ref": "B"},
            "Att": {"Fn::GetAtt": ["C", "D.E"]}, "Sub": {"Fn::Sub": "${X}"},
            "Join": {"Fn::Join": ["-", ["a", {"Ref": "b"}]]}, "Date": "2010-09-09", "N": 5, "F": 1.5,
            "Quoted": "5", "T": true,
        });
        assert_eq!(document.value["Resources"]["A"]["Properties"], expected);
        assert_eq!(document.place("/Resources/A/Properties/Octal"), Place { line: 6, column: 7 });
        assert_eq!(document.place("/Resources/A/Properties/None/x"), Place { line: 4, column: 5 });
    }

    #[test]
    fn json_is_a_template_too() {
        let document = Document::parse("{\"Resources\": {\"A\": {\"Type\": \"T\", \"n\": 1}}}").unwrap();
        assert_eq!(document.value["Resources"]["A"]["n"], 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let twice = Document::parse("Resources:\n  A: 1\n  A: 2\n").unwrap_err();
        assert_eq!((twice.place, twice.message.contains("line 2")), (Place { line: 3, column: 3 }, true));
        let indent = Document::parse("Resources:\n  A:\n    B: [1\n").unwrap_err();
        assert!(indent.place.line >= 3, "{indent}");
        assert!(Document::parse("- a\n").is_err());
        assert!(Document::parse("").is_err());
    }

    #[test]
    fn anchors_and_merges_are_written_out() {
        let text = "Base: &base {a: 1, b: 2}\nResources:\n  R:\n    <<: *base\n    b: 3\n";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.value["Resources"]["R"], json!({"b": 3, "a": 1}));
    }
}
