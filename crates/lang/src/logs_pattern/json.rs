//! JSON patterns: `{ $.a = 1 && ($.b[0].c = "x*" || $.d NOT EXISTS) }`.

use serde_json::Value;

use super::PatternError;
use super::compare::Test;
use super::cursor::Cursor;

/// How deep parentheses may nest.
const DEPTH_MAX: usize = 32;

/// What a message must be.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Is(Vec<Step>, Demand),
}

/// A step from a value to one in it.
#[derive(Debug)]
pub(super) enum Step {
    Member(String),
    Element(usize),
    EveryElement,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Demand {
    Test(Test),
    True,
    False,
    Null,
    Absent,
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Condition, PatternError> {
    cursor.expect("{")?;
    let condition = any(cursor, 0)?;
    cursor.expect("}")?;
    Ok(condition)
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, PatternError> {
    let mut conditions = vec![all(cursor, depth)?];
    loop {
        cursor.skip_space();
        if !cursor.take("||") {
            return Ok(Condition::Any(conditions));
        }
        conditions.push(all(cursor, depth)?);
    }
}

fn all(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, PatternError> {
    let mut conditions = vec![one(cursor, depth)?];
    loop {
        cursor.skip_space();
        if !cursor.take("&&") {
            return Ok(Condition::All(conditions));
        }
        conditions.push(one(cursor, depth)?);
    }
}

fn one(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, PatternError> {
    cursor.skip_space();
    if cursor.take("(") {
        if depth == DEPTH_MAX {
            return Err(PatternError::new("Invalid filter pattern: parentheses nest too deep"));
        }
        let condition = any(cursor, depth + 1)?;
        cursor.expect(")")?;
        return Ok(condition);
    }
    let steps = selector(cursor)?;
    cursor.skip_space();
    let demand = if cursor.take("IS") {
        cursor.skip_space();
        match cursor.take_while(char::is_alphabetic) {
            "TRUE" => Demand::True,
            "FALSE" => Demand::False,
            "NULL" => Demand::Null,
            _ => return Err(cursor.unexpected("TRUE, FALSE or NULL")),
        }
    } else if cursor.take("NOT") {
        cursor.expect("EXISTS")?;
        Demand::Absent
    } else {
        Demand::Test(Test::parse(cursor, "&|(){}")?)
    };
    Ok(Condition::Is(steps, demand))
}

/// `$`, then `.name`, `.['name']`, `['name']`, `[0]` or `[*]` as often as one likes.
fn selector(cursor: &mut Cursor<'_>) -> Result<Vec<Step>, PatternError> {
    cursor.expect("$")?;
    let mut steps = Vec::new();
    loop {
        let dot = cursor.take(".");
        if cursor.take("[") {
            steps.push(bracket(cursor)?);
            cursor.expect("]")?;
        } else if dot {
            let name =
                cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | ':' | '/' | '#'));
            if name.is_empty() {
                return Err(cursor.unexpected("a name"));
            }
            steps.push(Step::Member(name.to_owned()));
        } else {
            return Ok(steps);
        }
    }
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Step, PatternError> {
    cursor.skip_space();
    match cursor.peek() {
        Some(quote @ ('"' | '\'')) => Ok(Step::Member(cursor.quoted(quote)?)),
        Some('*') => {
            cursor.take("*");
            Ok(Step::EveryElement)
        }
        _ => {
            let digits = cursor.take_while(|c| c.is_ascii_digit());
            digits.parse().map(Step::Element).map_err(|_| cursor.unexpected("an index"))
        }
    }
}

pub(super) fn matches(condition: &Condition, message: &str) -> bool {
    // Only objects and arrays are JSON events; the first byte rules out most others cheaply.
    if !message.trim_start().starts_with(['{', '[']) {
        return false;
    }
    serde_json::from_str(message).is_ok_and(|value| holds(condition, &value))
}

fn holds(condition: &Condition, value: &Value) -> bool {
    match condition {
        Condition::All(conditions) => conditions.iter().all(|c| holds(c, value)),
        Condition::Any(conditions) => conditions.iter().any(|c| holds(c, value)),
        Condition::Is(steps, Demand::Absent) => !reaches(steps, value, &|_| true),
        Condition::Is(steps, demand) => reaches(steps, value, &|found| meets(demand, found)),
    }
}

/// Whether the steps lead to some value that is wanted.
fn reaches(steps: &[Step], value: &Value, wanted: &dyn Fn(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return wanted(value) };
    match step {
        Step::Member(name) => value.get(name).is_some_and(|v| reaches(rest, v, wanted)),
        Step::Element(index) => value.get(index).is_some_and(|v| reaches(rest, v, wanted)),
        Step::EveryElement => {
            value.as_array().is_some_and(|all| all.iter().any(|v| reaches(rest, v, wanted)))
        }
    }
}

fn meets(demand: &Demand, value: &Value) -> bool {
    match (demand, value) {
        (Demand::True, value) => *value == Value::Bool(true),
        (Demand::False, value) => *value == Value::Bool(false),
        (Demand::Null, value) => value.is_null(),
        (Demand::Test(test), Value::Number(number)) => {
            number.as_f64().is_some_and(|float| test.number(float, &number.to_string()))
        }
        (Demand::Test(test), Value::String(text)) => test.plain_text(text),
        (Demand::Test(test), Value::Bool(flag)) => test.plain_text(if *flag { "true" } else { "false" }),
        (Demand::Test(_) | Demand::Absent, _) => false,
    }
}
