//! Cross-origin requests: preflights that the API answers itself, and headers on its answers.
//!
//! Source: "Configure CORS for HTTP APIs", API Gateway developer guide (read 2026-11).

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::model::Cors;

/// Whether a request asks what a cross-origin request may do.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight: nothing is said to origins and methods that are not allowed.
pub(crate) fn preflight(cors: &Cors, request: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_METHOD).and_then(|m| m.to_str().ok());
    let method = asked.is_some_and(|m| cors.methods.iter().any(|own| own == "*" || own == m));
    if !method || !allow_origin(cors, request, &mut headers) {
        return HeaderMap::new();
    }
    list(&mut headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods);
    list(&mut headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers);
    if let Some(secs) = cors.max_age_secs {
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(secs));
    }
    headers
}

/// Sets the headers of an answer; those a function set are replaced, as on AWS.
pub(crate) fn decorate(cors: &Cors, request: &HeaderMap, answer: &mut HeaderMap) {
    if !request.contains_key(header::ORIGIN) {
        return;
    }
    let own = [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
    ];
    own.iter().for_each(|name| drop(answer.remove(name)));
    if allow_origin(cors, request, answer) {
        list(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose);
    }
}

/// Names the origin, if it may.
fn allow_origin(cors: &Cors, request: &HeaderMap, answer: &mut HeaderMap) -> bool {
    let Some(origin) = request.get(header::ORIGIN) else { return false };
    let text = origin.to_str().unwrap_or_default();
    if !cors.origins.iter().any(|allowed| matches(allowed, text)) {
        return false;
    }
    let any = cors.origins.iter().any(|allowed| allowed == "*") && !cors.credentials;
    let named = if any { HeaderValue::from_static("*") } else { origin.clone() };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, named);
    if !any {
        answer.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if cors.credentials {
        answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

/// `*`, `https://*`, or the origin itself.
fn matches(allowed: &str, origin: &str) -> bool {
    match allowed {
        "*" => true,
        "http://*" | "https://*" => origin.starts_with(allowed.trim_end_matches('*')),
        _ => allowed.eq_ignore_ascii_case(origin),
    }
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if !values.is_empty()
        && let Ok(value) = HeaderValue::from_str(&values.join(","))
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(origin: &str, method: &str) -> HeaderMap {
        [
            (header::ORIGIN, HeaderValue::from_str(origin).unwrap()),
            (header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_str(method).unwrap()),
        ]
        .into_iter()
        .collect()
    }

    fn cors(origin: &str, credentials: bool) -> Cors {
        Cors {
            credentials,
            headers: vec!["content-type".to_owned()],
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            origins: vec![origin.to_owned()],
            expose: vec!["x-id".to_owned()],
            max_age_secs: Some(60),
        }
    }

    #[test]
    fn preflights_tell_those_who_may_and_nobody_else() {
        let rows = [
            ("*", "https://shop.test", "GET", Some("*")),
            ("https://shop.test", "https://shop.test", "GET", Some("https://shop.test")),
            ("https://*", "https://shop.test", "POST", Some("https://shop.test")),
            ("https://*", "http://shop.test", "GET", None),
            ("https://shop.test", "https://evil.test", "GET", None),
            ("*", "https://shop.test", "DELETE", None),
        ];
        for (allowed, origin, method, named) in rows {
            let answer = preflight(&cors(allowed, false), &request(origin, method));
            let told = answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|v| v.to_str().unwrap());
            assert_eq!(told, named, "{allowed} {origin} {method}");
            assert_eq!(answer.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS), named.is_some());
        }
    }

    #[test]
    fn a_functions_own_cors_headers_are_replaced() {
        let mut answer = HeaderMap::new();
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://other.test"));
        decorate(&cors("*", true), &request("https://shop.test", "GET"), &mut answer);
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.test");
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(answer[header::ACCESS_CONTROL_EXPOSE_HEADERS], "x-id");
    }
}
