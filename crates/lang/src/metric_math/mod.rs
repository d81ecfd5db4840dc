//! Metric math of CloudWatch: what can be computed from series of values.
//!
//! Arithmetic (`+ - * / ^`), comparisons, `AND`/`OR`, and the functions named in
//! [`parse::Function`]; as in "Using math expressions with CloudWatch metrics", CloudWatch user
//! guide (`using-metric-math.html`), read 2026-11. Other functions are refused by name.

mod evaluate;
mod parse;

use std::collections::BTreeMap;

/// The longest expression (`MetricExpression` in the API model).
pub const EXPRESSION_LENGTH_MAX: usize = 2_048;

/// Values by time, in milliseconds.
pub type Series = BTreeMap<i64, f64>;

/// What an expression stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(f64),
    /// Values over time.
    Series(Series),
    /// Several series.
    Many(Vec<Series>),
}

/// Why an expression cannot be read or worked out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MathError(String);

impl MathError {
    /// An error that says this.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// An expression, read.
///
/// ```
/// use updraft_lang::metric_math::{Expression, Inputs, Value};
/// let rate: Expression = "100 * errors / all".parse().unwrap();
/// let series = |value| Value::Series([(0, value)].into());
/// let named = |id: &str| Some(series(if id == "all" { 50.0 } else { 1.0 }));
/// let value = rate.evaluate(&Inputs { named: &named, metrics: &[], times: &[0] }).unwrap();
/// assert_eq!(value, series(2.0));
/// ```
#[derive(Debug)]
pub struct Expression(parse::Node);

/// What an expression is worked out from.
pub struct Inputs<'a> {
    /// The value of each id.
    pub named: &'a dyn Fn(&str) -> Option<Value>,
    /// The metrics of the request, with their ids: what `METRICS()` stands for.
    pub metrics: &'a [(&'a str, &'a Series)],
    /// The beginnings of all periods asked for, in order: what `FILL` fills.
    pub times: &'a [i64],
}

impl std::str::FromStr for Expression {
    type Err = MathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().count() > EXPRESSION_LENGTH_MAX {
            return Err(MathError::new(format!(
                "an expression has at most {EXPRESSION_LENGTH_MAX} characters"
            )));
        }
        parse::parse(text).map(Self)
    }
}

impl Expression {
    /// Works the expression out.
    pub fn evaluate(&self, inputs: &Inputs<'_>) -> Result<Value, MathError> {
        evaluate::evaluate(&self.0, inputs)
    }

    /// The ids that the expression names.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        self.0.collect_ids(&mut ids);
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(pairs: &[(i64, f64)]) -> Value {
        Value::Series(pairs.iter().copied().collect())
    }

    fn worked_out(text: &str) -> Result<Value, MathError> {
        let m1: Series = [(0, 10.0), (60_000, 20.0), (180_000, 40.0)].into();
        let m2: Series = [(0, 2.0), (60_000, 0.0), (120_000, 4.0)].into();
        let named = |id: &str| match id {
            "m1" => Some(Value::Series(m1.clone())),
            "m2" => Some(Value::Series(m2.clone())),
            _ => None,
        };
        let metrics = [("m1", &m1), ("m2", &m2)];
        let times = [0, 60_000, 120_000, 180_000];
        text.parse::<Expression>()?.evaluate(&Inputs { named: &named, metrics: &metrics, times: &times })
    }

