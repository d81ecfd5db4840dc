//! Walking a bucket's keys in order, with prefix, delimiter and a bound: the one walk behind every
//! listing.

use std::ops::ControlFlow;

use updraft_api::Refusal;
use updraft_api::s3::{CommonPrefix, EncodingType};
use updraft_kernel::{Read, Record, Result, Table};

use super::refusals;

/// A listing never holds more ("ListObjectsV2", Amazon S3 API reference).
pub(crate) const KEYS_MAX: usize = 1_000;

/// What a listing asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// Only what sorts past this: a key, or a common prefix with all its keys.
    pub(crate) after: Option<&'a str>,
    pub(crate) keys_max: usize,
}

/// What a walk found: entries and common prefixes, in order of their names.
#[derive(Debug)]
pub(crate) struct Walked<V> {
    pub(crate) entries: Vec<(String, V)>,
    pub(crate) prefixes: Vec<String>,
    /// The last name given, where more follow.
    pub(crate) next: Option<String>,
}

/// What stands at one place of the walk.
enum Step<V> {
    Entry(String, V),
    Prefix(String),
}

/// Walks a table whose key is (bucket, key).
pub(crate) fn walk<V: Record>(
    read: &(impl Read + ?Sized),
    table: &Table<(String, String), V>,
    listing: &Listing<'_>,
) -> Result<Walked<V>> {
    let mut walked = Walked { entries: Vec::new(), prefixes: Vec::new(), next: None };
    let bucket = listing.bucket.to_owned();
    let first = listing.after.unwrap_or_default().max(listing.prefix).to_owned();
    let mut scan = Some(table.starting_at(&bucket, &(bucket.clone(), first)));
    // A marker that is a common prefix stands for every key under it.
    if let (Some(after), Some(delimiter)) = (listing.after, listing.delimiter)
        && after.starts_with(listing.prefix)
        && after.len() > listing.prefix.len()
        && after.ends_with(delimiter)
    {
        scan = table.past_text(&bucket, &(bucket.clone(), after.to_owned()));
    }
    let mut last = None;
    while let Some(range) = scan.take() {
        let mut stop_at = None;
        table.visit(read, &range, |(_, key), value| {
            if !key.starts_with(listing.prefix) {
                return ControlFlow::Break(());
            }
            if listing.after == Some(key.as_str()) {
                return ControlFlow::Continue(());
            }
            let step = match common_prefix(&key, listing) {
                Some(prefix) => Step::Prefix(prefix),
                None => Step::Entry(key, value),
            };
            if walked.entries.len() + walked.prefixes.len() == listing.keys_max {
                walked.next = last.take();
                return ControlFlow::Break(());
            }
            match step {
                Step::Entry(key, value) => {
                    last = Some(key.clone());
                    walked.entries.push((key, value));
                    ControlFlow::Continue(())
                }
                Step::Prefix(prefix) => {
                    last = Some(prefix.clone());
                    stop_at = Some(prefix.clone());
                    walked.prefixes.push(prefix);
                    ControlFlow::Break(())
                }
            }
        })?;
        // Past a common prefix the walk leaps over every key under it.
        scan = stop_at.and_then(|prefix| table.past_text(&bucket, &(bucket.clone(), prefix)));
    }
    Ok(walked)
}

/// The key up to and with the first delimiter past the prefix.
pub(crate) fn common_prefix(key: &str, listing: &Listing<'_>) -> Option<String> {
    let delimiter = listing.delimiter.filter(|d| !d.is_empty())?;
    let at = key[listing.prefix.len()..].find(delimiter)?;
    Some(key[..listing.prefix.len() + at + delimiter.len()].to_owned())
}

/// The bound a caller asks for, within S3's own.
pub(crate) fn keys_max(asked: Option<i32>, argument: &str) -> Result<usize, Refusal> {
    let asked = asked.unwrap_or(KEYS_MAX as i32);
    let asked = usize::try_from(asked).map_err(|_| {
        refusals::invalid_argument(
            "Argument maxKeys must be an integer between 0 and 2147483647",
            argument,
            &asked.to_string(),
        )
    })?;
    Ok(asked.min(KEYS_MAX))
}

/// A name as the listing writes it: percent-encoded where the caller asked for that.
pub(crate) fn encode(name: &str, encoding: Option<&EncodingType>) -> String {
    if encoding.map(EncodingType::as_str) != Some("url") {
        return name.to_owned();
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/*".contains(&b);
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b if plain(b) => text.push(char::from(b)),
            b' ' => text.push('+'),
            b => text.push_str(&format!("%{b:02X}")),
        }
    }
    text
}

/// Common prefixes as the API writes them; none is no list at all.
pub(crate) fn common_prefixes(
    prefixes: &[String],
    encoding: Option<&EncodingType>,
) -> Option<Vec<CommonPrefix>> {
    let list: Vec<_> =
        prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix, encoding)) }).collect();
    (!list.is_empty()).then_some(list)
}

/// A continuation token is the last name given, in a form that clients do not read.
pub(crate) fn token(name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(name)
}

/// The name in a continuation token.
pub(crate) fn read_token(token: &str) -> Result<String, Refusal> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            refusals::invalid_argument(
                "The continuation token provided is incorrect",
                "continuation-token",
                token,
            )
        })
}
