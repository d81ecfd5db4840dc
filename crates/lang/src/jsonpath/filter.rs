//! Filters of paths: `?(@.price < 10 && @.name == 'x')`.
//!
//! What AWS leaves out of Jayway's filters is refused by name: regular expressions, `in`, `subsetof`
//! and their kin, and references to other nodes than `@`.

use std::cmp::Ordering;

use serde_json::Value;

use super::parse::{self, Reader};
use super::{PATH_DEPTH_MAX, Step, SyntaxError, select};

/// A condition on a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Vec<Step>),
    Compare(Operand, Operator, Operand),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Node(Vec<Step>),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longest first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Operators that Jayway has and AWS has not.
const REFUSED: [&str; 10] =
    ["=~", "in ", "nin ", "subsetof ", "anyof ", "noneof ", "size ", "empty ", "contains ", "==="];

/// Reads a condition up to its closing parenthesis.
pub(super) fn read(reader: &mut Reader<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    if depth > PATH_DEPTH_MAX {
        return Err(reader.error(format!("filters nest at most {PATH_DEPTH_MAX} deep")));
    }
    let any = read_chain(reader, "||", |reader| {
        let all = read_chain(reader, "&&", |reader| read_unary(reader, depth))?;
        Ok(single_or(all, Filter::All))
    })?;
    Ok(single_or(any, Filter::Any))
}

fn single_or(mut filters: Vec<Filter>, combine: fn(Vec<Filter>) -> Filter) -> Filter {
    match (filters.len(), filters.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            filters.extend(last);
            combine(filters)
        }
    }
}

fn read_chain(
    reader: &mut Reader<'_>,
    operator: &str,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<Filter, SyntaxError>,
) -> Result<Vec<Filter>, SyntaxError> {
    let mut items = vec![item(reader)?];
    loop {
        reader.skip_spaces();
        if !reader.eat(operator) {
            return Ok(items);
        }
        items.push(item(reader)?);
    }
}

fn read_unary(reader: &mut Reader<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    reader.skip_spaces();
    if depth > PATH_DEPTH_MAX {
        return Err(reader.error(format!("filters nest at most {PATH_DEPTH_MAX} deep")));
    }
    if reader.eat("!") {
        return Ok(Filter::Not(Box::new(read_unary(reader, depth + 1)?)));
    }
    if reader.eat("(") {
        let inner = read(reader, depth + 1)?;
        reader.skip_spaces();
        reader.expect(")")?;
        return Ok(inner);
    }
    read_comparison(reader, depth)
}

fn read_comparison(reader: &mut Reader<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    let left = read_operand(reader, depth)?;
    reader.skip_spaces();
    if let Some(operator) = REFUSED.iter().find(|operator| starts_with_ignoring_case(reader.rest(), operator))
    {
        let operator = operator.trim_end();
        return Err(
            reader.error(format!("the operator `{operator}` is not supported: use ==, !=, <, <=, > or >="))
        );
    }
    let operator = OPERATORS.into_iter().find(|(text, _)| reader.eat(text));
    match (operator, left) {
        (Some((_, operator)), left) => {
            reader.skip_spaces();
            Ok(Filter::Compare(left, operator, read_operand(reader, depth)?))
        }
        (None, Operand::Node(steps)) => Ok(Filter::Exists(steps)),
        (None, Operand::Literal(_)) => Err(reader.error("expected ==, !=, <, <=, > or >=")),
    }
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn read_operand(reader: &mut Reader<'_>, depth: usize) -> Result<Operand, SyntaxError> {
    match reader.peek() {
        Some('@') => {
            reader.next();
            let (steps, function) = parse::read_steps(reader, depth)?;
            match function {
                None => Ok(Operand::Node(steps)),
                Some(_) => Err(reader.error("functions are not supported in filters")),
            }
        }
        Some('$') => Err(reader.error("a filter refers to `@` only: other nodes are not supported")),
        Some('\'' | '"') => reader.quoted().map(|text| Operand::Literal(Value::String(text))),
        Some('-' | '0'..='9') => read_number(reader),
        _ => read_keyword(reader),
    }
}

fn read_number(reader: &mut Reader<'_>) -> Result<Operand, SyntaxError> {
    let start = reader.place();
    reader.take_while(|character| character.is_ascii_digit() || "+-.eE".contains(character));
    let number: serde_json::Number =
        reader.since(start).parse().map_err(|_| reader.error("expected a number"))?;
    Ok(Operand::Literal(Value::Number(number)))
}

fn read_keyword(reader: &mut Reader<'_>) -> Result<Operand, SyntaxError> {
    for (text, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
        if reader.eat(text) {
            return Ok(Operand::Literal(value));
        }
    }
    Err(reader.error("expected `@`, a text in quotes, a number, true, false or null"))
}

impl Filter {
    /// Whether a node satisfies the condition.
    pub(super) fn matches(&self, node: &Value) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(node)),
            Self::All(filters) => filters.iter().all(|filter| filter.matches(node)),
            Self::Not(filter) => !filter.matches(node),
            Self::Exists(steps) => !select::find(steps, node).is_empty(),
            Self::Compare(left, operator, right) => {
                compare(left.value(node).as_ref(), *operator, right.value(node).as_ref())
            }
        }
    }
}

impl Operand {
    /// The value; none where the node has nothing there.
    fn value(&self, node: &Value) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Node(steps) => {
                let mut found = select::find(steps, node);
                if select::is_definite(steps) { found.pop() } else { Some(Value::Array(found)) }
            }
        }
    }
}

fn compare(left: Option<&Value>, operator: Operator, right: Option<&Value>) -> bool {
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => !equal(left, right),
        _ => match (left, right) {
            (Some(left), Some(right)) => order(left, right).is_some_and(|order| match operator {
                Operator::Less => order.is_lt(),
                Operator::LessOrEqual => order.is_le(),
                Operator::Greater => order.is_gt(),
                _ => order.is_ge(),
            }),
            _ => false,
        },
    }
}

fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
        // Jayway reads the text as a number, or the number as text, whichever stands on the left.
        (Some(Value::Number(left)), Some(Value::String(right))) => left.as_f64() == right.parse().ok(),
        (Some(Value::String(left)), Some(Value::Number(right))) => *left == right.to_string(),
        (left, right) => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
