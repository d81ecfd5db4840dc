//! What one side writes, the other reads: every listed operation, in every protocol of its service,
//! with values made up from the shapes' tables.

use futures::FutureExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{read_input, read_output, route, write_input, write_output};
use crate::shape::{Location, Member, Shape, StructShape, TimestampFormat};
use crate::value::{Members, Structure, Value};
use crate::{ByteStream, Operation, OperationInfo, Protocol};

/// How deep made-up values nest.
const DEPTH: usize = 4;

/// Made-up values for each operation.
const CASES: u32 = 24;

/// A small generator of numbers: the same seed gives the same values, so that a value that cannot
/// be copied (a stream) can be made twice.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn text(&mut self, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let mut text = String::from("x");
        for _ in 0..self.below(8) {
            text.push(letters[self.below(letters.len() as u64) as usize]);
        }
        text + "y"
    }

    fn members(&mut self, shape: &'static StructShape, depth: usize) -> Members {
        let mut members = Members::of(shape);
        if shape.union {
            // Past the depth, the first: the one that is plain text.
            let at = if depth > DEPTH { 0 } else { self.below(shape.members.len() as u64) as usize };
            members.set(at, self.member(&shape.members[at], depth));
            return members;
        }
        for (at, member) in shape.members.iter().enumerate() {
            let first_or_stream = at == 0 || matches!(member.shape, Shape::Stream);
            if member.required || first_or_stream || (depth <= DEPTH && self.below(3) > 0) {
                members.set(at, self.member(member, depth));
            }
        }
        members
    }

    fn member(&mut self, member: &'static Member, depth: usize) -> Value {
        match (member.location, member.shape) {
            (Location::Status, _) => Value::Integer(200 + self.below(3) as i64),
            (Location::Headers, _) => {
                let entries = (0..3).map(|at| (format!("key-{at}"), Value::String(self.text("abc /=;é"))));
                Value::Map(entries.collect())
            }
            (Location::Header, Shape::String(text)) if text.values.is_empty() => {
                Value::String(self.text("abc /=;é"))
            }
            (Location::Header, Shape::Timestamp(_)) => self.time(1_000),
            (_, Shape::Timestamp(own)) if member.timestamp.or(*own) == Some(TimestampFormat::HttpDate) => {
                self.time(1_000)
            }
            (_, shape) => self.value(shape, depth + 1),
        }
    }

    fn time(&mut self, step_millis: i64) -> Value {
        let millis = self.below(4_000_000_000) as i64 * 1_000 + self.below(1_000) as i64;
        Value::Timestamp(updraft_types::Timestamp::from_millis(millis / step_millis * step_millis))
    }

    fn value(&mut self, shape: &'static Shape, depth: usize) -> Value {
        match shape {
            Shape::String(text) if text.values.is_empty() => {
                Value::String(self.text("aB0 é<&>\"'\n\t/+%=?#.~ü"))
            }
            Shape::String(text) => {
                Value::String(text.values[self.below(text.values.len() as u64) as usize].to_owned())
            }
            Shape::Integer(_) => Value::Integer(i64::from(self.below(1 << 31) as i32) - 1_000),
            Shape::Long(_) => Value::Integer((self.below(1 << 31) as i64 - (1 << 30)) << 20),
            Shape::Double(_) => Value::Double(self.below(1 << 20) as f64 / 8.0 - 1_000.0),
            Shape::Boolean => Value::Boolean(self.below(2) == 0),
            Shape::Blob(_) => Value::Blob(self.text("ab\0\u{7f}é").into()),
            Shape::Stream => Value::Stream(ByteStream::Whole(self.text("stream").into())),
            Shape::Timestamp(_) => self.time(1),
            Shape::List(list) => {
                let length = 1 + self.below(3);
                Value::List((0..length).map(|_| self.value(list.member, depth + 1)).collect())
            }
            Shape::Map(map) => {
                let keys: Vec<String> = match map.key {
                    Shape::String(text) if !text.values.is_empty() => vec![text.values[0].to_owned()],
                    _ => (0..=self.below(2)).map(|at| format!("{at} k{}", self.text("é.<"))).collect(),
                };
                Value::Map(keys.into_iter().map(|key| (key, self.value(map.value, depth + 1))).collect())
            }
            Shape::Structure(shape) => Value::Structure(self.members(shape, depth)),
        }
    }
}

