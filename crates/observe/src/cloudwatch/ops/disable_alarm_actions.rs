//! `DisableAlarmActions`: alarms no longer take their actions when their state changes.

use updraft_api::cloudwatch::ops::DisableAlarmActions;
use updraft_api::cloudwatch::{DisableAlarmActionsInput, DisableAlarmActionsResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::cloudwatch::{CloudWatch, alarms};

impl Handle<DisableAlarmActions> for CloudWatch {
    fn access(&self, scope: &Scope, input: &DisableAlarmActionsInput) -> Result<Vec<Access>> {
        alarms::switch::access("cloudwatch:DisableAlarmActions", scope, &input.alarm_names)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DisableAlarmActionsInput,
    ) -> Result<DisableAlarmActionsResponse> {
        alarms::switch::switch(cx, &input.alarm_names, false)?;
        Ok(DisableAlarmActionsResponse {})
    }
}
