//! From a tree and series to a value.

use std::collections::BTreeMap;

use updraft_types::Timestamp;

use super::parse::{Function, Node, Operator};
use super::{Inputs, MathError, Series, Value};

pub(super) fn evaluate(node: &Node, inputs: &Inputs<'_>) -> Result<Value, MathError> {
    match node {
        Node::Number(number) => Ok(Value::Scalar(*number)),
        Node::Text(_) => Err(MathError::new("a text cannot be computed with")),
        Node::Id(id) => (inputs.named)(id).ok_or_else(|| MathError::new(format!("unknown id '{id}'"))),
        Node::Negative(node) => map(evaluate(node, inputs)?, |value| -value),
        Node::Binary(operator, left, right) => {
            combine(evaluate(left, inputs)?, evaluate(right, inputs)?, |a, b| operator.apply(a, b))
        }
        Node::List(nodes) => {
            let series = nodes.iter().map(|node| series(evaluate(node, inputs)?));
            Ok(Value::Many(series.collect::<Result<_, _>>()?))
        }
        Node::Call(function, arguments) => call(*function, arguments, inputs),
    }
}

fn call(function: Function, arguments: &[Node], inputs: &Inputs<'_>) -> Result<Value, MathError> {
    let only = || match arguments {
        [one] => evaluate(one, inputs),
        _ => Err(MathError::new("the function takes one argument")),
    };
    match function {
        Function::Abs => map(only()?, f64::abs),
        Function::Log => map(only()?, f64::ln),
        Function::Log10 => map(only()?, f64::log10),
        Function::StdDev => gather(only()?, deviation),
        Function::DataPointCount => gather(only()?, |values| values.len() as f64),
        Function::MetricCount => count(only()?),
        Function::DiffTime => {
            let secs = |millis: i64, _: f64, _: f64| millis as f64 / 1_000.0;
            Ok(Value::Series(steps(&series(only()?)?, secs)))
        }
        Function::RunningSum => Ok(Value::Series(running_sum(series(only()?)?))),
        Function::First => pick(only()?, |many| many.next()),
        Function::Last => pick(only()?, |many| many.next_back()),
        Function::RemoveEmpty => match only()? {
            Value::Many(many) => Ok(Value::Many(many.into_iter().filter(|one| !one.is_empty()).collect())),
            other => Ok(other),
        },
        Function::TimeSeries => match only()? {
            Value::Scalar(number) => {
                Ok(Value::Series(inputs.times.iter().map(|time| (*time, number)).collect()))
            }
            other => Ok(other),
        },
        Function::Epoch => of_time(only()?, |at| at.secs() as f64),
        Function::Minute => of_time(only()?, |at| calendar(at, "%M")),
        Function::Hour => of_time(only()?, |at| calendar(at, "%H")),
        Function::Day => of_time(only()?, |at| calendar(at, "%u")),
        Function::Date => of_time(only()?, |at| calendar(at, "%d")),
        Function::Month => of_time(only()?, |at| calendar(at, "%m")),
        Function::Year => of_time(only()?, |at| calendar(at, "%Y")),
        Function::Ceil => map(only()?, f64::ceil),
        Function::Floor => map(only()?, f64::floor),
        Function::Sum => gather(only()?, |values| values.iter().sum()),
        Function::Avg => gather(only()?, |values| values.iter().sum::<f64>() / values.len() as f64),
        Function::Max => gather(only()?, |values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        Function::Min => gather(only()?, |values| values.iter().copied().fold(f64::INFINITY, f64::min)),
        Function::Diff => Ok(Value::Series(steps(&series(only()?)?, |_, before, after| after - before))),
        Function::Rate => {
            let per_second =
                |millis: i64, before: f64, after: f64| (after - before) / (millis as f64 / 1_000.0);
            Ok(Value::Series(steps(&series(only()?)?, per_second)))
        }
        Function::Metrics => metrics(arguments, inputs),
        Function::Fill => fill(arguments, inputs),
        Function::If => choose(arguments, inputs),
    }
}

impl Operator {
    /// The result; none where there is no number, as after a division by zero.
    fn apply(self, left: f64, right: f64) -> Option<f64> {
        let truth = |holds: bool| f64::from(u8::from(holds));
        let result = match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessOrEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Or => truth(left != 0.0 || right != 0.0),
        };
        result.is_finite().then_some(result)
    }
}

