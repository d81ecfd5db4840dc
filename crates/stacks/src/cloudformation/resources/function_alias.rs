//! `AWS::Lambda::Alias`.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::lambda::{
    AliasRoutingConfiguration, CreateAliasRequest, DeleteAliasRequest, UpdateAliasRequest, ops,
};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, text};

pub(crate) struct Alias;

impl Provider for Alias {
    fn properties(&self) -> &'static [&'static str] {
        &["Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["FunctionName", "FunctionVersion", "Name"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["FunctionName", "Name"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("Name"), length_max: 128, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        _name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let input = CreateAliasRequest {
                function_name: text(properties, "FunctionName").to_owned(),
                name: text(properties, "Name").to_owned(),
                function_version: text(properties, "FunctionVersion").to_owned(),
                description: properties.get("Description").and_then(Value::as_str).map(str::to_owned),
                routing_config: routing(properties),
            };
            let made = or_there(calls.call::<ops::CreateAlias>(input).await, again)?;
            let arn = match made {
                Some(alias) => alias.alias_arn,
                None => calls.call::<ops::UpdateAlias>(change(properties)).await?.alias_arn,
            };
            let arn = arn.unwrap_or_default();
            Ok(Made::named(arn.clone()).with("AliasArn", arn))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            calls.call::<ops::UpdateAlias>(change(properties)).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteAliasRequest {
                function_name: text(&resource.properties, "FunctionName").to_owned(),
                name: text(&resource.properties, "Name").to_owned(),
            };
            calls.call::<ops::DeleteAlias>(input).await?;
            Ok(())
        })
    }
}

fn change(properties: &Map<String, Value>) -> UpdateAliasRequest {
    UpdateAliasRequest {
        function_name: text(properties, "FunctionName").to_owned(),
        name: text(properties, "Name").to_owned(),
        function_version: Some(text(properties, "FunctionVersion").to_owned()),
        description: Some(text(properties, "Description").to_owned()),
        // Without weights in the template the alias has none.
        routing_config: Some(routing(properties).unwrap_or_default()),
        ..Default::default()
    }
}

/// `RoutingConfig` lists versions with weights where the API maps them.
fn routing(properties: &Map<String, Value>) -> Option<AliasRoutingConfiguration> {
    let listed = properties.get("RoutingConfig")?.get("AdditionalVersionWeights")?.as_array()?;
    let weight = |entry: &Value| {
        let weight = &entry["FunctionWeight"];
        let weight = weight.as_f64().or_else(|| weight.as_str()?.parse().ok())?;
        Some((entry["FunctionVersion"].as_str()?.to_owned(), weight))
    };
    let weights: BTreeMap<String, f64> = listed.iter().filter_map(weight).collect();
    Some(AliasRoutingConfiguration { additional_version_weights: Some(weights) })
}
