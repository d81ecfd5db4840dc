//! `DescribeAlarms`: the alarms that fit, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::DescribeAlarms;
use updraft_api::cloudwatch::{AlarmType, DescribeAlarmsInput, DescribeAlarmsOutput};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::cloudwatch::alarms::describe::{Described, describe};
use crate::cloudwatch::alarms::model::{ALARMS, Alarm, Kind, find};
use crate::cloudwatch::alarms::rule::Rule;
use crate::cloudwatch::alarms::shift;
use crate::cloudwatch::{CloudWatch, refusals};

/// How many alarms an answer holds at most (`MaxRecords` in the API model).
const RECORDS_MAX: usize = 100;

impl Query<DescribeAlarms> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &DescribeAlarmsInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:DescribeAlarms")])
    }

    fn query(&self, view: &View<'_>, input: DescribeAlarmsInput) -> Result<DescribeAlarmsOutput> {
        if input.alarm_names.is_some() && input.alarm_name_prefix.is_some() {
            let message = "AlarmNamePrefix and AlarmNames cannot both be specified in the same request.";
            return Err(refusals::combination(message).into());
        }
        let after = input.next_token.as_deref().map(read_token).transpose()?;
        let limit = input.max_records.and_then(|max| usize::try_from(max).ok()).unwrap_or(RECORDS_MAX);
        let mut fitting = candidates(view, &input)?;
        fitting.retain(|alarm| {
            fits(alarm, &input) && after.as_deref().is_none_or(|after| alarm.name.as_str() > after)
        });
        let more = fitting.len() > limit;
        fitting.truncate(limit);
        let next_token =
            fitting.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(last.name.as_str()));
        let (mut metric_alarms, mut composite_alarms) = (Vec::new(), Vec::new());
        for alarm in &fitting {
            match describe(view.scope(), alarm) {
                Described::Metric(alarm) => metric_alarms.push(*alarm),
                Described::Composite(alarm) => composite_alarms.push(*alarm),
            }
        }
        Ok(DescribeAlarmsOutput {
            metric_alarms: Some(metric_alarms),
            composite_alarms: Some(composite_alarms),
            next_token,
        })
    }
}

/// The alarms that are looked at, in order of their names.
fn candidates(view: &View<'_>, input: &DescribeAlarmsInput) -> Result<Vec<Alarm>> {
    let scope = view.scope();
    if let Some(name) = &input.parents_of_alarm_name {
        let alarm = find(view, scope, name)?;
        return Ok(alarm.map_or(Ok(Vec::new()), |alarm| shift::parents(view, scope, &alarm))?);
    }
    if let Some(name) = &input.children_of_alarm_name {
        return children(view, scope, name);
    }
    let all = ALARMS.all(view, scope)?.into_iter().map(|(_, alarm)| alarm);
    Ok(match &input.alarm_names {
        Some(names) => all.filter(|alarm| names.iter().any(|name| name == alarm.name.as_str())).collect(),
        None => all.collect(),
    })
}

fn children(view: &View<'_>, scope: &Scope, name: &str) -> Result<Vec<Alarm>> {
    let Some(Alarm { kind: Kind::Composite { rule, .. }, .. }) = find(view, scope, name)? else {
        return Ok(Vec::new());
    };
    let Ok(rule) = rule.parse::<Rule>() else { return Ok(Vec::new()) };
    let mut children = Vec::new();
    for child in rule.children() {
        children.extend(shift::find_child(view, scope, child)?);
    }
    children.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(children)
}

fn fits(alarm: &Alarm, input: &DescribeAlarmsInput) -> bool {
    let is_composite = matches!(alarm.kind, Kind::Composite { .. });
    let related = input.parents_of_alarm_name.is_some() || input.children_of_alarm_name.is_some();
    // Without types, metric alarms only.
    let typed = match &input.alarm_types {
        None => related || !is_composite,
        Some(types) if is_composite => types.contains(&AlarmType::CompositeAlarm),
        Some(types) => types.contains(&AlarmType::MetricAlarm),
    };
    let starts =
        |text: &str, prefix: &Option<String>| prefix.as_ref().is_none_or(|prefix| text.starts_with(prefix));
    let all_actions =
        alarm.ok_actions.iter().chain(&alarm.alarm_actions).chain(&alarm.insufficient_data_actions);
    typed
        && starts(alarm.name.as_str(), &input.alarm_name_prefix)
        && input.state_value.as_ref().is_none_or(|state| state.as_str() == alarm.status.state.as_str())
        && (input.action_prefix.is_none()
            || all_actions.into_iter().any(|action| starts(action.as_str(), &input.action_prefix)))
}

/// Reads the name that a page ended with.
pub(super) fn read_token(token: &str) -> std::result::Result<String, Refusal> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(refusals::token_invalid)
}
