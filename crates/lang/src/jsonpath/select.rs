//! Finds the values that a path leads to, with Jayway's rules for what is an error.

use serde_json::{Map, Number, Value};

use super::{Function, Path, Step};

/// The value (definite) or the list of values (indefinite), or why there is none.
pub(super) fn select(path: &Path, origin: &Value) -> Result<Value, String> {
    let definite = is_definite(&path.steps);
    let mut found = Vec::new();
    Walk { steps: &path.steps, found: &mut found }.go(0, origin, true)?;
    let selected = if definite {
        found.pop().ok_or_else(|| format!("No results for path: {}", canonical(&path.steps)))?
    } else {
        Value::Array(found)
    };
    match path.function {
        Some(function) => apply(function, selected),
        None => Ok(selected),
    }
}

/// Every value that steps lead to from here; a step that does not fit leads nowhere.
pub(super) fn find(steps: &[Step], origin: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    // With an indefinite beginning nothing is an error.
    let walked = Walk { steps, found: &mut found }.go(0, origin, false);
    debug_assert!(walked.is_ok());
    found
}

/// Whether steps lead to one value at most.
pub(super) fn is_definite(steps: &[Step]) -> bool {
    let last = steps.len().saturating_sub(1);
    steps.iter().enumerate().all(|(index, step)| match step {
        Step::Properties(names) => names.len() == 1 || index == last,
        Step::Indices(indices) => indices.len() == 1,
        Step::Wildcard | Step::Slice(..) | Step::Filter(_) | Step::Scan => false,
    })
}

/// Steps as Jayway writes them in its errors.
fn canonical(steps: &[Step]) -> String {
    let mut text = "$".to_owned();
    for step in steps {
        match step {
            Step::Properties(names) => text.push_str(&fragment(names)),
            Step::Wildcard => text.push_str("[*]"),
            Step::Indices(indices) => text.push_str(&index_fragment(indices)),
            Step::Slice(from, to) => {
                let bound = |bound: &Option<i64>| bound.map_or_else(String::new, |bound| bound.to_string());
                text.push_str(&format!("[{}:{}]", bound(from), bound(to)));
            }
            Step::Filter(_) => text.push_str("[?]"),
            Step::Scan => text.push_str(".."),
        }
    }
    text
}

fn fragment(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    format!("[{}]", quoted.join(","))
}

fn index_fragment(indices: &[i64]) -> String {
    let written: Vec<String> = indices.iter().map(i64::to_string).collect();
    format!("[{}]", written.join(","))
}

struct Walk<'a> {
    steps: &'a [Step],
    found: &'a mut Vec<Value>,
}

