//! Brings alarms into states: the record, its history, the actions, and the alarms above.

use serde_json::{Value, json};
use updraft_kernel::{Cx, Fault};
use updraft_types::{Scope, Timestamp};

use super::act::{self, Act};
use super::history::{self, Item, ItemKind};
use super::model::{self, Alarm, Kind, State, Status};
use super::rule::Rule;
use super::suppress;

/// How far a change goes up: composite alarms on composite alarms. A circle ends here, too.
const HEIGHT_MAX: usize = 32;

/// Brings `alarm` into a state. Where it is in that state already, its reason stays.
pub(in crate::cloudwatch) fn shift(cx: &mut Cx<'_>, alarm: Alarm, status: Status) -> Result<(), Fault> {
    shift_at(cx, alarm, status, 0)
}

fn shift_at(cx: &mut Cx<'_>, mut alarm: Alarm, status: Status, height: usize) -> Result<(), Fault> {
    if alarm.status.state == status.state {
        return Ok(());
    }
    let before = std::mem::replace(&mut alarm.status, status);
    alarm.transitioned = alarm.status.updated;
    let scope = cx.scope().clone();
    let acts = suppress::takes_actions(cx, &mut alarm)?;
    model::put(cx, &scope, &alarm)?;
    history::record(cx, &state_item(&alarm, &before))?;
    if acts {
        act(cx, &alarm, &before)?;
    }
    suppress::follow(cx, &scope, &alarm)?;
    if height == HEIGHT_MAX { Ok(()) } else { shift_parents(cx, &scope, &alarm, height + 1) }
}

/// Takes the actions of the alarm's state, unless they are turned off.
pub(in crate::cloudwatch) fn act(cx: &mut Cx<'_>, alarm: &Alarm, before: &Status) -> Result<(), Fault> {
    if !alarm.actions_enabled {
        return Ok(());
    }
    let (scope, now) = (cx.scope().clone(), cx.now());
    let payload = act::payload(&scope, alarm, before).to_string();
    for action in alarm.actions(alarm.status.state) {
        let act = Act {
            alarm: alarm.name.to_string(),
            composite: matches!(alarm.kind, Kind::Composite { .. }),
            action: action.clone(),
            updated: alarm.status.updated,
            payload: payload.clone(),
        };
        cx.schedule(now, &act)?;
    }
    Ok(())
}

fn state_item(alarm: &Alarm, before: &Status) -> Item {
    let state = |status: &Status| {
        let mut state = json!({"stateValue": status.state.as_str(), "stateReason": status.reason});
        if let Some(data) = &status.data {
            state["stateReasonData"] = serde_json::from_str(data).unwrap_or(Value::Null);
        }
        state
    };
    let (from, to) = (before.state.as_str(), alarm.status.state.as_str());
    Item {
        alarm: alarm.name.to_string(),
        composite: matches!(alarm.kind, Kind::Composite { .. }),
        kind: ItemKind::StateUpdate,
        summary: format!("Alarm updated from {from} to {to}"),
        data: json!({"version": "1.0", "oldState": state(before), "newState": state(&alarm.status)})
            .to_string(),
    }
}

/// Has the composite alarms that look at `child` follow it.
fn shift_parents(cx: &mut Cx<'_>, scope: &Scope, child: &Alarm, height: usize) -> Result<(), Fault> {
    for parent in parents(cx, scope, child)? {
        let Kind::Composite { rule, .. } = &parent.kind else { continue };
        let state = composite_state(cx, scope, rule)?;
        let (arn, value) = (child.arn(scope), child.status.state.as_str());
        let at = child.status.updated;
        let status = Status {
            state,
            reason: format!("{arn} transitioned to {value} at {}", at.format("%A %d %B, %Y %H:%M:%S UTC")),
            data: Some(triggering(scope, child).to_string()),
            updated: at,
        };
        shift_at(cx, parent, status, height)?;
    }
    Ok(())
}

fn triggering(scope: &Scope, child: &Alarm) -> Value {
    let state = json!({"value": child.status.state.as_str(), "timestamp": act::time(child.status.updated)});
    json!({"triggeringAlarms": [{"arn": child.arn(scope).as_str(), "state": state}]})
}

/// The composite alarms whose rules name an alarm.
pub(in crate::cloudwatch) fn parents(
    read: &(impl updraft_kernel::Read + ?Sized),
    scope: &Scope,
    child: &Alarm,
) -> Result<Vec<Alarm>, Fault> {
    let arn = child.arn(scope);
    let looks_at = |alarm: &Alarm| match &alarm.kind {
        Kind::Composite { rule, .. } => rule.parse::<Rule>().is_ok_and(|rule| {
            rule.children().iter().any(|name| *name == child.name.as_str() || *name == arn.as_str())
        }),
        Kind::Metric(_) => false,
    };
    Ok(model::composites(read, scope)?.into_iter().filter(looks_at).collect())
}

/// The state that a rule has now.
pub(in crate::cloudwatch) fn composite_state(
    read: &(impl updraft_kernel::Read + ?Sized),
    scope: &Scope,
    rule: &str,
) -> Result<State, Fault> {
    let rule: Rule =
        rule.parse().map_err(|error| Fault::because("read the rule of a composite alarm", error))?;
    let mut states = std::collections::HashMap::new();
    for child in rule.children() {
        let state =
            find_child(read, scope, child)?.map_or(State::InsufficientData, |alarm| alarm.status.state);
        states.insert(child.to_owned(), state);
    }
    let holds = rule.holds(&|name| states.get(name).copied().unwrap_or(State::InsufficientData));
    Ok(if holds { State::Alarm } else { State::Ok })
}

/// The alarm that a rule names, by its name or its ARN.
pub(in crate::cloudwatch) fn find_child(
    read: &(impl updraft_kernel::Read + ?Sized),
    scope: &Scope,
    child: &str,
) -> Result<Option<Alarm>, Fault> {
    use updraft_types::cloudwatch::AlarmName;
    let by_arn = child.parse().ok().and_then(|arn| AlarmName::from_arn(&arn).ok());
    model::find(read, scope, by_arn.as_ref().map_or(child, AlarmName::as_str))
}

/// The first state of a composite alarm.
pub(in crate::cloudwatch) fn created(arn: &updraft_types::Arn, state: State, now: Timestamp) -> Status {
    let reason = format!("{arn} was created and its alarm rule evaluates to {}", state.as_str());
    Status { state, reason, data: None, updated: now }
}
