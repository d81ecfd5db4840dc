//! Document paths: where in an item a value stands.

use std::fmt;

use super::{Item, Value};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a map, by name.
    Name(String),
    /// Into a list, by position.
    Index(usize),
}

/// A document path: an attribute's name and further steps into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The attribute at the item's top.
    pub head: String,
    /// The steps below it.
    pub tail: Vec<Step>,
}

impl Path {
    /// The path of a whole attribute.
    #[must_use]
    pub fn of(name: impl Into<String>) -> Self {
        Self { head: name.into(), tail: Vec::new() }
    }

    /// The value at this path.
    #[must_use]
    pub fn find<'a>(&self, item: &'a Item) -> Option<&'a Value> {
        self.tail.iter().try_fold(item.get(&self.head)?, |value, step| match (value, step) {
            (Value::M(members), Step::Name(name)) => members.get(name),
            (Value::L(members), Step::Index(index)) => members.get(*index),
            _ => None,
        })
    }

    /// Whether one of the paths leads to or through the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.head == other.head && self.tail.iter().zip(&other.tail).all(|(a, b)| a == b)
    }

    /// Whether the paths take one value for a map and for a list.
    pub(super) fn conflicts(&self, other: &Self) -> bool {
        let shared = self.tail.iter().zip(&other.tail).take_while(|(a, b)| a == b).count();
        let differ = matches!(
            (self.tail.get(shared), other.tail.get(shared)),
            (Some(Step::Name(_)), Some(Step::Index(_))) | (Some(Step::Index(_)), Some(Step::Name(_)))
        );
        self.head == other.head && differ
    }
}

impl fmt::Display for Path {
    /// As AWS's messages show paths: `[a, b, [0]]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.head)?;
        for step in &self.tail {
            match step {
                Step::Name(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}
