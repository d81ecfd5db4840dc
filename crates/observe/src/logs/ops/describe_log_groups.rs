//! `DescribeLogGroups`: the groups of an account and region, by name.

use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_api::logs::ops::DescribeLogGroups;
use updraft_api::logs::{DescribeLogGroupsRequest, DescribeLogGroupsResponse, LogGroup};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::logs::{LogGroupName, all_groups_arn};
use updraft_types::{Resource as _, Scope};

use crate::logs::model::{GROUPS, Group, SIZES};
use crate::logs::{Logs, names, refusals};

/// How many groups or streams an answer holds at most (`DescribeLimit` in the API model).
pub(super) const DESCRIBED_MAX: usize = 50;

impl Query<DescribeLogGroups> for Logs {
    fn access(&self, scope: &Scope, _input: &DescribeLogGroupsRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to("logs:DescribeLogGroups", all_groups_arn(scope))])
    }

    fn query(&self, view: &View<'_>, input: DescribeLogGroupsRequest) -> Result<DescribeLogGroupsResponse> {
        let wanted = Wanted::of(&input)?;
        let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
        let scope = view.scope();
        let range = match input.next_token.as_deref().map(read_token).transpose()? {
            Some(after) => GROUPS.range(scope, Some(&(scope.clone(), after)), Direction::Forward),
            None => GROUPS.starting_at(scope, &(scope.clone(), prefix.to_owned())),
        };
        let limit = input.limit.map_or(DESCRIBED_MAX, |limit| limit.clamp(1, DESCRIBED_MAX as i32) as usize);
        let (mut found, mut more) = (Vec::new(), false);
        GROUPS.visit(view, &range, |(_, name), group| {
            if !name.starts_with(prefix) {
                return ControlFlow::Break(());
            }
            if !wanted.includes(&name, &group) {
                return ControlFlow::Continue(());
            }
            if found.len() == limit {
                more = true;
                return ControlFlow::Break(());
            }
            found.push((name, group));
            ControlFlow::Continue(())
        })?;
        let next_token = found.last().filter(|_| more).map(|(name, _)| token(name));
        let groups =
            found.into_iter().map(|(name, group)| describe(view, &name, group)).collect::<Result<_>>()?;
        Ok(DescribeLogGroupsResponse { log_groups: Some(groups), next_token })
    }
}

/// What is asked of a group beside its prefix.
struct Wanted<'a> {
    part: Option<&'a str>,
    class: Option<&'a str>,
    names: Option<Vec<LogGroupName>>,
}

impl<'a> Wanted<'a> {
    fn of(input: &'a DescribeLogGroupsRequest) -> std::result::Result<Self, Refusal> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            return Err(refusals::invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let identifiers = input.log_group_identifiers.as_deref();
        Ok(Self {
            part: input.log_group_name_pattern.as_deref(),
            class: input.log_group_class.as_ref().map(|class| class.as_str()),
            names: identifiers
                .map(|all| all.iter().map(|one| names::identified_group(one)).collect())
                .transpose()?,
        })
    }

    fn includes(&self, name: &str, group: &Group) -> bool {
        self.part.is_none_or(|part| name.contains(part))
            && self.class.is_none_or(|class| group.class == class)
            && self.names.as_ref().is_none_or(|names| names.iter().any(|one| one.as_str() == name))
    }
}

fn describe(view: &View<'_>, name: &str, group: Group) -> Result<LogGroup> {
    let stored = SIZES.get(view, &group.id)?.unwrap_or_default().stored_bytes;
    let name = names::group_name(name)?;
    Ok(LogGroup {
        log_group_name: Some(name.to_string()),
        creation_time: Some(group.created.millis()),
        retention_in_days: group.retention_days.map(|days| days as i32),
        metric_filter_count: Some(0),
        arn: Some(name.arn_with_streams(view.scope()).to_string()),
        stored_bytes: Some(stored as i64),
        kms_key_id: group.kms_key_id,
        log_group_class: Some(group.class.as_str().into()),
        log_group_arn: Some(name.arn(view.scope()).to_string()),
        deletion_protection_enabled: Some(group.deletion_protection),
        ..LogGroup::default()
    })
}

/// The token that goes on past a name.
pub(super) fn token(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The name in a token.
pub(super) fn read_token(token: &str) -> std::result::Result<String, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(refusals::token_invalid)
}
