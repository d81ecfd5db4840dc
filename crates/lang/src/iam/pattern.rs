//! Texts in policies: wildcards, and variables that stand for condition keys.

use super::Context;

/// A text of a policy, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Char(char),
    Any,
    Star,
    Variable { key: String, default: Option<String> },
}

/// A pattern with its variables replaced: only wildcards and characters are left.
pub(super) struct Resolved(Vec<Piece>);

impl Pattern {
    /// Reads a text; variables only where the policy's version has them.
    pub(super) fn new(source: &str, variables: bool) -> Self {
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some(first) = rest.chars().next() {
            if variables && let Some((piece, after)) = variable(rest) {
                pieces.push(piece);
                rest = after;
                continue;
            }
            pieces.push(match first {
                '*' => Piece::Star,
                '?' => Piece::Any,
                other => Piece::Char(other),
            });
            rest = &rest[first.len_utf8()..];
        }
        Self { source: source.to_owned(), pieces }
    }

    /// The text as the policy has it.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Replaces the variables; none if one has neither a value nor a default. What a variable stands
    /// for has no wildcards.
    pub(super) fn resolve(&self, context: &Context) -> Option<Resolved> {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Variable { key, default } => {
                    let value = context.single(key).or(default.as_deref())?;
                    pieces.extend(value.chars().map(Piece::Char));
                }
                other => pieces.push(other.clone()),
            }
        }
        Some(Resolved(pieces))
    }

    /// Whether the text matches, wildcards and variables included.
    pub(super) fn matches(&self, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|resolved| resolved.matches(text))
    }
}

impl Resolved {
    /// Whether the text matches with wildcards.
    pub(super) fn matches(&self, text: &str) -> bool {
        matches(&self.0, text, |a, b| a == b)
    }

    /// Whether the text matches with wildcards, in any case.
    pub(super) fn matches_any_case(&self, text: &str) -> bool {
        matches(&self.0, text, |a, b| a.to_lowercase().eq(b.to_lowercase()))
    }

    /// The text, its wildcards meant literally.
    pub(super) fn literal(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Char(c) => *c,
                Piece::Any => '?',
                Piece::Star | Piece::Variable { .. } => '*',
            })
            .collect()
    }

    /// Whether an ARN matches part by part: a wildcard does not cross the first five colons.
    ///
    /// IAM User Guide, "ARN condition operators": "Each of the six colon-delimited components of the
    /// ARN is checked separately", read 2026-11.
    pub(super) fn matches_arn(&self, arn: &str) -> bool {
        let patterns: Vec<_> = self.0.splitn(6, |piece| *piece == Piece::Char(':')).collect();
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        patterns.len() == parts.len()
            && patterns.iter().zip(&parts).all(|(pattern, part)| matches(pattern, part, |a, b| a == b))
    }
}

/// `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`.
///
/// IAM User Guide, "IAM policy elements: Variables and tags", read 2026-11.
fn variable(text: &str) -> Option<(Piece, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let piece = match inside {
        "*" | "?" | "$" => Piece::Char(inside.chars().next()?),
        _ => match inside.split_once(',') {
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Piece::Variable { key: key.trim().to_owned(), default: Some(default.to_owned()) }
            }
            None => Piece::Variable { key: inside.trim().to_owned(), default: None },
        },
    };
    Some((piece, after))
}

/// Matches without recursion: on a mismatch the last star takes one character more.
fn matches(pattern: &[Piece], text: &str, same: fn(char, char) -> bool) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece::Star) => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(Piece::Any) => {
                p += 1;
                t += 1;
                continue;
            }
            Some(Piece::Char(c)) if same(*c, text[t]) => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        let Some((at, taken)) = star else { return false };
        star = Some((at, taken + 1));
        p = at + 1;
        t = taken + 1;
    }
    pattern[p..].iter().all(|piece| *piece == Piece::Star)
}

/// Whether a text matches a pattern of `*` and `?`, with regard to case.
#[must_use]
pub fn matches_wildcards(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern, false).matches(text, &Context::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match() {
        for (pattern, text, matched) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true),
            ("A", "a", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches_wildcards(pattern, text), matched, "{pattern} {text}");
        }
        let long = "a".repeat(2_000);
        assert!(!matches_wildcards(&"*a".repeat(200), &format!("{long}b")));
    }

    #[test]
    fn variables_stand_for_keys_and_never_for_wildcards() {
        let mut context = Context::new();
        context.set("aws:username", "ann");
        context.set("aws:PrincipalTag/team", "*");
        context.set_all("many", ["a".to_owned(), "b".to_owned()]);
        for (pattern, text, matched) in [
            ("home/${aws:username}/*", "home/ann/x", true),
            ("home/${AWS:USERNAME}/*", "home/ann/x", true),
            ("home/${aws:username}/*", "home/bob/x", false),
            ("${aws:PrincipalTag/team}", "*", true),
            ("${aws:PrincipalTag/team}", "red", false),
            ("${missing}", "", false),
            ("${many}", "a", false),
            ("${missing, 'd'}", "d", true),
            ("${aws:username, 'd'}", "d", false),
            ("a${*}b${?}c${$}", "a*b?c$", true),
            ("a${*}b", "axb", false),
            ("${unclosed", "${unclosed", true),
        ] {
            assert_eq!(Pattern::new(pattern, true).matches(text, &context), matched, "{pattern} {text}");
        }
        assert!(Pattern::new("${aws:username}", false).matches("${aws:username}", &context));
    }

    #[test]
    fn arns_match_part_by_part() {
        let matches = |pattern: &str, arn: &str| {
            Pattern::new(pattern, true).resolve(&Context::new()).is_some_and(|p| p.matches_arn(arn))
        };
        assert!(matches("arn:aws:sns:*:123456789012:*", "arn:aws:sns:us-east-1:123456789012:a:b"));
        assert!(!matches("arn:aws:sns:*:t", "arn:aws:sns:us-east-1:123456789012:t"));
        assert!(matches("arn:*:lambda:*:*:function:a?", "arn:aws:lambda:us-east-1:1:function:ab"));
    }
}
