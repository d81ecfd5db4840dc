//! `AWS::Lambda::Version`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::lambda::{DeleteFunctionRequest, PublishVersionRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Provider, Resource, text};

pub(crate) struct Version;

impl Provider for Version {
    fn properties(&self) -> &'static [&'static str] {
        &["CodeSha256", "Description", "FunctionName"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["FunctionName"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["*"]
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        _name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            // Publishing what is published already gives the same version, so a second attempt is safe.
            let optional = |name: &str| properties.get(name).and_then(Value::as_str).map(str::to_owned);
            let input = PublishVersionRequest {
                function_name: text(properties, "FunctionName").to_owned(),
                code_sha256: optional("CodeSha256"),
                description: optional("Description"),
                ..Default::default()
            };
            let version = calls.call::<ops::PublishVersion>(input).await?;
            let arn = version.function_arn.unwrap_or_default();
            Ok(Made::named(arn.clone())
                .with("Version", version.version.unwrap_or_default())
                .with("FunctionArn", arn))
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
            let input =
                DeleteFunctionRequest { function_name: resource.physical_id.clone(), ..Default::default() };
            calls.call::<ops::DeleteFunction>(input).await?;
            Ok(())
        })
    }
}
