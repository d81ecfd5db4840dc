//! `AWS::Lambda::EventInvokeConfig`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::lambda::{DeleteFunctionEventInvokeConfigRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Provider, Resource, text};

pub(crate) struct InvokeConfig;

impl Provider for InvokeConfig {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "DestinationConfig",
            "FunctionName",
            "MaximumEventAgeInSeconds",
            "MaximumRetryAttempts",
            "Qualifier",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["FunctionName", "Qualifier"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["FunctionName", "Qualifier"]
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        _name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            calls.with::<ops::PutFunctionEventInvokeConfig>(properties.clone()).await?;
            let (function, qualifier) = (text(properties, "FunctionName"), text(properties, "Qualifier"));
            Ok(Made::named(format!("{function}|{qualifier}")))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            // Putting replaces what there was.
            calls.with::<ops::PutFunctionEventInvokeConfig>(properties.clone()).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteFunctionEventInvokeConfigRequest {
                function_name: text(&resource.properties, "FunctionName").to_owned(),
                qualifier: Some(text(&resource.properties, "Qualifier").to_owned()),
            };
            calls.call::<ops::DeleteFunctionEventInvokeConfig>(input).await?;
            Ok(())
        })
    }
}
