//! `PutCompositeAlarm`: an alarm on other alarms, made or changed.

use updraft_api::cloudwatch::ops::PutCompositeAlarm;
use updraft_api::cloudwatch::{PutCompositeAlarmInput, PutCompositeAlarmResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::alarms::check::{self, Common};
use crate::cloudwatch::alarms::model::{Kind, Status, alarm_name};
use crate::cloudwatch::alarms::rule::Rule;
use crate::cloudwatch::alarms::shift;
use crate::cloudwatch::alarms::suppress::Suppressor;
use crate::cloudwatch::{CloudWatch, refusals};

impl Handle<PutCompositeAlarm> for CloudWatch {
    fn access(&self, scope: &Scope, input: &PutCompositeAlarmInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:PutCompositeAlarm", alarm_name(&input.alarm_name)?.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutCompositeAlarmInput) -> Result<PutCompositeAlarmResponse> {
        let scope = cx.scope().clone();
        let suppressor = suppressor(cx, &scope, &input)?;
        check_rule(cx, &scope, &input.alarm_name, &input.alarm_rule)?;
        let state = shift::composite_state(cx, &scope, &input.alarm_rule)?;
        let common = Common {
            name: input.alarm_name,
            description: input.alarm_description,
            actions_enabled: input.actions_enabled,
            ok_actions: input.ok_actions,
            alarm_actions: input.alarm_actions,
            insufficient_data_actions: input.insufficient_data_actions,
            tags: input.tags,
        };
        let kind = Kind::Composite { rule: input.alarm_rule, suppressor };
        let alarm = check::save(cx, common, kind, |arn, now| shift::created(arn, state, now))?;
        let reason =
            format!("{} was updated and its alarm rule evaluates to {}", alarm.arn(&scope), state.as_str());
        let status = Status { state, reason, data: None, updated: cx.now() };
        shift::shift(cx, alarm, status)?;
        Ok(PutCompositeAlarmResponse {})
    }
}

/// What holds the actions back: an alarm that is there, and two periods.
fn suppressor(cx: &Cx<'_>, scope: &Scope, input: &PutCompositeAlarmInput) -> Result<Option<Suppressor>> {
    let period = |secs: Option<i32>, parameter: &str| match secs.map(u32::try_from) {
        None => Err(refusals::missing(parameter)),
        Some(Ok(secs)) => Ok(secs),
        Some(Err(_)) => Err(refusals::invalid_value(secs.unwrap_or_default(), parameter)),
    };
    let Some(alarm) = input.actions_suppressor.clone() else { return Ok(None) };
    if shift::find_child(cx, scope, &alarm)?.is_none() {
        let message = format!("Could not save the composite alarm as its suppressor {alarm} does not exist");
        return Err(refusals::validation(message).into());
    }
    Ok(Some(Suppressor {
        alarm,
        wait_secs: period(input.actions_suppressor_wait_period, "ActionsSuppressorWaitPeriod")?,
        extension_secs: period(
            input.actions_suppressor_extension_period,
            "ActionsSuppressorExtensionPeriod",
        )?,
        by: None,
    }))
}

fn check_rule(cx: &Cx<'_>, scope: &Scope, name: &str, rule: &str) -> Result<()> {
    let read: Rule = rule.parse().map_err(|error| {
        refusals::validation(format!("AlarmRule must not contain syntax errors: {error}"))
    })?;
    let mut absent = Vec::new();
    for child in read.children() {
        if child == name {
            return Err(refusals::validation("An alarm's rule cannot depend on the alarm itself").into());
        }
        if shift::find_child(cx, scope, child)?.is_none() {
            absent.push(child);
        }
    }
    if absent.is_empty() {
        return Ok(());
    }
    Err(refusals::validation(format!(
        "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
        absent.join(", ")
    ))
    .into())
}
