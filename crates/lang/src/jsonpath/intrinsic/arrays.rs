//! The functions on arrays.

use std::collections::HashSet;

use serde_json::Value;

use super::arguments::{array, expected, integer};

/// How many items `States.ArrayRange` may make (`intrinsic-functions.html`).
const RANGE_LENGTH_MAX: usize = 1_000;

pub(super) fn contains(values: &[Value]) -> Result<Value, String> {
    let wanted = canonical(&values[1]);
    Ok(array(values, 0)?.iter().any(|item| canonical(item) == wanted).into())
}

pub(super) fn get_item(values: &[Value]) -> Result<Value, String> {
    let (items, index) = (array(values, 0)?, integer(values, 1)?);
    let item = usize::try_from(index).ok().and_then(|index| items.get(index));
    item.cloned()
        .ok_or_else(|| format!("Index {index} is out of bounds for an array of {} items", items.len()))
}

pub(super) fn length(values: &[Value]) -> Result<Value, String> {
    Ok(array(values, 0)?.len().into())
}

pub(super) fn partition(values: &[Value]) -> Result<Value, String> {
    let (items, size) = (array(values, 0)?, integer(values, 1)?);
    let size = usize::try_from(size).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| expected(values, 1, "a positive integer"))?;
    Ok(items.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect())
}

pub(super) fn range(values: &[Value]) -> Result<Value, String> {
    let (first, last, step) = (integer(values, 0)?, integer(values, 1)?, integer(values, 2)?);
    if step == 0 {
        return Err(expected(values, 2, "other than zero"));
    }
    let mut items = Vec::new();
    let mut next = Some(first);
    while let Some(item) = next.filter(|item| if step > 0 { *item <= last } else { *item >= last }) {
        if items.len() == RANGE_LENGTH_MAX {
            return Err(format!("Arrays cannot contain more than {RANGE_LENGTH_MAX} items"));
        }
        items.push(item.into());
        next = item.checked_add(step);
    }
    Ok(Value::Array(items))
}

/// The items without those that came before, in their order.
pub(super) fn unique(values: &[Value]) -> Result<Value, String> {
    let mut seen = HashSet::new();
    Ok(array(values, 0)?.iter().filter(|item| seen.insert(canonical(item))).cloned().collect())
}

/// A text that two values share where they are equal: whole doubles as integers, keys in order.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(double) if number.is_f64() && double.fract() == 0.0 => format!("{double:.0}"),
            _ => number.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<String> = members
                .iter()
                .map(|(key, member)| format!("{}:{}", Value::from(key.as_str()), canonical(member)))
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}
