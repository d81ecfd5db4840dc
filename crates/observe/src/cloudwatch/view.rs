//! The metrics of AWS's services, derived from the event log.
//!
//! Names, units and dimensions are AWS's: "Types of metrics for Lambda functions" (Lambda
//! developer guide, `monitoring-metrics-types.html`), "Work with metrics for HTTP APIs" (API Gateway
//! developer guide, `http-api-metrics.html`), those of Step Functions, and "DynamoDB metrics and
//! dimensions" (DynamoDB developer guide, `metrics-dimensions.html`), read 2026-11. Beyond AWS, values can be read
//! by the second; and what AWS shows only in `REPORT` lines is in the namespace
//! [`OWN_NAMESPACE`].

use std::collections::BTreeSet;
use std::time::Duration;

use updraft_api::cloudwatch::StandardUnit;
use updraft_kernel::{
    AsyncStep, ExecutionStep, Fact, FactKind, FactView, Fault, InvocationFact, InvocationOutcome, Tx,
};
use updraft_types::cloudwatch::Dimensions;
use updraft_types::{Arn, Scope, Timestamp};

use super::histogram::Histogram;
use super::model::{Level, MetricName, unit_code};
use super::record::Batch;

/// The namespace of metrics that AWS does not have: `InitDuration`, `BilledDuration`,
/// `MaxMemoryUsed`, with the dimensions of Lambda's.
const OWN_NAMESPACE: &str = "Updraft/Lambda";

/// The view.
pub(super) struct ServiceMetrics;

impl FactView for ServiceMetrics {
    fn apply(&self, tx: &mut dyn Tx, facts: &[Fact]) -> Result<(), Fault> {
        let mut batch = Batch::default();
        for fact in facts {
            match &fact.kind {
                FactKind::Invocation(invocation) => count_invocation(&mut batch, fact, invocation)?,
                FactKind::HttpRequest { api, stage, route, status, micros, integration_micros } => {
                    let request = HttpRequest {
                        sets: api_dimensions(api, stage, route)?,
                        status: *status,
                        latency: Duration::from_micros(*micros),
                        integration: Duration::from_micros(*integration_micros),
                    };
                    request.count(&mut batch, fact);
                }
                FactKind::ApiCall { service, operation, decisions, error, micros, .. } => {
                    if service == DYNAMODB {
                        let call = TableCall {
                            operation,
                            tables: tables(decisions),
                            error: error.as_deref(),
                            took: Duration::from_micros(*micros),
                        };
                        call.count(&mut batch, fact)?;
                    }
                }
                FactKind::AsyncEvent { function, qualifier, step } => {
                    count_event(&mut batch, fact, function, qualifier.as_deref(), *step)?;
                }
                FactKind::Execution { machine, step } => count_execution(&mut batch, fact, machine, *step)?,
                FactKind::TrafficShift { .. } => {}
            }
        }
        match facts.iter().map(|fact| fact.at).max() {
            Some(now) => batch.write(tx, now),
            None => Ok(()),
        }
    }
}

/// The sets of dimensions that something is counted under.
struct Counter<'a> {
    batch: &'a mut Batch,
    scope: &'a Scope,
    at: Timestamp,
    sets: &'a [Dimensions],
}

impl Counter<'_> {
    fn add(&mut self, namespace: &str, name: &str, unit: &StandardUnit, value: f64) {
        let values = Histogram::of(value);
        for dimensions in self.sets {
            let metric = MetricName {
                scope: self.scope.clone(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                dimensions: dimensions.clone(),
            };
            self.batch.add(metric, self.at, unit_code(unit), &[Level::Second, Level::Minute], &values);
        }
    }
}

