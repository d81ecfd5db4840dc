//! Patterns of terms: words and phrases that a message holds, or does not.

use regex::Regex;

use super::cursor::Cursor;
use super::{PatternError, compare};

/// Terms of a pattern by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Terms {
    required: Vec<Term>,
    optional: Vec<Term>,
    excluded: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(message),
        }
    }
}

impl Terms {
    pub(super) fn matches(&self, message: &str) -> bool {
        let is_in = |term: &Term| term.is_in(message);
        // Beside other terms, optional ones are ignored (same guide, "Match terms").
        let alone = self.required.is_empty() && self.excluded.is_empty();
        self.required.iter().all(is_in)
            && !self.excluded.iter().any(is_in)
            && (!alone || self.optional.is_empty() || self.optional.iter().any(is_in))
    }
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Terms, PatternError> {
    let mut terms = Terms::default();
    loop {
        cursor.skip_space();
        if cursor.peek().is_none() {
            return Ok(terms);
        }
        let list = if cursor.take("?") {
            &mut terms.optional
        } else if cursor.take("-") {
            &mut terms.excluded
        } else {
            &mut terms.required
        };
        list.extend(term(cursor)?);
    }
}

/// A term; none for a phrase of nothing but spaces, which asks for nothing.
fn term(cursor: &mut Cursor<'_>) -> Result<Option<Term>, PatternError> {
    match cursor.peek() {
        Some('"') => {
            let text = cursor.quoted('"')?;
            Ok((!text.trim().is_empty()).then_some(Term::Text(text)))
        }
        Some('%') => Ok(Some(Term::Regex(compare::regex(&cursor.quoted('%')?)?))),
        _ => {
            let text = cursor.take_while(|c| !c.is_whitespace());
            if text.is_empty() {
                return Err(cursor.unexpected("a term"));
            }
            // Anything but letters, digits and underscores has to be quoted (same guide).
            if !text.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(PatternError::new(format!("Invalid character(s) in term '{text}'")));
            }
            Ok(Some(Term::Text(text.to_owned())))
        }
    }
}
