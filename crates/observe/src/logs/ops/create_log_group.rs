//! `CreateLogGroup`: a group by a name that is not taken.

use updraft_api::logs::ops::CreateLogGroup;
use updraft_api::logs::{CreateLogGroupRequest, CreateLogGroupResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::logs::model::{GROUPS, Group, SIZES, Size, next_id};
use crate::logs::{Logs, names, refusals};

impl Handle<CreateLogGroup> for Logs {
    fn access(&self, scope: &Scope, input: &CreateLogGroupRequest) -> Result<Vec<Access>> {
        let name = names::group_name(&input.log_group_name)?;
        let mut access = names::group_access("logs:CreateLogGroup", scope, &name);
        if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            access.push(Access::to("logs:TagResource", name.arn(scope)));
        }
        Ok(access)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: CreateLogGroupRequest) -> Result<CreateLogGroupResponse> {
        let name = names::group_name(&input.log_group_name)?;
        let key = (cx.scope().clone(), name.to_string());
        if GROUPS.contains(cx, &key)? {
            return Err(refusals::group_exists().into());
        }
        let class = match &input.log_group_class {
            None => "STANDARD",
            Some(class) => class.as_str(),
        };
        let group = Group {
            id: next_id(cx)?,
            created: cx.now(),
            class: class.to_owned(),
            // "Delivery" groups keep events for a day and no longer ("Log classes", user guide).
            retention_days: (class == "DELIVERY").then_some(1),
            expiry: 0,
            kms_key_id: input.kms_key_id,
            deletion_protection: input.deletion_protection_enabled.unwrap_or_default(),
            tags: input.tags.unwrap_or_default(),
        };
        SIZES.put(cx, &group.id, &Size::default())?;
        GROUPS.put(cx, &key, &group)?;
        Ok(CreateLogGroupResponse {})
    }
}