fn flag(set: bool) -> f64 {
    f64::from(u8::from(set))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn count_invocation(batch: &mut Batch, fact: &Fact, invocation: &InvocationFact) -> Result<(), Fault> {
    let (name, qualifier) = (invocation.name.as_str(), invocation.qualifier.as_deref());
    let sets = function_dimensions(name, qualifier, Some(&invocation.version))?;
    // The fact is written when the invocation has ended; its values are of the time it began.
    let at = fact.at.minus(invocation.duration + invocation.init.unwrap_or_default());
    let mut all = Counter { batch, scope: &fact.scope, at, sets: &sets };
    let throttled = invocation.outcome == InvocationOutcome::Throttled;
    all.add("AWS/Lambda", "Throttles", &StandardUnit::Count, flag(throttled));
    if throttled {
        // Throttled requests count neither as invocations nor as errors.
        return Ok(());
    }
    let failed = invocation.outcome == InvocationOutcome::Failed;
    all.add("AWS/Lambda", "Invocations", &StandardUnit::Count, 1.0);
    all.add("AWS/Lambda", "Errors", &StandardUnit::Count, flag(failed));
    all.add("AWS/Lambda", "Duration", &StandardUnit::Milliseconds, millis(invocation.duration));
    all.add(OWN_NAMESPACE, "BilledDuration", &StandardUnit::Milliseconds, millis(invocation.billed));
    all.add(OWN_NAMESPACE, "MaxMemoryUsed", &StandardUnit::Megabytes, f64::from(invocation.memory_max_mib));
    if let Some(init) = invocation.init {
        all.add(OWN_NAMESPACE, "InitDuration", &StandardUnit::Milliseconds, millis(init));
    }
    // What runs at once is known of the function as a whole, not of all functions or one version.
    let function = Dimensions::new([("FunctionName", invocation.name.as_str())]).map_err(unnamed)?;
    let mut of_function = Counter { sets: &[function], ..all };
    of_function.add(
        "AWS/Lambda",
        "ConcurrentExecutions",
        &StandardUnit::Count,
        invocation.concurrency.into(),
    );
    Ok(())
}

/// What an event in an asynchronous queue counts ("Asynchronous invocation metrics").
fn count_event(
    batch: &mut Batch,
    fact: &Fact,
    name: &str,
    qualifier: Option<&str>,
    step: AsyncStep,
) -> Result<(), Fault> {
    let sets = function_dimensions(name, qualifier, None)?;
    let mut all = Counter { batch, scope: &fact.scope, at: fact.at, sets: &sets };
    match step {
        AsyncStep::Received => all.add("AWS/Lambda", "AsyncEventsReceived", &StandardUnit::Count, 1.0),
        AsyncStep::Tried(age) => {
            all.add("AWS/Lambda", "AsyncEventAge", &StandardUnit::Milliseconds, millis(age));
        }
        AsyncStep::Dropped => all.add("AWS/Lambda", "AsyncEventsDropped", &StandardUnit::Count, 1.0),
    }
    Ok(())
}

/// What an execution of a state machine counts ("Execution metrics", Step Functions developer guide,
/// `procedure-cw-metrics.html`, read 2026-11).
fn count_execution(batch: &mut Batch, fact: &Fact, machine: &Arn, step: ExecutionStep) -> Result<(), Fault> {
    let sets = [Dimensions::new([("StateMachineArn", machine.as_str())]).map_err(unnamed)?];
    let mut of_machine = Counter { batch, scope: &fact.scope, at: fact.at, sets: &sets };
    let (name, took) = match step {
        ExecutionStep::Started => ("ExecutionsStarted", None),
        ExecutionStep::Succeeded(took) => ("ExecutionsSucceeded", Some(took)),
        ExecutionStep::Failed(took) => ("ExecutionsFailed", Some(took)),
        ExecutionStep::Aborted(took) => ("ExecutionsAborted", Some(took)),
        ExecutionStep::TimedOut(took) => ("ExecutionsTimedOut", Some(took)),
    };
    of_machine.add("AWS/States", name, &StandardUnit::Count, 1.0);
    if let Some(took) = took {
        of_machine.add("AWS/States", "ExecutionTime", &StandardUnit::Milliseconds, millis(took));
    }
    Ok(())
}

/// None; the function; the function as it was called; and, where that was an alias, the version
/// that ran.
fn function_dimensions(
    name: &str,
    qualifier: Option<&str>,
    version: Option<&str>,
) -> Result<Vec<Dimensions>, Fault> {
    let resource = match qualifier {
        Some(qualifier) => format!("{name}:{qualifier}"),
        None => name.to_owned(),
    };
    let mut sets = vec![
        Dimensions::default(),
        Dimensions::new([("FunctionName", name)]).map_err(unnamed)?,
        Dimensions::new([("FunctionName", name), ("Resource", &resource)]).map_err(unnamed)?,
    ];
    let is_alias = |qualifier: &str| qualifier != "$LATEST" && !qualifier.bytes().all(|c| c.is_ascii_digit());
    if let (Some(version), true) = (version, qualifier.is_some_and(is_alias)) {
        let executed = [("FunctionName", name), ("Resource", &resource), ("ExecutedVersion", version)];
        sets.push(Dimensions::new(executed).map_err(unnamed)?);
    }
    Ok(sets)
}

/// What one request to an HTTP API counts.
struct HttpRequest {
    sets: Vec<Dimensions>,
    status: u16,
    latency: Duration,
    integration: Duration,
}

impl HttpRequest {
    fn count(&self, batch: &mut Batch, fact: &Fact) {
        let mut all =
            Counter { batch, scope: &fact.scope, at: fact.at.minus(self.latency), sets: &self.sets };
        let namespace = "AWS/ApiGateway";
        all.add(namespace, "Count", &StandardUnit::Count, 1.0);
        all.add(namespace, "4xx", &StandardUnit::Count, flag((400..500).contains(&self.status)));
        all.add(namespace, "5xx", &StandardUnit::Count, flag(self.status >= 500));
        all.add(namespace, "Latency", &StandardUnit::Milliseconds, millis(self.latency));
        all.add(namespace, "IntegrationLatency", &StandardUnit::Milliseconds, millis(self.integration));
    }
}

/// The API; its stage; and the route, whose key is a method and a path or `$default`.
fn api_dimensions(api: &str, stage: &str, route: &str) -> Result<Vec<Dimensions>, Fault> {
    let mut sets = vec![
        Dimensions::new([("ApiId", api)]).map_err(unnamed)?,
        Dimensions::new([("ApiId", api), ("Stage", stage)]).map_err(unnamed)?,
    ];
    if !route.is_empty() {
        let (method, resource) = route.split_once(' ').unwrap_or((route, route));
        let of_route = [("ApiId", api), ("Stage", stage), ("Method", method), ("Resource", resource)];
        sets.push(Dimensions::new(of_route).map_err(unnamed)?);
    }
    Ok(sets)
}

/// What the event log calls DynamoDB.
const DYNAMODB: &str = "dynamodb";

/// The operations whose latency is counted: those on items.
const ITEM_OPERATIONS: [&str; 10] = [
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

/// What one call of DynamoDB counts.
struct TableCall<'a> {
    operation: &'a str,
    tables: BTreeSet<&'a str>,
    error: Option<&'a str>,
    took: Duration,
}

/// The tables that a call was about: `…:table/NAME` or `…:table/NAME/index/…`.
fn tables(decisions: &[(String, String, bool, String)]) -> BTreeSet<&str> {
    let names = decisions.iter().filter_map(|(_, resource, ..)| resource.split_once(":table/"));
    names.filter_map(|(_, name)| name.split('/').next()).collect()
}

impl TableCall<'_> {
    fn count(&self, batch: &mut Batch, fact: &Fact) -> Result<(), Fault> {
        let (metric, by_operation) = match self.error {
            None if ITEM_OPERATIONS.contains(&self.operation) => ("SuccessfulRequestLatency", true),
            None => return Ok(()),
            Some("ConditionalCheckFailedException") => ("ConditionalCheckFailedRequests", false),
            Some("TransactionConflictException") => ("TransactionConflict", false),
            Some("ProvisionedThroughputExceededException" | "ThrottlingException") => {
                ("ThrottledRequests", true)
            }
            Some("InternalFailure" | "InternalServerError") => ("SystemErrors", true),
            Some(_) => {
                self.add(batch, fact, Dimensions::default(), "UserErrors");
                return Ok(());
            }
        };
        for table in &self.tables {
            let mut pairs = vec![("TableName", *table)];
            if by_operation {
                pairs.push(("Operation", self.operation));
            }
            self.add(batch, fact, Dimensions::new(pairs).map_err(unnamed)?, metric);
        }
        Ok(())
    }

    fn add(&self, batch: &mut Batch, fact: &Fact, dimensions: Dimensions, name: &str) {
        let is_latency = name == "SuccessfulRequestLatency";
        let metric = MetricName {
            scope: fact.scope.clone(),
            namespace: "AWS/DynamoDB".to_owned(),
            name: name.to_owned(),
            dimensions,
        };
        let (unit, value) = match is_latency {
            true => (StandardUnit::Milliseconds, millis(self.took)),
            false => (StandardUnit::Count, 1.0),
        };
        batch.add(metric, fact.at, unit_code(&unit), &[Level::Minute], &Histogram::of(value));
    }
}

fn unnamed(error: updraft_types::cloudwatch::DimensionsError) -> Fault {
    Fault::because("name the metrics of a fact", error)
}
