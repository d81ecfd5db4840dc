//! `ListDashboards`: the dashboards, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::cloudwatch::ops::ListDashboards;
use updraft_api::cloudwatch::{DashboardEntry, ListDashboardsInput, ListDashboardsOutput};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::dashboards::{self, DASHBOARDS};

/// How many dashboards an answer holds at most ("ListDashboards", CloudWatch API reference).
const PAGE_MAX: usize = 1_000;

impl Query<ListDashboards> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &ListDashboardsInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:ListDashboards")])
    }

    fn query(&self, view: &View<'_>, input: ListDashboardsInput) -> Result<ListDashboardsOutput> {
        let after = input.next_token.as_deref().map(super::describe_alarms::read_token).transpose()?;
        let prefix = input.dashboard_name_prefix.unwrap_or_default();
        let mut entries = DASHBOARDS.all(view, &view.scope().account)?;
        entries.retain(|((_, name), _)| {
            name.starts_with(&prefix) && after.as_ref().is_none_or(|after| name > after)
        });
        let more = entries.len() > PAGE_MAX;
        entries.truncate(PAGE_MAX);
        let next_token = entries.last().filter(|_| more).map(|((_, name), _)| URL_SAFE_NO_PAD.encode(name));
        let shape = |((_, name), dashboard): ((_, String), dashboards::Dashboard)| {
            Ok(DashboardEntry {
                dashboard_arn: Some(dashboards::name(&name)?.arn(view.scope()).to_string()),
                dashboard_name: Some(name),
                last_modified: Some(dashboard.modified),
                size: i64::try_from(dashboard.body.len()).ok(),
            })
        };
        let entries: Result<Vec<_>> = entries.into_iter().map(shape).collect();
        Ok(ListDashboardsOutput { dashboard_entries: Some(entries?), next_token })
    }
}