fn series(value: Value) -> Result<Series, MathError> {
    match value {
        Value::Series(series) => Ok(series),
        Value::Scalar(_) | Value::Many(_) => Err(MathError::new("a single time series is needed here")),
    }
}

/// Each value by a function; where that gives no number there is no value.
fn map(value: Value, function: impl Fn(f64) -> f64) -> Result<Value, MathError> {
    let finite = |value: f64| Some(function(value)).filter(|value| value.is_finite());
    let each = |series: Series| {
        series.into_iter().filter_map(|(time, value)| Some((time, finite(value)?))).collect()
    };
    Ok(match value {
        Value::Scalar(number) => {
            Value::Scalar(finite(number).ok_or_else(|| MathError::new("the result is no number"))?)
        }
        Value::Series(series) => Value::Series(each(series)),
        Value::Many(many) => Value::Many(many.into_iter().map(each).collect()),
    })
}

/// Two values as one. Of two series, only the times count at which both have a value.
fn combine(left: Value, right: Value, with: impl Fn(f64, f64) -> Option<f64>) -> Result<Value, MathError> {
    let each = |series: Series, with: &dyn Fn(f64) -> Option<f64>| {
        series.into_iter().filter_map(|(time, value)| Some((time, with(value)?))).collect()
    };
    Ok(match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => {
            Value::Scalar(with(left, right).ok_or_else(|| MathError::new("the result is no number"))?)
        }
        (Value::Scalar(left), Value::Series(right)) => Value::Series(each(right, &|value| with(left, value))),
        (Value::Series(left), Value::Scalar(right)) => Value::Series(each(left, &|value| with(value, right))),
        (Value::Series(left), Value::Series(right)) => {
            let both =
                left.into_iter().filter_map(|(time, value)| Some((time, with(value, *right.get(&time)?)?)));
            Value::Series(both.collect())
        }
        _ => {
            return Err(MathError::new(
                "several time series cannot be computed with at once; gather them first",
            ));
        }
    })
}

/// A series to one number; several series to one series.
fn gather(value: Value, function: impl Fn(&[f64]) -> f64) -> Result<Value, MathError> {
    match value {
        Value::Scalar(_) => Err(MathError::new("the function needs time series")),
        Value::Series(series) if series.is_empty() => Ok(Value::Series(Series::new())),
        Value::Series(series) => Ok(Value::Scalar(function(&series.into_values().collect::<Vec<_>>()))),
        Value::Many(many) => {
            let mut by_time: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (time, value) in many.into_iter().flatten() {
                by_time.entry(time).or_default().push(value);
            }
            Ok(Value::Series(by_time.into_iter().map(|(time, values)| (time, function(&values))).collect()))
        }
    }
}

/// What happens from each value to the next.
fn steps(series: &Series, step: impl Fn(i64, f64, f64) -> f64) -> Series {
    let pairs = series.iter().zip(series.iter().skip(1));
    pairs.map(|((t0, before), (t1, after))| (*t1, step(t1 - t0, *before, *after))).collect()
}

/// The standard deviation of a whole, not of a sample.
fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

fn count(value: Value) -> Result<Value, MathError> {
    match value {
        Value::Many(many) => Ok(Value::Scalar(many.len() as f64)),
        Value::Series(_) => Ok(Value::Scalar(1.0)),
        Value::Scalar(_) => Err(MathError::new("the function needs time series")),
    }
}

fn running_sum(series: Series) -> Series {
    let mut sum = 0.0;
    let add = |(time, value)| {
        sum += value;
        (time, sum)
    };
    series.into_iter().map(add).collect()
}

/// One series of several.
fn pick(
    value: Value,
    pick: impl Fn(&mut std::vec::IntoIter<Series>) -> Option<Series>,
) -> Result<Value, MathError> {
    match value {
        Value::Many(many) => Ok(Value::Series(pick(&mut many.into_iter()).unwrap_or_default())),
        Value::Series(series) => Ok(Value::Series(series)),
        Value::Scalar(_) => Err(MathError::new("the function needs time series")),
    }
}

