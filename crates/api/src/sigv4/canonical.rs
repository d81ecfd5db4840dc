//! The canonical form of a request, which both sides compute alike.

use http::{HeaderMap, Uri};

/// The canonical request over the named headers.
pub(crate) fn request(
    method: &str,
    uri: &Uri,
    headers: &HeaderMap,
    signed_headers: &[String],
    payload_hash: &str,
    service: &str,
    without_query: Option<&str>,
) -> String {
    let mut lines = String::new();
    for name in signed_headers {
        lines.push_str(&format!("{name}:{}\n", header_value(headers, uri, name)));
    }
    format!(
        "{method}\n{}\n{}\n{lines}\n{}\n{payload_hash}",
        path(uri.path(), service),
        query(uri.query().unwrap_or_default(), without_query),
        signed_headers.join(";"),
    )
}

/// A header's values joined, trimmed, with runs of spaces made one. HTTP/2 carries the host in
/// the authority.
fn header_value(headers: &HeaderMap, uri: &Uri, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    if values.is_empty() && name == "host" {
        return uri.authority().map(ToString::to_string).unwrap_or_default();
    }
    values.join(",")
}

/// S3 signs the path as it is sent; every other service signs it encoded once more and normalised.
fn path(path: &str, service: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    if service == "s3" {
        return encode(&decode(path), true);
    }
    encode(&normalise(path), true)
}

/// Removes `.` and `..` segments and doubled slashes.
fn normalise(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{slash}", kept.join("/"))
}

/// The query's pairs, encoded alike and sorted.
fn query(text: &str, without: Option<&str>) -> String {
    let mut pairs: Vec<(String, String)> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| Some(*name) != without)
        .map(|(name, value)| (encode(&decode(name), false), encode(&decode(value), false)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

pub(crate) fn encode(bytes: &(impl AsRef<[u8]> + ?Sized), keep_slashes: bool) -> String {
    let mut out = String::new();
    for byte in bytes.as_ref() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte))
            }
            b'/' if keep_slashes => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
