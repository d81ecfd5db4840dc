//! A YAML document as a tree that remembers where everything stood.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

/// How deep `updraft.yaml` may be nested; the schema needs six.
const DEPTH_MAX: usize = 32;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    pub place: At,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct At {
    pub line: usize,
    pub column: usize,
    pub chars: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A scalar's text; plain when it was not quoted, so that `null` and `"null"` differ.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub text: String,
    pub place: At,
}

/// Why a text is no tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeError {
    pub message: String,
    pub place: At,
}

impl Node {
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }
}

/// Reads the first document of a text; an empty text is an empty mapping.
pub fn parse(text: &str) -> Result<Node, TreeError> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Ok(Node { value: Value::Mapping(Vec::new()), place: At::from(span) });
            }
            other => return reader.node(other, span, 0),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), TreeError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(error.into()),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, TreeError> {
        let place = At::from(span);
        if depth > DEPTH_MAX {
            return Err(TreeError { message: format!("nested more than {DEPTH_MAX} deep"), place });
        }
        let value = match event {
            Event::Scalar(text, style, _, _) => {
                Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => self.sequence(depth)?,
            Event::MappingStart(..) => self.mapping(depth)?,
            Event::Alias(_) => {
                return Err(TreeError { message: "anchors and aliases are not read here".into(), place });
            }
            _ => return Err(TreeError { message: "the document ends too early".into(), place }),
        };
        Ok(Node { value, place })
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, TreeError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Sequence(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, TreeError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let text = match event {
                Event::MappingEnd => return Ok(Value::Mapping(entries)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(TreeError { message: "a key is a plain word".into(), place: span.into() }),
            };
            let key = Key { text, place: span.into() };
            if entries.iter().any(|(other, _)| other.text == key.text) {
                return Err(TreeError {
                    message: format!("`{}` stands here twice", key.text),
                    place: key.place,
                });
            }
            let (event, span) = self.next()?;
            entries.push((key, self.node(event, span, depth + 1)?));
        }
    }
}

impl From<Span> for At {
    fn from(span: Span) -> Self {
        Self {
            line: span.start.line(),
            column: span.start.col() + 1,
            chars: span.start.index()..span.end.index().max(span.start.index() + 1),
        }
    }
}

impl From<ScanError> for TreeError {
    fn from(error: ScanError) -> Self {
        let marker = *error.marker();
        Self { message: error.info().to_owned(), place: Span::empty(marker).into() }
    }
}
