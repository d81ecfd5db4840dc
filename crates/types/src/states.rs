//! The names of Step Functions: state machines, versions, aliases, executions, map runs, activities.

use crate::arn::Regional;
use crate::{Arn, Resource, Scope};

/// A state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateMachineAt<'a>(pub &'a str);

/// A version or an alias of a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualifiedAt<'a>(pub &'a str, pub &'a str);

/// A Standard execution: the machine's name, for a child of a map run with its label behind a slash,
/// and the execution's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutionAt<'a>(pub &'a str, pub &'a str);

/// An Express execution: the machine, the name, and the id that tells it from others of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpressAt<'a>(pub &'a str, pub &'a str, pub &'a str);

/// A map run: the machine, the label and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapRunAt<'a>(pub &'a str, pub &'a str);

/// An activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityAt<'a>(pub &'a str);

impl Resource for StateMachineAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("states", &format!("stateMachine:{}", self.0)).arn(scope)
    }
}

impl Resource for QualifiedAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("states", &format!("stateMachine:{}:{}", self.0, self.1)).arn(scope)
    }
}

impl Resource for ExecutionAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("states", &format!("execution:{}:{}", self.0, self.1)).arn(scope)
    }
}

impl Resource for ExpressAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("states", &format!("express:{}:{}:{}", self.0, self.1, self.2)).arn(scope)
    }
}

impl Resource for MapRunAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("states", &format!("mapRun:{}/{}", self.0, self.1)).arn(scope)
    }
}

impl Resource for ActivityAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("states", &format!("activity:{}", self.0)).arn(scope)
    }
}

/// What an ARN of Step Functions names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A state machine, and the version or alias behind it.
    StateMachine(String, Option<String>),
    /// A Standard execution: machine (with a label behind a slash for a child) and name.
    Execution(String, String),
    /// An Express execution: machine, name, id.
    Express(String, String, String),
    /// A map run: machine, label, id.
    MapRun(String, String, String),
    /// An activity.
    Activity(String),
}

impl Named {
    /// Reads an ARN of Step Functions.
    #[must_use]
    pub fn of(arn: &Arn) -> Option<Self> {
        if arn.service() != "states" {
            return None;
        }
        let (kind, rest) = arn.resource().split_once(':')?;
        let parts: Vec<&str> = rest.split(':').collect();
        let owned = |text: &str| text.to_owned();
        match (kind, parts.as_slice()) {
            ("stateMachine", [name]) => Some(Self::StateMachine(owned(name), None)),
            ("stateMachine", [name, qualifier]) => {
                Some(Self::StateMachine(owned(name), Some(owned(qualifier))))
            }
            ("execution", [machine, name]) => Some(Self::Execution(owned(machine), owned(name))),
            ("express", [machine, name, id]) => Some(Self::Express(owned(machine), owned(name), owned(id))),
            ("mapRun", [machine, id]) => {
                let (machine, label) = machine.split_once('/')?;
                Some(Self::MapRun(owned(machine), owned(label), owned(id)))
            }
            ("activity", [name]) => Some(Self::Activity(owned(name))),
            _ => None,
        }
    }
}

/// The longest name of a state machine, an execution, an activity (`Name` in the API model).
pub const NAME_CHARS_MAX: usize = 80;

/// Whether a text can name a state machine, an execution or an activity: no white space, brackets,
/// wildcards, control characters or `" # % \ ^ | ~ ` $ & , ; : /` ("CreateStateMachine", API
/// reference, read 2026-11).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    (1..=NAME_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Region};

    #[test]
    fn arns_read_back() {
        let scope = Scope::new(AccountId::DEFAULT, Region::us_east_1());
        let owned = |text: &str| text.to_owned();
        let rows = [
            (StateMachineAt("m").arn(&scope), Named::StateMachine(owned("m"), None)),
            (QualifiedAt("m", "7").arn(&scope), Named::StateMachine(owned("m"), Some(owned("7")))),
            (ExecutionAt("m/l", "e").arn(&scope), Named::Execution(owned("m/l"), owned("e"))),
            (ExpressAt("m", "e", "i").arn(&scope), Named::Express(owned("m"), owned("e"), owned("i"))),
            (MapRunAt("m", "l:i").arn(&scope), Named::MapRun(owned("m"), owned("l"), owned("i"))),
            (ActivityAt("a").arn(&scope), Named::Activity(owned("a"))),
        ];
        for (arn, named) in rows {
            assert_eq!(Named::of(&arn), Some(named), "{arn}");
        }
    }

    #[test]
    fn names_have_no_special_characters() {
        assert!(is_name("Order-1.x_y"));
        for text in ["", "a b", "a:b", "a/b", "a*", "a\u{7}", &"x".repeat(81)] {
            assert!(!is_name(text), "{text}");
        }
    }
}
