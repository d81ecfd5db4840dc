//! The lines and error documents that Lambda itself writes.
//!
//! Forms: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html and
//! …/lambda-runtime-environment.html (`INIT_REPORT`), and logs that AWS's users have published; read
//! 2026-11-23.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use updraft_types::Timestamp;

/// How the line `REPORT` tells of a call that did not end by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Timeout,
    Error(String),
}

/// What the line `REPORT` says.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) duration: Duration,
    pub(crate) billed: Duration,
    pub(crate) memory_mib: u32,
    pub(crate) memory_max_mib: u32,
    pub(crate) init: Option<Duration>,
    pub(crate) status: Status,
}

impl Report<'_> {
    pub(crate) fn line(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t\
             Max Memory Used: {} MB\t",
            self.request_id,
            millis(self.duration),
            self.billed.as_millis(),
            self.memory_mib,
            self.memory_max_mib,
        );
        if let Some(init) = self.init {
            let _ = write!(line, "Init Duration: {} ms\t", millis(init));
        }
        match &self.status {
            Status::Success => {}
            Status::Timeout => line.push_str("Status: timeout"),
            Status::Error(kind) => {
                let _ = write!(line, "Status: error\tError Type: {kind}");
            }
        }
        line
    }
}

/// The first line of an environment.
pub(crate) fn init_start(version: &str) -> String {
    format!("INIT_START Runtime Version: {version}")
}

/// The line of an init phase that failed: `phase` is `init`, or `invoke` for the second try.
pub(crate) fn init_report(duration: Duration, phase: &str, status: &Status) -> String {
    let head = format!("INIT_REPORT Init Duration: {} ms\tPhase: {phase}\tStatus: ", millis(duration));
    match status {
        Status::Success => head + "success",
        Status::Timeout => head + "timeout",
        Status::Error(kind) => format!("{head}error\tError Type: {kind}"),
    }
}

/// The line before a call.
pub(crate) fn start(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}")
}

/// The line after a call.
pub(crate) fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}")
}

/// The line of a call that was stopped at its time-out.
pub(crate) fn timed_out(now: Timestamp, request_id: &str, timeout: Duration) -> String {
    format!("{} {request_id} {}", now.iso8601_millis(), task_timed_out(timeout))
}

/// The event of a runtime that ended.
pub(crate) fn exited(request_id: &str, cause: &str, kind: &str) -> String {
    format!("RequestId: {request_id} Error: {cause}\n{kind}")
}

/// The error document of a call that was stopped at its time-out.
pub(crate) fn timed_out_document(request_id: &str, timeout: Duration) -> Bytes {
    document("Sandbox.Timedout", request_id, &task_timed_out(timeout))
}

/// The error document of a runtime that ended.
pub(crate) fn document(kind: &str, request_id: &str, cause: &str) -> Bytes {
    let message = format!("RequestId: {request_id} Error: {cause}");
    serde_json::json!({ "errorType": kind, "errorMessage": message }).to_string().into()
}

/// The error document of an answer that is too long.
pub(crate) fn too_large_document(max: usize) -> Bytes {
    let message = format!("Response payload size exceeded maximum allowed payload size ({max} bytes).");
    let kind = "Function.ResponseSizeTooLarge";
    serde_json::json!({ "errorMessage": message, "errorType": kind }).to_string().into()
}

fn task_timed_out(timeout: Duration) -> String {
    format!("Task timed out after {:.2} seconds", timeout.as_secs_f64())
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

/// The duration that is billed: rounded up to a millisecond.
pub(crate) fn billed(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(init: Option<Duration>, status: Status) -> String {
        let duration = Duration::from_micros(198_497);
        let report = Report {
            request_id: "r1",
            duration,
            billed: billed(duration),
            memory_mib: 512,
            memory_max_mib: 90,
            init,
            status,
        };
        report.line()
    }

    #[test]
    fn report_lines_read_as_lambda_writes_them() {
        let head = "REPORT RequestId: r1\tDuration: 198.50 ms\tBilled Duration: 199 ms\tMemory Size: 512 MB\t\
                    Max Memory Used: 90 MB\t";
        assert_eq!(report(None, Status::Success), head);
        let init = Some(Duration::from_micros(524_750));
        assert_eq!(report(init, Status::Success), format!("{head}Init Duration: 524.75 ms\t"));
        assert_eq!(report(None, Status::Timeout), format!("{head}Status: timeout"));
        assert_eq!(
            report(None, Status::Error("Runtime.OutOfMemory".to_owned())),
            format!("{head}Status: error\tError Type: Runtime.OutOfMemory")
        );
    }

    #[test]
    fn other_lines_and_documents() {
        let two = Duration::from_secs(3);
        assert_eq!(
            timed_out(Timestamp::EPOCH, "r1", two),
            "1970-01-01T00:00:00.000Z r1 Task timed out after 3.00 seconds"
        );
        assert_eq!(
            timed_out_document("r1", two),
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r1 Error: Task timed out after 3.00 seconds"}"#
        );
        assert_eq!(
            init_report(
                Duration::from_micros(19_270),
                "invoke",
                &Status::Error("Runtime.ExitError".to_owned())
            ),
            "INIT_REPORT Init Duration: 19.27 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError"
        );
    }

    #[test]
    fn billing_rounds_up() {
        assert_eq!(billed(Duration::from_micros(2_001)), Duration::from_millis(3));
        assert_eq!(billed(Duration::from_millis(2)), Duration::from_millis(2));
    }
}
