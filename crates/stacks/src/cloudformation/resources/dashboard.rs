//! `AWS::CloudWatch::Dashboard`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::cloudwatch::{DeleteDashboardsInput, PutDashboardInput, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, text};

pub(crate) struct Dashboard;

impl Provider for Dashboard {
    fn properties(&self) -> &'static [&'static str] {
        &["DashboardBody", "DashboardName"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["DashboardBody"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["DashboardName"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("DashboardName"), length_max: 255, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            put(calls, name, properties).await?;
            Ok(Made::named(name))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            put(calls, &resource.physical_id, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteDashboardsInput { dashboard_names: vec![resource.physical_id.clone()] };
            calls.call::<ops::DeleteDashboards>(input).await?;
            Ok(())
        })
    }
}

async fn put(calls: &Calls, name: &str, properties: &Map<String, Value>) -> Result<()> {
    let input = PutDashboardInput {
        dashboard_name: name.to_owned(),
        dashboard_body: text(properties, "DashboardBody").to_owned(),
        ..Default::default()
    };
    calls.call::<ops::PutDashboard>(input).await?;
    Ok(())
}
