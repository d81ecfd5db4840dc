//! Key condition expressions: which part of a table or index a query reads.

use super::{Attributes, Comparator, Condition, ExpressionError, Operand, Value};

/// The conditions of a query on key attributes: one or two, each on an attribute of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyCondition(pub Vec<(String, KeyPredicate)>);

/// What is asked of one key attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPredicate {
    /// A comparison; never [`Comparator::NotEqual`].
    Compare(Comparator, Value),
    /// Within two bounds.
    Between(Value, Value),
    /// Beginning with a text or bytes.
    BeginsWith(Value),
}

impl KeyPredicate {
    /// The values it compares with.
    #[must_use]
    pub fn values(&self) -> Vec<&Value> {
        match self {
            Self::Compare(_, value) | Self::BeginsWith(value) => vec![value],
            Self::Between(low, high) => vec![low, high],
        }
    }
}

impl KeyCondition {
    /// Parses a `KeyConditionExpression`.
    pub fn parse(source: &str, attributes: &mut Attributes) -> Result<Self, ExpressionError> {
        let condition = Condition::parse_as("KeyConditionExpression", source, attributes)?;
        let mut conditions = Vec::new();
        collect(condition, &mut conditions)?;
        Ok(Self(conditions))
    }
}

type Conditions = Vec<(String, KeyPredicate)>;

/// Takes a condition apart. The messages are as recorded in the test suite of architect/dynalite.
fn collect(condition: Condition, conditions: &mut Conditions) -> Result<(), ExpressionError> {
    let (name, predicate) = match condition {
        Condition::And(a, b) => {
            collect(*a, conditions)?;
            return collect(*b, conditions);
        }
        Condition::Or(..) => return Err(operator("OR")),
        Condition::Not(..) => return Err(operator("NOT")),
        Condition::In(..) => return Err(operator("IN")),
        Condition::Compare(_, Comparator::NotEqual, _) => return Err(operator("<>")),
        Condition::Exists(_) => return Err(operator("attribute_exists")),
        Condition::NotExists(_) => return Err(operator("attribute_not_exists")),
        Condition::IsType(..) => return Err(operator("attribute_type")),
        Condition::Contains(..) => return Err(operator("contains")),
        Condition::Compare(a, comparator, b) => compare(a, comparator, b)?,
        Condition::Between(key, low, high) => {
            let name = key_first("BETWEEN", key)?;
            (name, KeyPredicate::Between(constant(low)?, constant(high)?))
        }
        Condition::BeginsWith(key, start) => {
            (key_first("begins_with", key)?, KeyPredicate::BeginsWith(constant(start)?))
        }
    };
    if conditions.iter().any(|(known, _)| *known == name) {
        return Err(refused("KeyConditionExpressions must only contain one condition per key"));
    }
    conditions.push((name, predicate));
    Ok(())
}

fn compare(
    a: Operand,
    comparator: Comparator,
    b: Operand,
) -> Result<(String, KeyPredicate), ExpressionError> {
    match (a, b) {
        (Operand::Path(_), Operand::Path(_)) => {
            Err(condition("Multiple attribute names used in one condition"))
        }
        (Operand::Value(_), Operand::Value(_)) => Err(condition("No key attribute specified")),
        (Operand::Value(value), key) => {
            Ok((key_name(key)?, KeyPredicate::Compare(comparator.mirrored(), value)))
        }
        (key, other) => {
            let name = key_name(key)?;
            Ok((name, KeyPredicate::Compare(comparator, constant(other)?)))
        }
    }
}

fn key_first(operator: &str, operand: Operand) -> Result<String, ExpressionError> {
    match operand {
        Operand::Value(_) => {
            Err(condition(&format!("{operator} operator must have the key attribute as its first operand")))
        }
        key => key_name(key),
    }
}

fn key_name(operand: Operand) -> Result<String, ExpressionError> {
    match operand {
        Operand::Path(path) if path.tail.is_empty() => Ok(path.head),
        Operand::Path(_) => {
            Err(refused("KeyConditionExpressions cannot have conditions on nested attributes"))
        }
        _ => Err(refused("KeyConditionExpressions cannot contain nested operations")),
    }
}

fn constant(operand: Operand) -> Result<Value, ExpressionError> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Path(_) => Err(condition("Multiple attribute names used in one condition")),
        Operand::Size(_) => Err(refused("KeyConditionExpressions cannot contain nested operations")),
    }
}

fn operator(name: &str) -> ExpressionError {
    ExpressionError(format!("Invalid operator used in KeyConditionExpression: {name}"))
}

fn condition(problem: &str) -> ExpressionError {
    ExpressionError(format!("Invalid condition in KeyConditionExpression: {problem}"))
}

fn refused(problem: &str) -> ExpressionError {
    ExpressionError(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::Item;

    fn parse(source: &str) -> Result<KeyCondition, ExpressionError> {
        let values = Item::from([(":a".into(), Value::S("a".into())), (":b".into(), Value::S("b".into()))]);
        KeyCondition::parse(source, &mut Attributes::new(None, Some(values)).unwrap())
    }

    #[test]
    fn conditions_are_told_apart_by_attribute() {
        let a = || Value::S("a".into());
        let b = || Value::S("b".into());
        for (source, sort) in [
            ("sk < :b", KeyPredicate::Compare(Comparator::Less, b())),
            (":b < sk", KeyPredicate::Compare(Comparator::Greater, b())),
            ("(sk BETWEEN :a AND :b)", KeyPredicate::Between(a(), b())),
            ("begins_with(sk, :b)", KeyPredicate::BeginsWith(b())),
        ] {
            let parsed = parse(&format!("pk = :a AND {source}")).unwrap();
            let hash = KeyPredicate::Compare(Comparator::Equal, a());
            assert_eq!(parsed.0, [("pk".to_owned(), hash), ("sk".to_owned(), sort)], "{source}");
        }
    }

    #[test]
    fn what_no_index_answers_is_refused() {
        let invalid = "Invalid condition in KeyConditionExpression: ";
        for (source, message) in [
            ("pk = :a OR sk = :b", "Invalid operator used in KeyConditionExpression: OR".to_owned()),
            ("NOT pk = :a", "Invalid operator used in KeyConditionExpression: NOT".into()),
            ("pk <> :a", "Invalid operator used in KeyConditionExpression: <>".into()),
            (
                "attribute_exists(pk)",
                "Invalid operator used in KeyConditionExpression: attribute_exists".into(),
            ),
            ("pk = sk", format!("{invalid}Multiple attribute names used in one condition")),
            (":a = :b", format!("{invalid}No key attribute specified")),
            (
                "begins_with(:a, pk)",
                format!("{invalid}begins_with operator must have the key attribute as its first operand"),
            ),
            ("pk.x = :a", "KeyConditionExpressions cannot have conditions on nested attributes".into()),
            ("size(pk) = :a", "KeyConditionExpressions cannot contain nested operations".into()),
            ("pk = :a AND pk = :b", "KeyConditionExpressions must only contain one condition per key".into()),
            ("pk =", r#"Invalid KeyConditionExpression: Syntax error; token: "<EOF>", near: "=""#.into()),
        ] {
            assert_eq!(parse(source).unwrap_err().0, message, "{source}");
        }
    }
}