    #[test]
    fn expressions_are_worked_out_time_by_time() {
        for (text, wanted) in [
            ("1 + 2 * 3 ^ 2", Value::Scalar(19.0)),
            ("-2 ^ 2", Value::Scalar(-4.0)),
            ("(1 + 2) * -3", Value::Scalar(-9.0)),
            ("m1 + m2", series(&[(0, 12.0), (60_000, 20.0)])),
            // Where the divisor is zero there is no value.
            ("m1 / m2", series(&[(0, 5.0)])),
            ("100 * m2 / m1", series(&[(0, 20.0), (60_000, 0.0)])),
            ("SUM(m1)", Value::Scalar(70.0)),
            ("AVG(m2)", Value::Scalar(2.0)),
            ("SUM(METRICS())", series(&[(0, 12.0), (60_000, 20.0), (120_000, 4.0), (180_000, 40.0)])),
            ("MAX([m1, m2])", series(&[(0, 10.0), (60_000, 20.0), (120_000, 4.0), (180_000, 40.0)])),
            ("MIN([m1, m2])", series(&[(0, 2.0), (60_000, 0.0), (120_000, 4.0), (180_000, 40.0)])),
            ("SUM(METRICS(\"m2\"))", series(&[(0, 2.0), (60_000, 0.0), (120_000, 4.0)])),
            ("m1 / FILL(m2, 1)", series(&[(0, 5.0), (180_000, 40.0)])),
            ("FILL(m1, 0)", series(&[(0, 10.0), (60_000, 20.0), (120_000, 0.0), (180_000, 40.0)])),
            ("FILL(m1, REPEAT)", series(&[(0, 10.0), (60_000, 20.0), (120_000, 20.0), (180_000, 40.0)])),
            ("FILL(m1, LINEAR)", series(&[(0, 10.0), (60_000, 20.0), (120_000, 30.0), (180_000, 40.0)])),
            ("m1 > 15", series(&[(0, 0.0), (60_000, 1.0), (180_000, 1.0)])),
            ("IF(m1 > 15, m1, 0)", series(&[(0, 0.0), (60_000, 20.0), (180_000, 40.0)])),
            ("IF(m1 >= 20 AND m1 != 40, m1)", series(&[(60_000, 20.0)])),
            ("DIFF(m1)", series(&[(60_000, 10.0), (180_000, 20.0)])),
            ("RATE(m1) * 60", series(&[(60_000, 10.0), (180_000, 10.0)])),
            ("LOG10(m1 * 10)", series(&[(0, 2.0), (60_000, 200_f64.log10()), (180_000, 400_f64.log10())])),
            // There is no logarithm of zero.
            ("LOG(m2 / 2)", series(&[(0, 0.0), (120_000, 2_f64.ln())])),
            ("STDDEV(m2)", Value::Scalar((8.0_f64 / 3.0).sqrt())),
            ("DATAPOINT_COUNT(m1)", Value::Scalar(3.0)),
            ("METRIC_COUNT(METRICS())", Value::Scalar(2.0)),
            ("DIFF_TIME(m1)", series(&[(60_000, 60.0), (180_000, 120.0)])),
            ("RUNNING_SUM(m1)", series(&[(0, 10.0), (60_000, 30.0), (180_000, 70.0)])),
            ("FIRST([m2, m1])", series(&[(0, 2.0), (60_000, 0.0), (120_000, 4.0)])),
            ("LAST(METRICS()) - m2", series(&[(0, 0.0), (60_000, 0.0), (120_000, 0.0)])),
            ("TIME_SERIES(1)", series(&[(0, 1.0), (60_000, 1.0), (120_000, 1.0), (180_000, 1.0)])),
            (
                "SUM(REMOVE_EMPTY([m2, m1 > 1]))",
                series(&[(0, 3.0), (60_000, 1.0), (120_000, 4.0), (180_000, 1.0)]),
            ),
            ("MINUTE(m1) + EPOCH(m1) * 0", series(&[(0, 0.0), (60_000, 1.0), (180_000, 3.0)])),
            // 1970 began on a Thursday.
            (
                "YEAR(m2) * 0 + DAY(m2) + HOUR(m2) + DATE(m2) + MONTH(m2)",
                series(&[(0, 6.0), (60_000, 6.0), (120_000, 6.0)]),
            ),
            ("FILL(m1, m2)", series(&[(0, 10.0), (60_000, 20.0), (120_000, 4.0), (180_000, 40.0)])),
            ("ABS(0 - m1) + CEIL(0.2) + FLOOR(0.9)", series(&[(0, 11.0), (60_000, 21.0), (180_000, 41.0)])),
        ] {
            assert_eq!(worked_out(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_worked_out_is_refused() {
        for text in [
            "",
            "1 +",
            "(1",
            "m9",
            "SUM()",
            "SUM(1)",
            "[m1",
            "m1 m2",
            "IF(1)",
            "m1 + METRICS()",
            "FILL(1, 2)",
        ] {
            assert!(worked_out(text).is_err(), "{text}");
        }
        assert!(worked_out(&"(".repeat(500)).is_err());
        assert!(worked_out(&"-".repeat(500)).is_err());
        let message = worked_out("SEARCH('x', 'Sum')").unwrap_err().to_string();
        assert!(message.contains("SEARCH"), "{message}");
    }

    #[test]
    fn the_ids_of_an_expression_are_known() {
        let expression: Expression = "SUM([m1, m2]) / IF(e1 > 0, e1)".parse().unwrap();
        assert_eq!(expression.ids(), ["m1", "m2", "e1", "e1"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-c0-2()+*/^<>=!&|,.\\[\\]\" -]{0,24}") {
            let _ = worked_out(&text);
        }
    }
}
