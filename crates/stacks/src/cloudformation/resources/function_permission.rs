//! `AWS::Lambda::Permission`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::lambda::{RemovePermissionRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, text};

pub(crate) struct Permission;

impl Provider for Permission {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Action", "FunctionName", "Principal"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["*"]
    }

    fn naming(&self) -> Naming {
        Naming { property: None, length_max: 100, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut input = properties.clone();
            input.insert("StatementId".to_owned(), Value::from(name));
            or_there(calls.with::<ops::AddPermission>(input).await, again)?;
            Ok(Made::named(name).with("Id", name))
        })
    }

    fn update<'a>(
        &'a self,
        _calls: &'a Calls,
        resource: &'a Resource,
        _properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move { Ok(Made::as_before(resource)) })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = RemovePermissionRequest {
                function_name: text(&resource.properties, "FunctionName").to_owned(),
                statement_id: resource.physical_id.clone(),
                ..Default::default()
            };
            calls.call::<ops::RemovePermission>(input).await?;
            Ok(())
        })
    }
}
