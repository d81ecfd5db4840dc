//! `DeleteDashboards`: dashboards are gone, all of them or none.

use updraft_api::cloudwatch::ops::DeleteDashboards;
use updraft_api::cloudwatch::{DeleteDashboardsInput, DeleteDashboardsOutput};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::dashboards::{self, DASHBOARDS};

impl Handle<DeleteDashboards> for CloudWatch {
    fn access(&self, scope: &Scope, input: &DeleteDashboardsInput) -> Result<Vec<Access>> {
        let access =
            |name: &String| Ok(Access::to("cloudwatch:DeleteDashboards", dashboards::name(name)?.arn(scope)));
        input.dashboard_names.iter().map(access).collect()
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteDashboardsInput) -> Result<DeleteDashboardsOutput> {
        for name in input.dashboard_names {
            let key = (cx.scope().account, dashboards::name(&name)?.to_string());
            if !DASHBOARDS.contains(cx, &key)? {
                return Err(dashboards::not_found(&name).into());
            }
            DASHBOARDS.delete(cx, &key);
        }
        Ok(DeleteDashboardsOutput {})
    }
}
