//! Metrics in log events: the embedded metric format.
//!
//! "Specification: Embedded metric format", CloudWatch user guide
//! (`CloudWatch_Embedded_Metric_Format_Specification.html`), read 2026-11. What does not follow it
//! stays a log event and nothing more, as on AWS.

use std::time::Duration;

use serde_json::{Map, Value};
use updraft_api::cloudwatch::StandardUnit;
use updraft_kernel::{Fault, Tx};
use updraft_types::cloudwatch::{Dimensions, NAME_LENGTH_MAX};
use updraft_types::{Scope, Timestamp};

use super::histogram::Histogram;
use super::model::{Level, MetricName, unit_code};
use super::record::Batch;

/// How many metrics a directive may have, and how many values a metric (same page).
const METRICS_MAX: usize = 100;
const VALUES_MAX: usize = 100;
/// How far values may lie in the past and in the future, as for `PutMetricData`.
const PAST_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const FUTURE_MAX: Duration = Duration::from_secs(2 * 60 * 60);

/// The metrics of a batch of log events.
pub(crate) struct Embedded {
    scope: Scope,
    now: Timestamp,
    batch: Option<Batch>,
}

impl Embedded {
    /// Of events that arrive now.
    pub(crate) fn new(scope: Scope, now: Timestamp) -> Self {
        Self { scope, now, batch: None }
    }

    /// Takes the metrics of one event.
    pub(crate) fn read(&mut self, at: Timestamp, message: &str) {
        // Nearly all events have no metrics: they are not parsed.
        let message = message.trim();
        if !message.starts_with('{') || !message.contains("\"_aws\"") {
            return;
        }
        let Ok(Value::Object(root)) = serde_json::from_str(message) else { return };
        let at = root["_aws"]["Timestamp"].as_i64().map_or(at, Timestamp::from_millis);
        if at < self.now.minus(PAST_MAX) || at > self.now.plus(FUTURE_MAX) {
            return;
        }
        for directive in root["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
            self.add(at, &root, directive);
        }
    }

    /// Writes what was taken.
    pub(crate) fn write(self, tx: &mut dyn Tx) -> Result<(), Fault> {
        self.batch.map_or(Ok(()), |batch| batch.write(tx, self.now))
    }

    fn add(&mut self, at: Timestamp, root: &Map<String, Value>, directive: &Value) {
        let named = |text: &&str| (1..=NAME_LENGTH_MAX).contains(&text.chars().count());
        let namespace = directive["Namespace"].as_str().filter(named);
        let Some(namespace) = namespace.filter(|text| !text.starts_with("AWS/") && !text.starts_with(':'))
        else {
            return;
        };
        let Some(sets) = dimension_sets(root, &directive["Dimensions"]) else { return };
        for metric in directive["Metrics"].as_array().into_iter().flatten().take(METRICS_MAX) {
            let Some(name) = metric["Name"].as_str().filter(named) else { continue };
            let Some(values) = root.get(name).and_then(values) else { continue };
            let levels: &[Level] = match metric["StorageResolution"].as_i64() {
                Some(1) => &[Level::Second, Level::Minute],
                _ => &[Level::Minute],
            };
            let unit = unit_code(&metric["Unit"].as_str().map_or(StandardUnit::None, StandardUnit::from));
            for dimensions in &sets {
                let metric = MetricName {
                    scope: self.scope.clone(),
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                    dimensions: dimensions.clone(),
                };
                self.batch.get_or_insert_default().add(metric, at, unit, levels, &values);
            }
        }
    }
}

/// Each set of dimensions with the values the event gives them; none where one is missing.
fn dimension_sets(root: &Map<String, Value>, sets: &Value) -> Option<Vec<Dimensions>> {
    let sets = match sets {
        Value::Array(sets) if !sets.is_empty() => sets.as_slice(),
        Value::Array(_) | Value::Null => return Some(vec![Dimensions::default()]),
        _ => return None,
    };
    sets.iter().map(|set| dimension_set(root, set.as_array()?)).collect()
}

fn dimension_set(root: &Map<String, Value>, names: &[Value]) -> Option<Dimensions> {
    let mut pairs = Vec::with_capacity(names.len());
    for name in names {
        let name = name.as_str()?;
        pairs.push((name, root.get(name)?.as_str()?));
    }
    Dimensions::new(pairs).ok()
}

fn values(target: &Value) -> Option<Histogram> {
    let mut values = Histogram::default();
    match target {
        Value::Number(number) => values.add(number.as_f64()?, 1.0),
        Value::Array(all) if (1..=VALUES_MAX).contains(&all.len()) => {
            for value in all {
                values.add(value.as_f64()?, 1.0);
            }
        }
        _ => return None,
    }
    Some(values)
}
