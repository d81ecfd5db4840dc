//! JSON texts as AWS reads them: what is refused, is refused with the parser's own words (Jackson's,
//! which AWS passes on in its messages; recorded 2026-11).

use serde_json::Value;

/// How much of a text an error shows.
const SHOWN_CHARS_MAX: usize = 500;

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// What is wrong.
    pub message: String,
    /// The place: `[Source: (String)"…"; line: 1, column: 4]`.
    pub location: String,
}

/// Reads a JSON text.
pub fn read_json(text: &str) -> Result<Value, JsonError> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

fn explain(text: &str, error: &serde_json::Error) -> JsonError {
    let mut scan = Scan { text, at: 0 };
    let message = match scan.value() {
        Err(message) => message,
        // What serde refuses and this scan lets pass (a number out of range, say) keeps serde's words.
        Ok(()) => error.to_string(),
    };
    let (line, column) = scan.position();
    JsonError {
        message,
        location: format!("[Source: (String){}; line: {line}, column: {column}]", shown(text)),
    }
}

fn shown(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let rest = text.chars().count().saturating_sub(SHOWN_CHARS_MAX);
    if rest == 0 { format!("\"{shown}\"") } else { format!("\"{shown}\"[truncated {rest} chars]") }
}

/// Finds the first place where a text stops being JSON.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

const EXPECTED_VALUE: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl Scan<'_> {
    fn position(&self) -> (usize, usize) {
        let before = &self.text[..self.at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        (line, column)
    }

    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn take(&mut self, character: char) {
        self.at += character.len_utf8();
    }

    fn unexpected<T>(&mut self, found: Option<char>, expected: &str, within: &str) -> Result<T, String> {
        match found {
            None => Err(format!("Unexpected end-of-input{within}")),
            Some(character) => {
                self.take(character);
                Err(format!("Unexpected character ('{character}' (code {})): {expected}", character as u32))
            }
        }
    }

    fn value(&mut self) -> Result<(), String> {
        match self.peek() {
            None => Err("No content to map due to end-of-input".to_owned()),
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some('"') => self.string(),
            Some(digit) if digit == '-' || digit.is_ascii_digit() => {
                self.word(|c| c.is_ascii_digit() || "+-.eE".contains(c));
                Ok(())
            }
            Some(letter) if letter.is_alphabetic() || letter == '_' || letter == '$' => {
                let word = self.word(|c| c.is_alphanumeric() || c == '_' || c == '$').to_owned();
                match word.as_str() {
                    "null" | "true" | "false" => Ok(()),
                    _ => Err(format!("Unrecognized token '{word}': was expecting {EXPECTED_VALUE}")),
                }
            }
            other => {
                let expected = format!("expected a valid value {EXPECTED_VALUE}");
                self.unexpected(other, &expected, "")
            }
        }
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> &str {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn object(&mut self) -> Result<(), String> {
        self.take('{');
        if self.peek() == Some('}') {
            self.take('}');
            return Ok(());
        }
        loop {
            match self.peek() {
                Some('"') => self.string()?,
                other => {
                    let within = ": expected close marker for Object";
                    return self.unexpected(other, "was expecting double-quote to start field name", within);
                }
            }
            match self.peek() {
                Some(':') => self.take(':'),
                other => {
                    let expected = "was expecting a colon to separate field name and value";
                    return self.unexpected(other, expected, " within/between Object entries");
                }
            }
            self.value()?;
            match self.peek() {
                Some(',') => self.take(','),
                Some('}') => {
                    self.take('}');
                    return Ok(());
                }
                other => {
                    let expected = "was expecting comma to separate Object entries";
                    return self.unexpected(other, expected, ": expected close marker for Object");
                }
            }
        }
    }

    fn array(&mut self) -> Result<(), String> {
        self.take('[');
        if self.peek() == Some(']') {
            self.take(']');
            return Ok(());
        }
        loop {
            self.value()?;
            match self.peek() {
                Some(',') => self.take(','),
                Some(']') => {
                    self.take(']');
                    return Ok(());
                }
                other => {
                    let expected = "was expecting comma to separate Array entries";
                    return self.unexpected(other, expected, ": expected close marker for Array");
                }
            }
        }
    }

    fn string(&mut self) -> Result<(), String> {
        self.take('"');
        let mut escaped = false;
        for (offset, character) in self.text[self.at..].char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.at += offset + 1;
                    return Ok(());
                }
                control if (control as u32) < 0x20 => {
                    self.at += offset + 1;
                    return Err(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in string value",
                        control as u32
                    ));
                }
                _ => {}
            }
        }
        self.at = self.text.len();
        Err("Unexpected end-of-input: was expecting closing quote for a string value".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_words_aws_was_recorded_with() {
        let rows = [
            (
                "not a definition",
                "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
                "line: 1, column: 4]",
            ),
            (
                "{'not': 'json'",
                "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
                "line: 1, column: 3]",
            ),
            ("{\"a\" 1}", "Unexpected character ('1' (code 49)): was expecting a colon", "column: 7]"),
            ("[1, 2", "Unexpected end-of-input: expected close marker for Array", "column: 6]"),
        ];
        for (text, message, location) in rows {
            let error = read_json(text).unwrap_err();
            assert!(error.message.starts_with(message), "{text}: {}", error.message);
            assert!(error.location.ends_with(location), "{text}: {}", error.location);
        }
    }

    #[test]
    fn long_texts_are_shown_in_part() {
        let text = "x ".repeat(400);
        assert!(read_json(&text).unwrap_err().location.contains("[truncated 300 chars]"));
    }
}