/// A made-up structure, as its Rust form has it.
fn made_up<T: Structure>(seed: u64) -> Members {
    T::from_members(Dice(seed).members(T::SHAPE, 0)).into_members()
}

/// Nothing here waits for the world, so one poll answers.
fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("nothing waits")
}

fn told(members: &Members) -> String {
    format!("{members:?}")
}

fn input_comes_through(
    info: &'static OperationInfo,
    protocol: Protocol,
    sent: Members,
) -> Result<Members, String> {
    let endpoint = format!("https://{}.us-east-1.amazonaws.com", info.service.endpoint_prefix);
    let request = write_input(info, protocol, sent, &endpoint).map_err(|refusal| refusal.to_string())?;
    let (parts, body) = request.into_parts();
    // Only a form is looked into for routing.
    let whole = match &body {
        ByteStream::Whole(bytes) => bytes.clone(),
        ByteStream::Pieces { .. } => unreachable!("made-up streams are whole"),
    };
    let routed = route(&parts, Some(&whole)).map_err(|unrouted| format!("{} {unrouted:?}", parts.uri))?;
    if (routed.operation.name, routed.protocol) != (info.name, protocol) {
        return Err(format!("{} {} went to {}", parts.method, parts.uri, routed.operation.name));
    }
    now(read_input(info, &routed, &parts, body)).map_err(|refusal| format!("{}: {refusal}", parts.uri))
}

fn output_comes_through(
    info: &'static OperationInfo,
    protocol: Protocol,
    sent: Members,
) -> Result<Members, String> {
    let (parts, body) = write_output(info, protocol, sent, "request-1").into_parts();
    now(read_output(info, protocol, parts.status, &parts.headers, body))
        .map_err(|refusal| refusal.to_string())
}

fn check<Op: Operation>(seed: u64) -> Result<(), TestCaseError> {
    let info = Op::INFO;
    for &protocol in info.service.protocols {
        let whence = format!("{}:{} in {protocol:?}", info.service.name, info.name);
        let input = input_comes_through(info, protocol, made_up::<Op::Input>(seed))
            .map_err(|why| TestCaseError::fail(format!("{whence}: {why}")))?;
        let input = Op::Input::from_members(input).into_members();
        prop_assert_eq!(told(&input), told(&made_up::<Op::Input>(seed)), "the input of {}", whence);
        let output = output_comes_through(info, protocol, made_up::<Op::Output>(seed))
            .map_err(|why| TestCaseError::fail(format!("{whence}: {why}")))?;
        let output = Op::Output::from_members(output).into_members();
        prop_assert_eq!(told(&output), told(&made_up::<Op::Output>(seed)), "the output of {}", whence);
    }
    Ok(())
}

type Check = fn(u64) -> Result<(), TestCaseError>;

macro_rules! checks {
    ($service:ident ; $($kind:ident $op:ident;)*) => {
        vec![$(check::<crate::$service::ops::$op> as Check),*]
    };
}

fn all_of(checks: Vec<Check>) {
    let mut failures = Vec::new();
    for check in checks {
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        if let Err(failure) = TestRunner::new_with_rng(config, fixed()).run(&any::<u64>(), check) {
            failures.push(failure.to_string());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The same values in every run, so that a failure stays one.
fn fixed() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}

macro_rules! comes_through {
    ($($service:ident $each:ident;)*) => {$(
        #[test]
        fn $service() {
            all_of(crate::$each!(checks $service));
        }
    )*};
}

comes_through! {
    apigatewayv2 for_each_apigatewayv2_operation;
    cloudformation for_each_cloudformation_operation;
    cloudwatch for_each_cloudwatch_operation;
    dynamodb for_each_dynamodb_operation;
    iam for_each_iam_operation;
    lambda for_each_lambda_operation;
    logs for_each_logs_operation;
    s3 for_each_s3_operation;
    sts for_each_sts_operation;
}
