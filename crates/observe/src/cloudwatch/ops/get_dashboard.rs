//! `GetDashboard`: a dashboard's body.

use updraft_api::cloudwatch::ops::GetDashboard;
use updraft_api::cloudwatch::{GetDashboardInput, GetDashboardOutput};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::dashboards::{self, DASHBOARDS};

impl Query<GetDashboard> for CloudWatch {
    fn access(&self, scope: &Scope, input: &GetDashboardInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:GetDashboard", dashboards::name(&input.dashboard_name)?.arn(scope))])
    }

    fn query(&self, view: &View<'_>, input: GetDashboardInput) -> Result<GetDashboardOutput> {
        let name = dashboards::name(&input.dashboard_name)?;
        let dashboard = DASHBOARDS.get(view, &(view.scope().account, name.to_string()))?;
        let dashboard = dashboard.ok_or_else(|| dashboards::not_found(name.as_str()))?;
        Ok(GetDashboardOutput {
            dashboard_arn: Some(name.arn(view.scope()).to_string()),
            dashboard_body: Some(dashboard.body),
            dashboard_name: Some(name.to_string()),
        })
    }
}
