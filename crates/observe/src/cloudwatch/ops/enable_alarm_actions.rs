//! `EnableAlarmActions`: alarms take their actions when their state changes.

use updraft_api::cloudwatch::ops::EnableAlarmActions;
use updraft_api::cloudwatch::{EnableAlarmActionsInput, EnableAlarmActionsResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::cloudwatch::{CloudWatch, alarms};

impl Handle<EnableAlarmActions> for CloudWatch {
    fn access(&self, scope: &Scope, input: &EnableAlarmActionsInput) -> Result<Vec<Access>> {
        alarms::switch::access("cloudwatch:EnableAlarmActions", scope, &input.alarm_names)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: EnableAlarmActionsInput) -> Result<EnableAlarmActionsResponse> {
        alarms::switch::switch(cx, &input.alarm_names, true)?;
        Ok(EnableAlarmActionsResponse {})
    }
}
