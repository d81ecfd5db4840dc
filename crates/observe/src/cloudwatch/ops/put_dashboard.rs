//! `PutDashboard`: a dashboard, made or replaced.

use serde_json::Value;
use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::PutDashboard;
use updraft_api::cloudwatch::{PutDashboardInput, PutDashboardOutput};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::alarms::check;
use crate::cloudwatch::dashboards::{self, DASHBOARDS, Dashboard};

/// How many widgets a dashboard may have ("CloudWatch service quotas", CloudWatch user guide).
const WIDGETS_MAX: usize = 500;

impl Handle<PutDashboard> for CloudWatch {
    fn access(&self, scope: &Scope, input: &PutDashboardInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:PutDashboard", dashboards::name(&input.dashboard_name)?.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutDashboardInput) -> Result<PutDashboardOutput> {
        let name = dashboards::name(&input.dashboard_name)?;
        check_body(&input.dashboard_body)?;
        let key = (cx.scope().account, name.to_string());
        let tags = match DASHBOARDS.get(cx, &key)? {
            Some(before) if input.tags.is_none() => before.tags,
            _ => check::tags(input.tags)?,
        };
        let dashboard = Dashboard { body: input.dashboard_body, modified: cx.now(), tags };
        DASHBOARDS.put(cx, &key, &dashboard)?;
        Ok(PutDashboardOutput { dashboard_validation_messages: Some(Vec::new()) })
    }
}

/// A body is an object with widgets, each of a type ("Dashboard body structure and syntax",
/// CloudWatch API reference). What a widget draws is for whoever draws it.
fn check_body(body: &str) -> std::result::Result<(), Refusal> {
    let refuse =
        |message: &str| Err(dashboards::invalid(&format!("The dashboard body is invalid: {message}")));
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return refuse("it must be a JSON object");
    };
    let widgets = match members.get("widgets") {
        Some(Value::Array(widgets)) => widgets,
        Some(_) => return refuse("/widgets should be an array"),
        None => return refuse("the field /widgets is required"),
    };
    if widgets.len() > WIDGETS_MAX {
        return refuse(&format!("/widgets should have at most {WIDGETS_MAX} items"));
    }
    match widgets.iter().position(|widget| !widget["type"].is_string()) {
        Some(index) => refuse(&format!("the field /widgets/{index}/type is required")),
        None => Ok(()),
    }
}
