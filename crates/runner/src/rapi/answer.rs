//! The answers of the Runtime API, ready to be written.

use std::fmt::Write as _;

/// The event and its headers, for `GET …/invocation/next`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) deadline_ms: i64,
    pub(crate) invoked_arn: &'a str,
    pub(crate) trace_id: Option<&'a str>,
    pub(crate) client_context: Option<&'a str>,
    pub(crate) event: &'a [u8],
}

impl Next<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut head = String::with_capacity(512);
        head.push_str("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
        header(&mut head, "Lambda-Runtime-Aws-Request-Id", self.request_id);
        let _ = write!(head, "Lambda-Runtime-Deadline-Ms: {}\r\n", self.deadline_ms);
        header(&mut head, "Lambda-Runtime-Invoked-Function-Arn", self.invoked_arn);
        if let Some(trace_id) = self.trace_id {
            header(&mut head, "Lambda-Runtime-Trace-Id", trace_id);
        }
        if let Some(context) = self.client_context {
            header(&mut head, "Lambda-Runtime-Client-Context", context);
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n", self.event.len());
        let mut answer = head.into_bytes();
        answer.extend_from_slice(self.event);
        answer
    }
}

/// Writes one header; what could end it early is left out of the value.
fn header(head: &mut String, name: &str, value: &str) {
    head.push_str(name);
    head.push_str(": ");
    head.extend(value.chars().filter(|c| !c.is_control()));
    head.push_str("\r\n");
}

/// What a function is, for a runtime that was started before there was code.
pub(crate) fn assignment(environment: &std::collections::BTreeMap<String, String>) -> Vec<u8> {
    json("200 OK", &serde_json::json!({ "environment": environment }).to_string())
}

/// For a response or an error that was taken.
pub(crate) fn accepted() -> Vec<u8> {
    json("202 Accepted", r#"{"status":"OK"}"#)
}

/// For what the API does not take: a status line's rest, AWS's error type, and its message.
pub(crate) fn refused(status: &str, kind: &str, message: &str) -> Vec<u8> {
    json(status, &format!(r#"{{"errorMessage":"{message}","errorType":"{kind}"}}"#))
}

fn json(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_carries_its_headers_and_no_injected_ones() {
        let next = Next {
            request_id: "r1",
            deadline_ms: 1_700_000_000_000,
            invoked_arn: "arn:aws:lambda:us-east-1:123456789012:function:cart",
            trace_id: Some("Root=1-a\r\nEvil: yes"),
            client_context: None,
            event: b"{}",
        };
        let text = String::from_utf8(next.write()).unwrap();
        assert!(text.contains("Lambda-Runtime-Deadline-Ms: 1700000000000\r\n"), "{text}");
        assert!(text.contains("Lambda-Runtime-Trace-Id: Root=1-aEvil: yes\r\n"), "{text}");
        assert!(text.ends_with("Content-Length: 2\r\n\r\n{}"), "{text}");
    }
}
