//! Filter patterns of CloudWatch Logs: which log events a caller wants.
//!
//! Three forms: terms (`ERROR -"not found"`, `?WARN ?ERROR`), JSON (`{ $.level = "ERROR" }`) and
//! fields between spaces (`[ip, user, status = 4*]`). As in "Filter pattern syntax", CloudWatch
//! Logs user guide (`FilterAndPatternSyntax.html`), read 2026-11.

mod compare;
mod cursor;
mod fields;
mod json;
mod terms;

use self::cursor::Cursor;
use self::fields::Fields;
use self::json::Condition;
use self::terms::Terms;

/// The longest pattern (`FilterPattern` in the API model).
pub const PATTERN_LENGTH_MAX: usize = 1_024;

/// A filter pattern, read.
///
/// ```
/// use updraft_lang::logs_pattern::Pattern;
/// let pattern: Pattern = r#"{ $.level = "ERROR" && $.n > 3 }"#.parse().unwrap();
/// assert!(pattern.matches(r#"{"level": "ERROR", "n": 4}"#));
/// assert!(!pattern.matches("ERROR 4"));
/// ```
#[derive(Debug)]
pub struct Pattern(Form);

#[derive(Debug)]
enum Form {
    Terms(Terms),
    Json(Condition),
    Fields(Fields),
}

/// Why a text is no filter pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl PatternError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().count() > PATTERN_LENGTH_MAX {
            return Err(PatternError::new(format!(
                "A filter pattern has at most {PATTERN_LENGTH_MAX} characters"
            )));
        }
        let mut cursor = Cursor::new(text);
        cursor.skip_space();
        let form = match cursor.peek() {
            Some('{') => Form::Json(json::parse(&mut cursor)?),
            Some('[') => Form::Fields(fields::parse(&mut cursor)?),
            _ => Form::Terms(terms::parse(&mut cursor)?),
        };
        cursor.skip_space();
        cursor.expect_end()?;
        Ok(Self(form))
    }
}

impl Pattern {
    /// Whether a log event's message is wanted.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Form::Terms(terms) => terms.matches(message),
            Form::Json(condition) => json::matches(condition, message),
            Form::Fields(fields) => fields.matches(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"level":"ERROR","n":4,"ok":true,"off":false,"nil":null,"code":"4xx",
        "user":{"id":7,"name":"jo"},"list":[{"k":"a"},{"k":"b"}],"a.b":1}"#;
    const LINE: &str =
        r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;

    #[test]
    fn events_are_matched_as_the_guide_says() {
        let cases: &[(&str, &str, bool)] = &[
            ("", "anything", true),
            ("  ", "anything", true),
            ("\" \"", "any thing", true),
            ("ERROR", "[ERROR 400] BAD", true),
            ("ERROR", "[error 400]", false),
            ("ERROR BAD", "[ERROR 400] BAD", true),
            ("ERROR GOOD", "[ERROR 400] BAD", false),
            ("?ERROR ?WARN", "WARN: low", true),
            ("?ERROR ?WARN", "INFO: fine", false),
            // Optional terms count for nothing beside others.
            ("INFO ?ERROR", "INFO: fine", true),
            ("ERROR -BAD", "ERROR GOOD", true),
            ("ERROR -BAD", "ERROR BAD", false),
            ("-ERROR", "fine", true),
            ("\"INTERNAL SERVER\"", "500 INTERNAL SERVER ERROR", true),
            ("\"INTERNAL SERVER\"", "SERVER INTERNAL", false),
            ("-\"not found\"", "x not found", false),
            (r#""say \"hi\"""#, r#"they say "hi""#, true),
            ("%ERR[0-9]+%", "ERR42", true),
            ("%ERR[0-9]+%", "ERRx", false),
            (r#"{ $.level = "ERROR" }"#, JSON, true),
            (r#"{ $.level = "ERR*" }"#, JSON, true),
            (r#"{$.level="WARN"}"#, JSON, false),
            (r#"{ $.level != "WARN" }"#, JSON, true),
            (r#"{ $.none != "WARN" }"#, JSON, false),
            ("{ $.n = 4 }", JSON, true),
            ("{ $.n > 3 && $.n <= 4.0 }", JSON, true),
            ("{ $.n < 4 || $.n >= 4e0 }", JSON, true),
            ("{ ($.n = 1 || $.n = 4) && $.user.id = 7 }", JSON, true),
            ("{ $.n = 1 || $.n = 4 && $.user.id = 8 }", JSON, false),
            (r#"{ $.user.name = "j*" }"#, JSON, true),
            (r#"{ $.list[1].k = "b" }"#, JSON, true),
            (r#"{ $.list[0].k = "b" }"#, JSON, false),
            (r#"{ $.list[*].k = "b" }"#, JSON, true),
            (r#"{ $.['a.b'] = 1 }"#, JSON, true),
            ("{ $.ok IS TRUE }", JSON, true),
            ("{ $.off IS TRUE }", JSON, false),
            ("{ $.off IS FALSE }", JSON, true),
            ("{ $.nil IS NULL }", JSON, true),
            ("{ $.n IS NULL }", JSON, false),
            ("{ $.none NOT EXISTS }", JSON, true),
            ("{ $.nil NOT EXISTS }", JSON, false),
            ("{ $.code = %4x+% }", JSON, true),
            ("{ $.level = * }", JSON, true),
            ("{ $.level = \"ERROR\" }", "ERROR", false),
            ("[ip, id, user, time, request, status, bytes]", LINE, true),
            ("[ip, id, user]", LINE, false),
            ("[ip, id, user, time, request = *.html*, status = 4*, bytes]", LINE, true),
            ("[ip, id, user, time, request, status = 5*, bytes]", LINE, false),
            ("[..., status = 404 || status = 410, bytes > 1000]", LINE, true),
            ("[..., status != 404, bytes]", LINE, false),
            ("[ip = %127\\.0%, ...]", LINE, true),
            ("[w1 = ERROR, w2]", "ERROR there", true),
            ("[w1 != ERROR && w1 != WARN, ...]", "INFO there and more", true),
        ];
        for (pattern, message, wanted) in cases {
            let read: Pattern = pattern.parse().unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(read.matches(message), *wanted, "{pattern} on {message}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            "a:b",
            "\"open",
            "{ $.a }",
            "{ $.a = }",
            "{ $.a = 1",
            "{ $.a = 1 } x",
            "{ a = 1 }",
            "{ $.a > \"x\" }",
            "{ ($.a = 1 }",
            "[a, b",
            "[a, ..., b, ...]",
            "[a = 1, b = 2 || c = 3]",
            "%(a)%",
            "%[%",
            "?",
            "-",
        ] {
            assert!(pattern.parse::<Pattern>().is_err(), "{pattern}");
        }
        assert_eq!("a:b".parse::<Pattern>().unwrap_err().to_string(), "Invalid character(s) in term 'a:b'");
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(200), ")".repeat(200));
        assert!(deep.parse::<Pattern>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(pattern in "[\\[\\]{}$.=<>!&|?%\"*, a-c0-2()-]{0,24}", message in "\\PC{0,24}") {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                let _ = pattern.matches(&message);
            }
        }
    }
}
