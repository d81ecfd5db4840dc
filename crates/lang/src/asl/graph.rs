//! Whether each state can be reached, each target exists, and a flow can end.

use std::collections::HashSet;

use super::machine::{Flow, Next, State, StateKind};
use super::read::{Code, Diagnostic};

/// Checks a flow; `at` is its place in the definition.
pub(super) fn check(flow: &Flow, names: &[String], at: &str, diagnostics: &mut Vec<Diagnostic>) {
    let mut missing = |target: &str, location: String| {
        if !flow.states.contains_key(target) {
            let message = format!("Missing 'Next' target: {target}");
            diagnostics.push(Diagnostic::error(Code::MissingTransitionTarget, message, Some(location)));
        }
    };
    missing(&flow.start_at, format!("{at}/StartAt"));
    let mut targets = HashSet::from([flow.start_at.clone()]);
    let mut ends = false;
    for name in names {
        let Some(state) = flow.states.get(name) else { continue };
        for (target, field) in followers(state) {
            missing(&target, format!("{at}/States/{name}/{field}"));
            targets.insert(target);
        }
        ends |=
            matches!(state.kind, StateKind::Succeed | StateKind::Fail(_)) || state.next == Some(Next::End);
    }
    for name in names.iter().filter(|name| !targets.contains(*name)) {
        let message = format!("State \"{name}\" is not reachable.");
        let location = format!("{at}/States/{name}");
        diagnostics.push(Diagnostic::error(Code::MissingTransitionTarget, message, Some(location)));
    }
    if !ends && !flow.states.is_empty() {
        let message = "No terminal state found in state machine.";
        let location = format!("{at}/States");
        diagnostics.push(Diagnostic::error(Code::MissingEndState, message, Some(location)));
    }
}

/// The states that may follow, and the fields that say so.
fn followers(state: &State) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if let Some(Next::State(next)) = &state.next {
        all.push((next.clone(), "Next".to_owned()));
    }
    if let StateKind::Choice(choice) = &state.kind {
        for (index, one) in choice.choices.iter().enumerate() {
            all.push((one.next.clone(), format!("Choices[{index}]/Next")));
        }
        all.extend(choice.default.clone().map(|default| (default, "Default".to_owned())));
    }
    for (index, catcher) in state.catch.iter().enumerate() {
        all.push((catcher.next.clone(), format!("Catch[{index}]/Next")));
    }
    all
}