/// The times of a series as values.
fn of_time(value: Value, read: impl Fn(Timestamp) -> f64) -> Result<Value, MathError> {
    let times = series(value)?.into_keys();
    Ok(Value::Series(times.map(|time| (time, read(Timestamp::from_millis(time)))).collect()))
}

/// A number of the calendar, in UTC.
fn calendar(at: Timestamp, pattern: &str) -> f64 {
    at.format(pattern).parse().unwrap_or_default()
}

fn metrics(arguments: &[Node], inputs: &Inputs<'_>) -> Result<Value, MathError> {
    let part = match arguments {
        [] => "",
        [Node::Text(part)] => part,
        _ => return Err(MathError::new("METRICS takes a text or nothing")),
    };
    let wanted = inputs.metrics.iter().filter(|(id, _)| id.contains(part));
    Ok(Value::Many(wanted.map(|(_, series)| (*series).clone()).collect()))
}

fn fill(arguments: &[Node], inputs: &Inputs<'_>) -> Result<Value, MathError> {
    let [filled, with] = arguments else { return Err(MathError::new("FILL takes two arguments")) };
    let known = series(evaluate(filled, inputs)?)?;
    let with = Filling::of(with, inputs)?;
    let mut full = known.clone();
    for time in inputs.times {
        if !known.contains_key(time)
            && let Some(value) = with.at(&known, *time)
        {
            full.insert(*time, value);
        }
    }
    Ok(Value::Series(full))
}

/// What `FILL` puts where a value is missing.
enum Filling {
    /// The value before.
    Repeat,
    /// What lies between the value before and the one after.
    Linear,
    Number(f64),
    Series(Series),
}

impl Filling {
    fn of(node: &Node, inputs: &Inputs<'_>) -> Result<Self, MathError> {
        match node {
            Node::Id(word) if word == "REPEAT" => Ok(Self::Repeat),
            Node::Id(word) if word == "LINEAR" => Ok(Self::Linear),
            node => match evaluate(node, inputs)? {
                Value::Scalar(number) => Ok(Self::Number(number)),
                Value::Series(series) => Ok(Self::Series(series)),
                Value::Many(_) => Err(MathError::new("FILL takes a number, a time series, REPEAT or LINEAR")),
            },
        }
    }

    fn at(&self, known: &Series, time: i64) -> Option<f64> {
        let before = known.range(..=time).next_back();
        match self {
            Self::Repeat => before.map(|(_, value)| *value),
            Self::Linear => {
                let (first, last) = before.zip(known.range(time..).next())?;
                let share = (time - first.0) as f64 / (last.0 - first.0).max(1) as f64;
                Some(first.1 + (last.1 - first.1) * share)
            }
            Self::Number(number) => Some(*number),
            Self::Series(series) => series.get(&time).copied(),
        }
    }
}

fn choose(arguments: &[Node], inputs: &Inputs<'_>) -> Result<Value, MathError> {
    let (condition, then, otherwise) = match arguments {
        [condition, then] => (condition, then, None),
        [condition, then, otherwise] => (condition, then, Some(evaluate(otherwise, inputs)?)),
        _ => return Err(MathError::new("IF takes two or three arguments")),
    };
    let (condition, then) = (evaluate(condition, inputs)?, evaluate(then, inputs)?);
    let at = |value: &Value, time: i64| match value {
        Value::Scalar(number) => Some(*number),
        Value::Series(series) => series.get(&time).copied(),
        Value::Many(_) => None,
    };
    let Value::Series(conditions) = &condition else {
        return match condition {
            Value::Scalar(truth) if truth != 0.0 => Ok(then),
            Value::Scalar(_) => Ok(otherwise.unwrap_or(Value::Series(Series::new()))),
            _ => Err(MathError::new("the condition of IF is a number or a time series")),
        };
    };
    let chosen = conditions.iter().filter_map(|(time, truth)| {
        let value = if *truth == 0.0 { otherwise.as_ref() } else { Some(&then) };
        Some((*time, at(value?, *time)?))
    });
    Ok(Value::Series(chosen.collect()))
}
