//! Whether a condition holds for an item.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Comparator, Condition, Item, Number, Operand, Value};

impl Condition {
    /// Whether the condition holds; an item that does not exist is an empty one.
    #[must_use]
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(a, b) => a.holds(item) && b.holds(item),
            Self::Or(a, b) => a.holds(item) || b.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Compare(a, comparator, b) => comparator.holds(a.value(item), b.value(item)),
            Self::Between(value, low, high) => {
                let value = value.value(item);
                Comparator::GreaterOrEqual.holds(value.clone(), low.value(item))
                    && Comparator::LessOrEqual.holds(value, high.value(item))
            }
            Self::In(value, choices) => value
                .value(item)
                .is_some_and(|value| choices.iter().any(|c| c.value(item).is_some_and(|c| c == value))),
            Self::Exists(path) => path.find(item).is_some(),
            Self::NotExists(path) => path.find(item).is_none(),
            Self::IsType(operand, kind) => operand.value(item).is_some_and(|value| value.kind() == *kind),
            Self::BeginsWith(text, start) => both(text, start, item, begins_with),
            Self::Contains(whole, part) => both(whole, part, item, contains),
        }
    }
}

impl Condition {
    /// The attributes at the top of an item that the condition speaks of.
    #[must_use]
    pub fn attributes(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        let mut note = |operands: &[&'a Operand]| names.extend(operands.iter().filter_map(|o| o.attribute()));
        match self {
            Self::And(a, b) | Self::Or(a, b) => {
                a.collect(names);
                b.collect(names);
            }
            Self::Not(inner) => inner.collect(names),
            Self::Compare(a, _, b) | Self::BeginsWith(a, b) | Self::Contains(a, b) => note(&[a, b]),
            Self::Between(a, b, c) => note(&[a, b, c]),
            Self::In(a, choices) => {
                note(&[a]);
                choices.iter().for_each(|choice| note(&[choice]));
            }
            Self::IsType(a, _) => note(&[a]),
            Self::Exists(path) | Self::NotExists(path) => {
                names.insert(&path.head);
            }
        }
    }
}

impl Operand {
    fn attribute(&self) -> Option<&str> {
        match self {
            Self::Path(path) => Some(&path.head),
            Self::Value(_) => None,
            Self::Size(measured) => measured.attribute(),
        }
    }

    fn value<'a>(&'a self, item: &'a Item) -> Option<Cow<'a, Value>> {
        match self {
            Self::Path(path) => path.find(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(measured) => {
                let size = size(&*measured.value(item)?)?;
                Some(Cow::Owned(Value::N(Number::from(size as u64))))
            }
        }
    }
}

impl Comparator {
    fn holds(self, a: Option<Cow<'_, Value>>, b: Option<Cow<'_, Value>>) -> bool {
        let (Some(a), Some(b)) = (a, b) else {
            // What is not there differs from everything.
            return self == Self::NotEqual;
        };
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a.order(&b) == Some(Ordering::Less),
            Self::LessOrEqual => a.order(&b).is_some_and(Ordering::is_le),
            Self::Greater => a.order(&b) == Some(Ordering::Greater),
            Self::GreaterOrEqual => a.order(&b).is_some_and(Ordering::is_ge),
        }
    }
}

fn both(a: &Operand, b: &Operand, item: &Item, test: fn(&Value, &Value) -> bool) -> bool {
    match (a.value(item), b.value(item)) {
        (Some(a), Some(b)) => test(&a, &b),
        _ => false,
    }
}

fn begins_with(text: &Value, start: &Value) -> bool {
    match (text, start) {
        (Value::S(text), Value::S(start)) => text.starts_with(start.as_str()),
        (Value::B(bytes), Value::B(start)) => bytes.starts_with(start),
        _ => false,
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::S(text), Value::S(part)) => text.contains(part.as_str()),
        (Value::B(bytes), Value::B(part)) => {
            part.is_empty() || bytes.windows(part.len()).any(|window| window == part.as_slice())
        }
        (Value::Ss(set), Value::S(member)) => set.contains(member),
        (Value::Ns(set), Value::N(member)) => set.contains(member),
        (Value::Bs(set), Value::B(member)) => set.contains(member),
        (Value::L(members), member) => members.contains(member),
        _ => false,
    }
}

/// The size as the `size` function gives it: characters, bytes or elements; scalars of other types
/// have none.
fn size(value: &Value) -> Option<usize> {
    match value {
        Value::S(text) => Some(text.chars().count()),
        Value::B(bytes) => Some(bytes.len()),
        Value::M(members) => Some(members.len()),
        Value::L(members) => Some(members.len()),
        Value::Ss(members) => Some(members.len()),
        Value::Ns(members) => Some(members.len()),
        Value::Bs(members) => Some(members.len()),
        Value::N(_) | Value::Bool(_) | Value::Null => None,
    }
}
