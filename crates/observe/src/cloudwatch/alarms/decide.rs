//! Decides an alarm's state from the newest values: pure, and all of it.
//!
//! "Configuring how CloudWatch alarms treat missing data" and "Percentile-based alarms and low data
//! samples" in the CloudWatch user guide (`alarms-and-missing-data.html`,
//! `percentiles-with-low-samples.html`), read 2026-11. The texts of reasons are as alarms on AWS show
//! them.

use updraft_types::Timestamp;

use super::model::{Comparison, Condition, LowSamples, Missing, State};

/// How many values beyond those evaluated are looked at, so that a late one is not missed: the guide's
/// tables show five values for three evaluation periods.
const LATE_PERIODS: u32 = 2;

/// The value of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cloudwatch) struct Point {
    pub begin: Timestamp,
    pub value: f64,
    /// How many samples it stands for, where that is known.
    pub samples: Option<f64>,
}

/// What comes out of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) struct Decision {
    pub state: State,
    pub reason: String,
    /// The values that were evaluated, newest first.
    pub evaluated: Vec<Point>,
}

impl Condition {
    /// How many periods an evaluation looks at.
    pub(in crate::cloudwatch) fn range(&self) -> u32 {
        self.evaluation_periods + LATE_PERIODS
    }
}

/// The state that the values of the evaluation range, oldest first, stand for. None keeps the state.
pub(in crate::cloudwatch) fn decide(
    condition: &Condition,
    percentile: Option<f64>,
    values: &[Option<Point>],
) -> Option<Decision> {
    let periods = condition.evaluation_periods as usize;
    // Newest first. More values than evaluation periods: the newest of them. Fewer: all there are.
    let real: Vec<Point> = values.iter().rev().filter_map(|value| *value).take(periods).collect();
    if condition.low_samples == Some(LowSamples::Ignore)
        && real.iter().any(|point| has_few_samples(point, percentile))
    {
        return None;
    }
    let judged = Judged { condition, missing: periods - real.len(), oldest: oldest_age(values), real };
    judged.decide()
}

/// Whether a percentile of so few samples says little: fewer than ten may lie beyond it.
fn has_few_samples(point: &Point, percentile: Option<f64>) -> bool {
    let Some((percentile, samples)) = percentile.zip(point.samples) else { return false };
    let fraction = percentile / 100.0;
    let beyond = if fraction >= 0.5 { 1.0 - fraction } else { fraction };
    // The 100th and the 0th percentile would need endlessly many.
    beyond > 0.0 && samples < 10.0 / beyond
}

/// How many periods ago the oldest value of the range was, the newest period being the first.
fn oldest_age(values: &[Option<Point>]) -> usize {
    values.iter().position(Option::is_some).map_or(0, |index| values.len() - index)
}

struct Judged<'a> {
    condition: &'a Condition,
    /// The values that count, newest first.
    real: Vec<Point>,
    /// How many evaluation periods have no value to count.
    missing: usize,
    oldest: usize,
}

