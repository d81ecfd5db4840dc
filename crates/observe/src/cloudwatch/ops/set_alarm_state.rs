//! `SetAlarmState`: an alarm's state as somebody says, until it is evaluated again.

use updraft_api::cloudwatch::ops::SetAlarmState;
use updraft_api::cloudwatch::{SetAlarmStateInput, SetAlarmStateResponse, StateValue, errors};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::alarms::model::{State, Status, alarm_name, find};
use crate::cloudwatch::alarms::shift;
use crate::cloudwatch::{CloudWatch, refusals};

impl Handle<SetAlarmState> for CloudWatch {
    fn access(&self, scope: &Scope, input: &SetAlarmStateInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:SetAlarmState", alarm_name(&input.alarm_name)?.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: SetAlarmStateInput) -> Result<SetAlarmStateResponse> {
        let state = match input.state_value {
            StateValue::Ok => State::Ok,
            StateValue::Alarm => State::Alarm,
            StateValue::InsufficientData => State::InsufficientData,
            StateValue::Other(other) => return Err(refusals::invalid_value(other, "StateValue").into()),
        };
        let is_json = |data: &String| serde_json::from_str::<serde_json::Value>(data).is_ok();
        if input.state_reason_data.as_ref().is_some_and(|data| !is_json(data)) {
            return Err(errors::INVALID_FORMAT_FAULT.refuse("StateReasonData was not valid JSON").into());
        }
        let scope = cx.scope().clone();
        let Some(alarm) = find(cx, &scope, &input.alarm_name)? else {
            return Err(errors::RESOURCE_NOT_FOUND.refuse("Unknown").into());
        };
        let status =
            Status { state, reason: input.state_reason, data: input.state_reason_data, updated: cx.now() };
        shift::shift(cx, alarm, status)?;
        Ok(SetAlarmStateResponse {})
    }
}
