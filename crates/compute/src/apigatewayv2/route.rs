//! Route keys, and which route of an API takes a request.
//!
//! Source: "Create routes for HTTP APIs", API Gateway developer guide (read 2026-11): the most
//! specific path wins, then the method over `ANY`, and `$default` takes what is left.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The methods a route may name.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Which requests a route takes: `GET /carts/{id}`, or `$default`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum RouteKey {
    /// What no other route takes.
    Default,
    /// A method, or `ANY`, and a path.
    Path { method: String, segments: Vec<Segment> },
}

/// One part of a route's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// This text.
    Literal(String),
    /// Any one part.
    Variable(String),
    /// All that is left, at least one part.
    Greedy(String),
}

/// The text is no route key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> \
     /<RESOURCE PATH>\" or \"$default\""
)]
pub(crate) struct RouteKeyError;

impl FromStr for RouteKey {
    type Err = RouteKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "$default" {
            return Ok(Self::Default);
        }
        let (method, path) = text.split_once(' ').ok_or(RouteKeyError)?;
        if !METHODS.contains(&method) {
            return Err(RouteKeyError);
        }
        let path = path.strip_prefix('/').ok_or(RouteKeyError)?;
        let segments = split(path).into_iter().map(segment).collect::<Result<Vec<_>, _>>()?;
        let greedy = segments.iter().position(|s| matches!(s, Segment::Greedy(_)));
        if greedy.is_some_and(|at| at + 1 != segments.len()) {
            return Err(RouteKeyError);
        }
        Ok(Self::Path { method: method.to_owned(), segments })
    }
}

/// The parts of a path without its first slash; the root has none.
fn split(path: &str) -> Vec<&str> {
    if path.is_empty() { Vec::new() } else { path.split('/').collect() }
}

fn segment(text: &str) -> Result<Segment, RouteKeyError> {
    let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        let plain = !text.contains(['{', '}', ' ', '?', '#']);
        return if plain { Ok(Segment::Literal(text.to_owned())) } else { Err(RouteKeyError) };
    };
    let (name, greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    let sound = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b':' | b'$');
    if name.is_empty() || !name.bytes().all(sound) {
        return Err(RouteKeyError);
    }
    Ok(if greedy { Segment::Greedy(name.to_owned()) } else { Segment::Variable(name.to_owned()) })
}

impl RouteKey {
    /// The method, where the key names one.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::Path { method, .. } => Some(method),
        }
    }

    /// The path as the key writes it; empty for `$default`.
    pub fn path(&self) -> String {
        match self {
            Self::Default => String::new(),
            Self::Path { segments, .. } if segments.is_empty() => "/".to_owned(),
            Self::Path { segments, .. } => segments.iter().map(|segment| format!("/{segment}")).collect(),
        }
    }

    /// The path's variables in a request, if the route takes it.
    fn take(&self, method: &str, parts: &[&str]) -> Option<BTreeMap<String, String>> {
        let Self::Path { method: own, segments } = self else { return Some(BTreeMap::new()) };
        if own != "ANY" && own != method {
            return None;
        }
        let mut variables = BTreeMap::new();
        let mut rest = parts;
        for segment in segments {
            let (first, after) = rest.split_first()?;
            match segment {
                Segment::Literal(text) if text == first || *text == decode(first) => {}
                Segment::Variable(name) if !first.is_empty() => {
                    variables.insert(name.clone(), decode(first));
                }
                Segment::Greedy(name) if rest != [""] => {
                    variables.insert(name.clone(), decode(&rest.join("/")));
                    return Some(variables);
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_empty().then_some(variables)
    }

    /// Sorts routes that take the same request: the first wins.
    fn rank(&self) -> (bool, Vec<u8>, bool) {
        match self {
            Self::Default => (true, Vec::new(), true),
            Self::Path { method, segments } => {
                let order = segments.iter().map(|segment| match segment {
                    Segment::Literal(_) => 0,
                    Segment::Variable(_) => 1,
                    Segment::Greedy(_) => 2,
                });
                // A route that matches to the end goes before every greedy one.
                let greedy = matches!(segments.last(), Some(Segment::Greedy(_)));
                (false, std::iter::once(u8::from(greedy)).chain(order).collect(), method == "ANY")
            }
        }
    }
}

/// The route that takes a request, and the path's variables.
pub(crate) fn choose<'a, T>(
    routes: &'a [(RouteKey, T)],
    method: &str,
    path: &str,
) -> Option<(&'a RouteKey, &'a T, BTreeMap<String, String>)> {
    let parts = split(path.strip_prefix('/').unwrap_or(path));
    routes
        .iter()
        .filter_map(|(key, value)| Some((key, value, key.take(method, &parts)?)))
        .min_by_key(|(key, ..)| key.rank())
}

/// Percent-decoding; what is no UTF-8 afterwards is replaced.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
            .flatten();
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Variable(name) => write!(f, "{{{name}}}"),
            Self::Greedy(name) => write!(f, "{{{name}+}}"),
        }
    }
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("$default"),
            Self::Path { method, .. } => write!(f, "{method} {}", self.path()),
        }
    }
}

impl From<RouteKey> for String {
    fn from(key: RouteKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for RouteKey {
    type Error = RouteKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_wins() {
        let keys = [
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "ANY /pets/dog/{id}",
            "GET /pets/dog/1",
            "GET /",
        ];
        let routes: Vec<_> = keys.iter().map(|key| (key.parse::<RouteKey>().unwrap(), ())).collect();
        let rows = [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("PUT", "/pets/dog/2", "ANY /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
            ("POST", "/", "$default"),
            ("GET", "/", "GET /"),
            ("GET", "", "GET /"),
        ];
        for (method, path, key) in rows {
            let (chosen, ..) = choose(&routes, method, path).unwrap();
            assert_eq!(chosen.to_string(), key, "{method} {path}");
        }
    }

    #[test]
    fn variables_are_decoded_and_never_empty() {
        let routes = [("GET /carts/{id}/items/{rest+}".parse::<RouteKey>().unwrap(), ())];
        let (.., variables) = choose(&routes, "GET", "/carts/a%20b/items/1/2").unwrap();
        assert_eq!(
            variables,
            [("id".to_owned(), "a b".to_owned()), ("rest".to_owned(), "1/2".to_owned())].into()
        );
        for path in ["/carts//items/1", "/carts/a/items/", "/carts/a/items", "/carts/a"] {
            assert!(choose(&routes, "GET", path).is_none(), "{path}");
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        for text in
            ["", "GET", "get /", "GET carts", "GET /{a+}/b", "GET /{}", "GET /a b", "TRACE /", "GET /{a"]
        {
            assert!(text.parse::<RouteKey>().is_err(), "{text}");
        }
    }
}
