//! Turns alarms' actions on and off.

use updraft_kernel::{Access, Cx, Result};
use updraft_types::{Resource as _, Scope};

use super::check;
use super::model::{self, alarm_name, find};

/// What IAM is asked about for calls on alarms by their names.
pub(in crate::cloudwatch) fn access(
    action: &'static str,
    scope: &Scope,
    names: &[String],
) -> Result<Vec<Access>> {
    names.iter().map(|name| Ok(Access::to(action, alarm_name(name)?.arn(scope)))).collect()
}

/// Turns the actions of those alarms that there are on or off.
pub(in crate::cloudwatch) fn switch(cx: &mut Cx<'_>, names: &[String], enabled: bool) -> Result<()> {
    let scope = cx.scope().clone();
    for name in names {
        let Some(mut alarm) = find(cx, &scope, name)?.filter(|alarm| alarm.actions_enabled != enabled) else {
            continue;
        };
        alarm.actions_enabled = enabled;
        model::put(cx, &scope, &alarm)?;
        check::note(cx, &alarm, "updated")?;
    }
    Ok(())
}
