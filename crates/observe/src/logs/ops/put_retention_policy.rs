//! `PutRetentionPolicy`: for how many days a group's events are kept.

use updraft_api::logs::ops::PutRetentionPolicy;
use updraft_api::logs::{PutRetentionPolicyRequest, PutRetentionPolicyResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::logs::expiry::Expire;
use crate::logs::model::GROUPS;
use crate::logs::{Logs, names, refusals};

/// The days that may be chosen ("PutRetentionPolicy", CloudWatch Logs API reference).
const DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288,
    3_653,
];

impl Handle<PutRetentionPolicy> for Logs {
    fn access(&self, scope: &Scope, input: &PutRetentionPolicyRequest) -> Result<Vec<Access>> {
        Ok(names::group_access("logs:PutRetentionPolicy", scope, &names::group_name(&input.log_group_name)?))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: PutRetentionPolicyRequest,
    ) -> Result<PutRetentionPolicyResponse> {
        let name = names::group_name(&input.log_group_name)?;
        let mut group = names::group(cx, cx.scope(), &name)?;
        let days = DAYS.into_iter().find(|days| i64::from(*days) == i64::from(input.retention_in_days));
        let Some(days) = days else {
            let allowed: Vec<_> = DAYS.iter().map(u32::to_string).collect();
            let constraint = format!("Member must satisfy enum value set: [{}]", allowed.join(", "));
            let value = input.retention_in_days.to_string();
            return Err(refusals::unsatisfied(&value, "retentionInDays", &constraint).into());
        };
        group.retention_days = Some(days);
        group.expiry += 1;
        cx.schedule(cx.now(), &Expire { group: name.to_string(), expiry: group.expiry })?;
        let scope = cx.scope().clone();
        GROUPS.put(cx, &(scope, name.to_string()), &group)?;
        Ok(PutRetentionPolicyResponse {})
    }
}