impl Walk<'_> {
    /// Goes from step `at` on, at `node`. While everything so far was `definite`, what is missing is
    /// an error; afterwards it is left out.
    fn go(&mut self, at: usize, node: &Value, definite: bool) -> Result<(), String> {
        let Some(step) = self.steps.get(at) else {
            self.found.push(node.clone());
            return Ok(());
        };
        match step {
            Step::Properties(names) => self.properties(at, names, node, definite),
            Step::Wildcard => self.each(at, children(node), false),
            Step::Indices(indices) => self.indices(at, indices, node, definite),
            Step::Slice(from, to) => {
                match self
                    .array(at, node, definite, &|| canonical(std::slice::from_ref(step))[1..].to_owned())?
                {
                    Some(items) => self.each(at, slice(items, *from, *to).iter(), false),
                    None => Ok(()),
                }
            }
            Step::Filter(filters) => self.filter(at, filters, node, definite),
            Step::Scan => self.scan(at, node),
        }
    }

    fn each<'v>(
        &mut self,
        at: usize,
        nodes: impl Iterator<Item = &'v Value>,
        definite: bool,
    ) -> Result<(), String> {
        for node in nodes {
            self.go(at + 1, node, definite)?;
        }
        Ok(())
    }

    fn properties(
        &mut self,
        at: usize,
        names: &[String],
        node: &Value,
        definite: bool,
    ) -> Result<(), String> {
        let Value::Object(members) = node else {
            if !definite {
                return Ok(());
            }
            return Err(format!(
                "Expected to find an object with property {} in path {} but found '{}'. This is not a json object \
                 according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.",
                fragment(names),
                canonical(&self.steps[..at]),
                java_class(node)
            ));
        };
        let is_last = at + 1 == self.steps.len();
        match names {
            [name] => match members.get(name) {
                Some(member) => self.go(at + 1, member, definite),
                None if definite && !is_last => {
                    Err(format!("Missing property in path {}", canonical(&self.steps[..=at])))
                }
                None => Ok(()),
            },
            // At the end of a path, several names make one object of those that are there.
            names if is_last => {
                let chosen = names.iter().filter_map(|name| Some((name.clone(), members.get(name)?.clone())));
                self.found.push(Value::Object(chosen.collect()));
                Ok(())
            }
            names => self.each(at, names.iter().filter_map(|name| members.get(name)), false),
        }
    }

    fn indices(&mut self, at: usize, indices: &[i64], node: &Value, definite: bool) -> Result<(), String> {
        let Some(items) = self.array(at, node, definite, &|| index_fragment(indices))? else {
            return Ok(());
        };
        let chosen = indices.iter().filter_map(|index| items.get(offset(*index, items.len())?));
        self.each(at, chosen, definite && indices.len() == 1)
    }

    fn array<'v>(
        &self,
        at: usize,
        node: &'v Value,
        definite: bool,
        fragment: &dyn Fn() -> String,
    ) -> Result<Option<&'v [Value]>, String> {
        match node {
            Value::Array(items) => Ok(Some(items)),
            _ if !definite => Ok(None),
            Value::Null => Err(format!("The path {} is null", canonical(&self.steps[..at]))),
            other => Err(format!(
                "Filter: {} can only be applied to arrays. Current context is: {other}",
                fragment()
            )),
        }
    }

    /// A filter tries the items of an array, or an object itself. `@` stands for objects only: AWS
    /// does not match scalars.
    fn filter(
        &mut self,
        at: usize,
        filters: &[super::filter::Filter],
        node: &Value,
        definite: bool,
    ) -> Result<(), String> {
        let matches = |node: &Value| node.is_object() && filters.iter().any(|filter| filter.matches(node));
        match node {
            Value::Array(items) => self.each(at, items.iter().filter(|item| matches(item)), false),
            Value::Object(_) if matches(node) => self.go(at + 1, node, false),
            Value::Object(_) => Ok(()),
            _ if !definite => Ok(()),
            other => {
                Err(format!("Filter: [?] can not be applied to primitives. Current context is: {other}"))
            }
        }
    }

    /// The steps after `..` are tried here and at everything below, parents first.
    fn scan(&mut self, at: usize, node: &Value) -> Result<(), String> {
        // A filter looks at each object by itself: through its array it would come twice.
        let comes_later = matches!(self.steps.get(at + 1), Some(Step::Filter(_))) && node.is_array();
        if !comes_later {
            self.go(at + 1, node, false)?;
        }
        for child in children(node) {
            self.scan(at, child)?;
        }
        Ok(())
    }
}

fn children(node: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match node {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The place of an index, counted from the end where it is negative.
pub(super) fn offset(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let place = if index < 0 { index.checked_add(length)? } else { index };
    usize::try_from(place).ok()
}

fn slice(items: &[Value], from: Option<i64>, to: Option<i64>) -> &[Value] {
    let clamp = |bound: i64| {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let place = if bound < 0 { bound.saturating_add(length) } else { bound };
        usize::try_from(place.clamp(0, length)).unwrap_or_default()
    };
    let (from, to) = (from.map_or(0, clamp), to.map_or(items.len(), clamp));
    items.get(from..to).unwrap_or_default()
}

fn java_class(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_f64() => "java.lang.Double",
        Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
            "java.lang.Integer"
        }
        Value::Number(_) => "java.lang.Long",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}

fn apply(function: Function, value: Value) -> Result<Value, String> {
    match (function, value) {
        (Function::Length, Value::Array(items)) => Ok(items.len().into()),
        (Function::Length, Value::Object(members)) => Ok(members.len().into()),
        (Function::Length, Value::String(text)) => Ok(text.chars().count().into()),
        (Function::Keys, Value::Object(members)) => Ok(keys(&members)),
        (Function::First, Value::Array(items)) => items.into_iter().next().ok_or_else(no_numbers),
        (Function::Last, Value::Array(items)) => items.into_iter().next_back().ok_or_else(no_numbers),
        (Function::Length | Function::Keys | Function::First | Function::Last, _) => Ok(Value::Null),
        (function, Value::Array(items)) => aggregate(function, &items),
        (_, _) => Err(no_numbers()),
    }
}

fn keys(members: &Map<String, Value>) -> Value {
    members.keys().cloned().map(Value::String).collect()
}

fn no_numbers() -> String {
    "Aggregation function attempted to calculate value using empty array".to_owned()
}

fn aggregate(function: Function, items: &[Value]) -> Result<Value, String> {
    let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
    if numbers.is_empty() {
        return Err(no_numbers());
    }
    let sum: f64 = numbers.iter().sum();
    let mean = sum / numbers.len() as f64;
    let value = match function {
        Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Function::Sum => sum,
        Function::StandardDeviation => {
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            (squares / numbers.len() as f64).sqrt()
        }
        _ => mean,
    };
    Number::from_f64(value).map(Value::Number).ok_or_else(no_numbers)
}
