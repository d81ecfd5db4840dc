//! `DeleteAlarms`: alarms are gone. Names of no alarm are passed over, as on AWS.

use updraft_api::cloudwatch::ops::DeleteAlarms;
use updraft_api::cloudwatch::{DeleteAlarmsInput, DeleteAlarmsResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::cloudwatch::alarms::model::{self, find};
use crate::cloudwatch::alarms::{check, shift, switch};
use crate::cloudwatch::{CloudWatch, refusals};

impl Handle<DeleteAlarms> for CloudWatch {
    fn access(&self, scope: &Scope, input: &DeleteAlarmsInput) -> Result<Vec<Access>> {
        switch::access("cloudwatch:DeleteAlarms", scope, &input.alarm_names)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteAlarmsInput) -> Result<DeleteAlarmsResponse> {
        let scope = cx.scope().clone();
        for name in &input.alarm_names {
            let Some(alarm) = find(cx, &scope, name)? else { continue };
            let parents = shift::parents(cx, &scope, &alarm)?;
            if let Some(parent) =
                parents.iter().find(|parent| !input.alarm_names.contains(&parent.name.to_string()))
            {
                return Err(refusals::validation(format!(
                    "Cannot delete {name} as there are composite alarm(s) depending on it: {}",
                    parent.name
                ))
                .into());
            }
            model::delete(cx, &scope, &alarm);
            check::note(cx, &alarm, "deleted")?;
        }
        Ok(DeleteAlarmsResponse {})
    }
}
