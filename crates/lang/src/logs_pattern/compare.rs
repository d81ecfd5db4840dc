//! Comparisons of one value with one operand, in JSON and field patterns alike.

use regex::{Regex, RegexBuilder};

use super::PatternError;
use super::cursor::Cursor;

/// A compiled regular expression takes at most so many bytes.
const REGEX_BYTES_MAX: usize = 64 << 10;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a value is compared with.
#[derive(Debug)]
pub(super) enum Operand {
    Number(f64),
    /// A text in which `*` stands for any characters.
    Glob(String),
    Regex(Regex),
}

/// A comparison and its operand.
#[derive(Debug)]
pub(super) struct Test {
    comparison: Comparison,
    operand: Operand,
}

impl Test {
    /// Reads a comparison and its operand; an unquoted operand ends before a character of `ends`.
    pub(super) fn parse(cursor: &mut Cursor<'_>, ends: &str) -> Result<Self, PatternError> {
        cursor.skip_space();
        let comparison = [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ]
        .into_iter()
        .find_map(|(token, comparison)| cursor.take(token).then_some(comparison))
        .ok_or_else(|| cursor.unexpected("a comparison"))?;
        cursor.skip_space();
        let operand = Operand::parse(cursor, ends)?;
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if ordered && !matches!(operand, Operand::Number(_)) {
            return Err(PatternError::new("Invalid filter pattern: only numbers can be compared by size"));
        }
        Ok(Self { comparison, operand })
    }

    /// Whether a text passes, read as a number where the operand is one.
    pub(super) fn text(&self, text: &str) -> bool {
        match &self.operand {
            Operand::Number(wanted) => match text.parse() {
                Ok(number) => self.number_is(number, *wanted),
                Err(_) => self.comparison == Comparison::NotEqual,
            },
            operand => self.equality(operand.matches(text)),
        }
    }

    /// Whether a number passes, taken as its text where the operand is one.
    pub(super) fn number(&self, number: f64, text: &str) -> bool {
        match &self.operand {
            Operand::Number(wanted) => self.number_is(number, *wanted),
            operand => self.equality(operand.matches(text)),
        }
    }

    /// Whether a text passes that is never to be taken for a number.
    pub(super) fn plain_text(&self, text: &str) -> bool {
        self.equality(self.operand.matches(text))
    }

    fn number_is(&self, number: f64, wanted: f64) -> bool {
        match self.comparison {
            Comparison::Equal => number == wanted,
            Comparison::NotEqual => number != wanted,
            Comparison::Less => number < wanted,
            Comparison::LessOrEqual => number <= wanted,
            Comparison::Greater => number > wanted,
            Comparison::GreaterOrEqual => number >= wanted,
        }
    }

    fn equality(&self, equal: bool) -> bool {
        match self.comparison {
            Comparison::Equal => equal,
            Comparison::NotEqual => !equal,
            _ => false,
        }
    }
}

impl Operand {
    fn parse(cursor: &mut Cursor<'_>, ends: &str) -> Result<Self, PatternError> {
        match cursor.peek() {
            Some('"') => Ok(Self::Glob(cursor.quoted('"')?)),
            Some('%') => Ok(Self::Regex(regex(&cursor.quoted('%')?)?)),
            _ => {
                let text = cursor.take_while(|c| !c.is_whitespace() && !ends.contains(c));
                if text.is_empty() {
                    return Err(cursor.unexpected("a value"));
                }
                Ok(text.parse().map_or_else(|_| Self::Glob(text.to_owned()), Self::Number))
            }
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Number(_) => false,
            Self::Glob(glob) => glob_matches(glob, text),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Reads a regular expression. Groups and characters beyond ASCII are not supported by AWS either.
pub(super) fn regex(text: &str) -> Result<Regex, PatternError> {
    if !text.is_ascii() || text.contains(['(', ')']) {
        return Err(PatternError::new(format!(
            "Invalid filter pattern: unsupported character in regex '{text}'"
        )));
    }
    let built = RegexBuilder::new(text).size_limit(REGEX_BYTES_MAX).build();
    built.map_err(|_| PatternError::new(format!("Invalid filter pattern: malformed regex '{text}'")))
}

/// Whether a text is what a glob describes, in which `*` stands for any characters.
fn glob_matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
