//! Definitions, read once and kept: an execution's machine is found by its revision.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use updraft_kernel::{Fault, Read, Result};
use updraft_lang::asl::{self, Diagnostic, Severity, StateKind};
use updraft_types::Scope;

use super::model::{ChildOf, REVISIONS, Revision};
use super::refusals;

/// How many definitions are kept read.
const KEPT_MAX: usize = 4_096;

/// A machine and the revision it was read from.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub machine: Arc<asl::Machine>,
    pub revision: Arc<Revision>,
}

/// The definitions read so far.
#[derive(Default)]
pub(crate) struct Definitions {
    kept: Mutex<HashMap<(Scope, String, String), Loaded>>,
}

impl Definitions {
    /// The machine of a revision.
    pub fn load(
        &self,
        read: &(impl Read + ?Sized),
        scope: &Scope,
        name: &str,
        revision: &str,
    ) -> Result<Loaded> {
        let key = (scope.clone(), name.to_owned(), revision.to_owned());
        if let Some(loaded) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(loaded.clone());
        }
        let record = REVISIONS.get(read, &key)?;
        let record = record.ok_or_else(|| Fault::new(format!("find revision {revision} of {name}")))?;
        let (machine, _) = asl::Machine::read(&record.definition);
        let machine = machine.ok_or_else(|| Fault::new(format!("read the definition of {name} again")))?;
        let loaded = Loaded { machine: Arc::new(machine), revision: Arc::new(record) };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, loaded.clone());
        Ok(loaded)
    }
}

/// The machine that a child of a map run carries out: the Map's processor.
pub(crate) fn of_child(machine: &asl::Machine, child: &ChildOf) -> Option<asl::Machine> {
    let around =
        child.address.iter().try_fold(&machine.flow, |flow, (state, branch)| flow.inner(state, *branch))?;
    match &around.state(&child.state)?.kind {
        StateKind::Map(map) => Some(asl::Machine { flow: (*map.processor).clone(), timeout_seconds: None }),
        _ => None,
    }
}

/// Reads a definition that somebody sends; refuses it with all that is wrong.
pub(crate) fn check(text: &str) -> Result<asl::Machine> {
    let (machine, diagnostics) = asl::Machine::read(text);
    machine.ok_or_else(|| refusals::invalid_definition(told(&diagnostics)).into())
}

/// The errors among findings, as `CreateStateMachine` tells them.
pub(crate) fn told(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    errors.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