impl Judged<'_> {
    fn decide(self) -> Option<Decision> {
        let to_alarm = self.condition.to_alarm() as usize;
        let breaching = self.real.iter().filter(|point| self.is_breaching(point)).count();
        let filled = |with: &str| Some((self.missing, with.to_owned())).filter(|(count, _)| *count > 0);
        match self.condition.missing() {
            _ if breaching >= to_alarm => Some(self.alarm(None)),
            Missing::Breaching if breaching + self.missing >= to_alarm => {
                Some(self.alarm(filled("Breaching")))
            }
            Missing::Breaching => Some(self.ok(filled("Breaching"))),
            Missing::NotBreaching => Some(self.ok(filled("NonBreaching"))),
            Missing::Ignore if self.real.is_empty() || self.is_premature(breaching) => None,
            Missing::Unknown if self.real.is_empty() => Some(self.insufficient()),
            Missing::Unknown if self.is_premature(breaching) => Some(self.alarm(None)),
            Missing::Ignore | Missing::Unknown => Some(self.ok(None)),
        }
    }

    fn is_breaching(&self, point: &Point) -> bool {
        self.condition.comparison.is_breached(point.value, self.condition.threshold)
    }

    /// Too few values, but all of them breach, and for long enough: were the missing ones there, they
    /// could only have made it worse or come too late.
    fn is_premature(&self, breaching: usize) -> bool {
        self.missing > 0 && breaching == self.real.len() && self.oldest >= self.condition.to_alarm() as usize
    }

    fn alarm(&self, filled: Option<(usize, String)>) -> Decision {
        let reason = self.reason(true, self.condition.to_alarm(), "OK -> ALARM", filled);
        Decision { state: State::Alarm, reason, evaluated: self.real.clone() }
    }

    fn ok(&self, filled: Option<(usize, String)>) -> Decision {
        let least = self.condition.evaluation_periods - self.condition.to_alarm() + 1;
        let reason = self.reason(false, least, "ALARM -> OK", filled);
        Decision { state: State::Ok, reason, evaluated: self.real.clone() }
    }

    fn insufficient(&self) -> Decision {
        let count = self.condition.evaluation_periods;
        let reason =
            format!("Insufficient Data: {} unknown.", counted(count as usize, "datapoint", "was", "were"));
        Decision { state: State::InsufficientData, reason, evaluated: Vec::new() }
    }

    fn reason(&self, breached: bool, least: u32, way: &str, filled: Option<(usize, String)>) -> String {
        let treated = filled.map(|(count, with)| {
            format!("{} treated as [{with}]", counted(count, "missing datapoint", "was", "were"))
        });
        if self.real.is_empty() {
            let periods = self.condition.evaluation_periods as usize;
            let periods = if periods == 1 { "1 period".to_owned() } else { format!("{periods} periods") };
            let treated = treated.unwrap_or_default();
            return format!("Threshold Crossed: no datapoints were received for {periods} and {treated}.");
        }
        let named: Vec<&Point> =
            self.real.iter().filter(|point| self.is_breaching(point) == breached).collect();
        let listed: Vec<String> = named.iter().map(|point| shown(point)).collect();
        let total = self.real.len();
        let datapoints = if total == 1 { "datapoint" } else { "datapoints" };
        let verb = match (named.len() == 1, breached) {
            (true, true) => "was",
            (true, false) => "was not",
            (false, true) => "were",
            (false, false) => "were not",
        };
        let Condition { comparison, threshold, .. } = self.condition;
        let compared = format!(
            "{} out of the last {total} {datapoints} [{}] {verb} {} the threshold ({threshold:?})",
            named.len(),
            listed.join(", "),
            Comparison::words(*comparison)
        );
        let treated = treated.map_or_else(String::new, |treated| format!(" and {treated}"));
        let minimum = if least == 1 { "datapoint" } else { "datapoints" };
        format!("Threshold Crossed: {compared}{treated} (minimum {least} {minimum} for {way} transition).")
    }
}

fn counted(count: usize, what: &str, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {what} {one}") } else { format!("{count} {what}s {many}") }
}

