//! Patterns of fields between spaces: `[ip, ..., status = 4* || status = 5*, bytes]`.

use super::PatternError;
use super::compare::Test;
use super::cursor::Cursor;

/// The fields of a line, in order.
#[derive(Debug)]
pub(super) struct Fields {
    /// Before the ellipsis, or all of them.
    first: Vec<Field>,
    /// After the ellipsis, if there is one.
    last: Option<Vec<Field>>,
}

/// Alternatives, each a list of tests that must all hold. None for a field that may be anything.
type Field = Vec<Vec<Test>>;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Fields, PatternError> {
    cursor.expect("[")?;
    let mut fields = Fields { first: Vec::new(), last: None };
    loop {
        cursor.skip_space();
        if cursor.take("...") {
            if fields.last.is_some() {
                return Err(PatternError::new("Invalid filter pattern: there can be only one '...'"));
            }
            fields.last = Some(Vec::new());
        } else {
            let field = field(cursor)?;
            fields.last.as_mut().unwrap_or(&mut fields.first).push(field);
        }
        cursor.skip_space();
        if !cursor.take(",") {
            cursor.expect("]")?;
            return Ok(fields);
        }
    }
}

fn field(cursor: &mut Cursor<'_>) -> Result<Field, PatternError> {
    let name = name(cursor)?;
    cursor.skip_space();
    if matches!(cursor.peek(), Some(',' | ']')) {
        return Ok(Vec::new());
    }
    let mut field = vec![vec![Test::parse(cursor, ",]&|")?]];
    loop {
        cursor.skip_space();
        let or = cursor.take("||");
        if !or && !cursor.take("&&") {
            return Ok(field);
        }
        let again = self::name(cursor)?;
        if again != name {
            return Err(PatternError::new(format!(
                "Invalid filter pattern: the conditions of field '{name}' cannot name '{again}'"
            )));
        }
        let test = Test::parse(cursor, ",]&|")?;
        match field.last_mut() {
            Some(all) if !or => all.push(test),
            _ => field.push(vec![test]),
        }
    }
}

fn name<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, PatternError> {
    cursor.skip_space();
    let name = cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if name.is_empty() { Err(cursor.unexpected("a field's name")) } else { Ok(name) }
}

impl Fields {
    pub(super) fn matches(&self, message: &str) -> bool {
        let found = split(message);
        let count = self.first.len() + self.last.as_ref().map_or(0, Vec::len);
        if found.len() < count || (self.last.is_none() && found.len() != count) {
            return false;
        }
        let last = self.last.as_deref().unwrap_or_default();
        let pairs = self.first.iter().zip(&found).chain(last.iter().rev().zip(found.iter().rev()));
        pairs.into_iter().all(|(field, text)| {
            field.is_empty() || field.iter().any(|tests| tests.iter().all(|test| test.text(text)))
        })
    }
}

/// The fields of a line. What stands between brackets or quotes is one field (same guide).
fn split(line: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let closed = close.and_then(|close| Some((close, rest[1..].find(close)? + 1)));
        let (field, tail) = match closed {
            Some((_, end)) => (&rest[1..end], &rest[end + 1..]),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        fields.push(field);
        rest = tail.trim_start();
    }
    fields
}
