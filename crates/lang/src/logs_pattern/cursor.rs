//! A place in a pattern's text.

use super::PatternError;

/// A place in a text, moving on as it is read.
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token` if it stands here.
    pub(super) fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes `token` after any space, or says that it is missing.
    pub(super) fn expect(&mut self, token: &str) -> Result<(), PatternError> {
        self.skip_space();
        if self.take(token) { Ok(()) } else { Err(self.unexpected(&format!("'{token}'"))) }
    }

    pub(super) fn expect_end(&self) -> Result<(), PatternError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    /// Takes characters while `wanted` holds.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes what stands between two `quote`s, of which the first stands here; a backslash before
    /// a quote or a backslash is dropped.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String, PatternError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((index, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[index + c.len_utf8()..];
                return Ok(text);
            }
            match c {
                '\\' if quote == '"' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(PatternError::new(format!("Invalid filter pattern: a {quote} is not closed")))
    }

    pub(super) fn unexpected(&self, wanted: &str) -> PatternError {
        let found = match self.peek() {
            Some(c) => format!("'{c}'"),
            None => "the end".to_owned(),
        };
        PatternError::new(format!("Invalid filter pattern: expected {wanted}, found {found}"))
    }
}