fn shown(point: &Point) -> String {
    format!("{:?} ({})", point.value, point.begin.format("%d/%m/%y %H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::super::model::{MetricSource, Source};
    use super::*;

    fn condition(to_alarm: u32, missing: Missing) -> Condition {
        let metric = MetricSource {
            namespace: "Shop".into(),
            name: "Orders".into(),
            dimensions: Vec::new(),
            period: 60,
            stat: "Sum".into(),
            unit: None,
        };
        Condition {
            source: Source::Metric(metric),
            comparison: Comparison::Above,
            threshold: 1.0,
            evaluation_periods: 3,
            datapoints_to_alarm: Some(to_alarm),
            missing: Some(missing),
            low_samples: None,
        }
    }

    /// `0` does not breach, `X` does, `-` is missing.
    fn values(text: &str) -> Vec<Option<Point>> {
        let value = |(index, symbol)| {
            let value = match symbol {
                "X" => 5.0,
                "0" => 0.0,
                _ => return None,
            };
            let begin = Timestamp::from_millis(1_767_225_600_000 + index as i64 * 60_000);
            Some(Point { begin, value, samples: None })
        };
        text.split(' ').enumerate().map(value).collect()
    }

    #[test]
    fn states_are_those_of_the_guides_tables() {
        const OK: Option<State> = Some(State::Ok);
        const ALARM: Option<State> = Some(State::Alarm);
        const KEPT: Option<State> = None;
        const NO_DATA: Option<State> = Some(State::InsufficientData);
        // Datapoints, datapoints to alarm, then the state for missing, ignore, breaching, notBreaching.
        for (text, to_alarm, states) in [
            ("0 - X - X", 3, [OK, OK, OK, OK]),
            ("0 - - - -", 3, [OK, OK, OK, OK]),
            ("- - - - -", 3, [NO_DATA, KEPT, ALARM, OK]),
            ("0 X X - X", 3, [ALARM, ALARM, ALARM, ALARM]),
            ("- - X - -", 3, [ALARM, KEPT, ALARM, OK]),
            ("0 - X - X", 2, [ALARM, ALARM, ALARM, ALARM]),
            ("0 0 X 0 X", 2, [ALARM, ALARM, ALARM, ALARM]),
            ("0 - X - -", 2, [OK, OK, ALARM, OK]),
            ("- - - - 0", 2, [OK, OK, ALARM, OK]),
            ("- - - X -", 2, [ALARM, KEPT, ALARM, OK]),
            ("- - - - X", 2, [OK, OK, ALARM, OK]),
            ("X X X 0 0", 2, [OK, OK, OK, OK]),
        ] {
            let treatments = [Missing::Unknown, Missing::Ignore, Missing::Breaching, Missing::NotBreaching];
            for (missing, state) in treatments.into_iter().zip(states) {
                let decision = decide(&condition(to_alarm, missing), None, &values(text));
                assert_eq!(decision.map(|decision| decision.state), state, "{text} {to_alarm} {missing:?}");
            }
        }
    }

    #[test]
    fn reasons_read_as_on_aws() {
        let reason =
            |condition: &Condition, text: &str| decide(condition, None, &values(text)).unwrap().reason;
        let two = condition(2, Missing::Unknown);
        assert_eq!(
            reason(&two, "0 0 X 0 X"),
            "Threshold Crossed: 2 out of the last 3 datapoints [5.0 (01/01/26 00:04:00), 5.0 (01/01/26 00:02:00)] \
             were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
        );
        assert_eq!(
            reason(&two, "- - X 0 0"),
            "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (01/01/26 00:04:00), 0.0 (01/01/26 00:03:00)] \
             were not greater than the threshold (1.0) (minimum 2 datapoints for ALARM -> OK transition)."
        );
        let one = |missing| Condition { evaluation_periods: 1, ..condition(1, missing) };
        assert_eq!(
            reason(&one(Missing::Unknown), "- - X"),
            "Threshold Crossed: 1 out of the last 1 datapoint [5.0 (01/01/26 00:02:00)] was greater than the \
             threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
        );
        assert_eq!(reason(&one(Missing::Unknown), "- - -"), "Insufficient Data: 1 datapoint was unknown.");
        assert_eq!(
            reason(&one(Missing::NotBreaching), "- - -"),
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as \
             [NonBreaching]."
        );
    }

    #[test]
    fn percentiles_of_few_samples_keep_the_state_where_asked() {
        let of = |samples: f64, low_samples| {
            let condition =
                Condition { low_samples, evaluation_periods: 1, ..condition(1, Missing::Unknown) };
            let begin = Timestamp::from_millis(0);
            let point = Some(Point { begin, value: 5.0, samples: Some(samples) });
            decide(&condition, Some(99.0), &[point]).map(|decision| decision.state)
        };
        assert_eq!(of(999.0, Some(LowSamples::Ignore)), None);
        assert_eq!(of(1_000.0, Some(LowSamples::Ignore)), Some(State::Alarm));
        assert_eq!(of(1.0, Some(LowSamples::Evaluate)), Some(State::Alarm));
        assert_eq!(of(1.0, None), Some(State::Alarm));
    }

    #[test]
    fn alarms_on_dynamodbs_metrics_keep_their_state_without_data() {
        let mut condition = condition(1, Missing::Breaching);
        if let Source::Metric(metric) = &mut condition.source {
            metric.namespace = "AWS/DynamoDB".into();
        }
        assert_eq!(decide(&condition, None, &values("- - - - -")), None);
    }
}
