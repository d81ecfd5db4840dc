//! Conditions on reads and writes (RFC 9110 §13; "Conditional requests", Amazon S3 user guide).

use updraft_api::Refusal;
use updraft_types::Timestamp;

use super::model::{Found, Object};
use super::refusals;

/// The conditions of a read, or of a copy's source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReadConditions<'a> {
    pub(crate) if_match: Option<&'a str>,
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

/// Which condition of a read does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// Answered with 412, naming the condition.
    Precondition(&'static str),
    /// Answered with 304.
    NotModified,
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Precondition(condition) => refusals::precondition_failed(condition),
            Failed::NotModified => refusals::not_modified(),
        }
    }
}

impl ReadConditions<'_> {
    /// Whether the object may be read. A match by tag outweighs the times, as the RFC orders them.
    pub(crate) fn check(&self, object: &Object) -> Result<(), Failed> {
        // HTTP dates have whole seconds, so what they are compared with has to as well.
        let modified = object.modified.secs();
        match (self.if_match, self.if_unmodified_since) {
            (Some(tags), _) if !matches(tags, &object.etag) => return Err(Failed::Precondition("If-Match")),
            (None, Some(since)) if modified > since.secs() => {
                return Err(Failed::Precondition("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(tags), _) if matches(tags, &object.etag) => Err(Failed::NotModified),
            (None, Some(since)) if modified <= since.secs() => Err(Failed::NotModified),
            _ => Ok(()),
        }
    }
}

/// Whether a write may replace what is there.
pub(crate) fn check_write(
    if_match: Option<&str>,
    if_none_match: Option<&str>,
    key: &str,
    current: Option<&Found>,
) -> Result<(), Refusal> {
    let object = match current {
        Some(Found::Object(object)) => Some(object),
        Some(Found::DeleteMarker { .. }) | None => None,
    };
    match if_none_match.map(str::trim) {
        None => {}
        Some("*") if object.is_none() => {}
        Some("*") => return Err(refusals::precondition_failed("If-None-Match")),
        Some(_) => {
            return Err(refusals::not_implemented("If-None-Match with a value other than *"));
        }
    }
    match (if_match, object) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(refusals::no_such_key(key)),
        (Some(tags), Some(object)) if matches(tags, &object.etag) => Ok(()),
        (Some(_), Some(_)) => Err(refusals::precondition_failed("If-Match")),
    }
}

/// Whether a list of entity tags, with or without quotes, holds the tag; `*` holds every one.
pub(crate) fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_with_and_without_quotes() {
        for (tags, expected) in
            [("\"abc\"", true), ("abc", true), ("*", true), ("\"x\", \"abc\"", true), ("\"abcd\"", false)]
        {
            assert_eq!(matches(tags, "abc"), expected, "{tags}");
        }
    }
}
