//! `AWS::Logs::LogGroup`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::logs::{CreateLogGroupRequest, DeleteLogGroupRequest, DeleteRetentionPolicyRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, tag_map};

pub(crate) struct LogGroup;

impl Provider for LogGroup {
    fn properties(&self) -> &'static [&'static str] {
        &["LogGroupName", "RetentionInDays", "Tags"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["LogGroupName"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("LogGroupName"), length_max: 512, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let tags = Some(tag_map(properties)).filter(|tags| !tags.is_empty());
            let input = CreateLogGroupRequest { log_group_name: name.to_owned(), tags, ..Default::default() };
            or_there(calls.call::<ops::CreateLogGroup>(input).await, again)?;
            retain(calls, name, properties).await?;
            let group = name.parse::<updraft_types::logs::LogGroupName>().ok();
            Ok(match group {
                Some(group) => {
                    Made::named(name).with("Arn", group.arn_with_streams(calls.cx.scope()).to_string())
                }
                None => Made::named(name),
            })
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            retain(calls, &resource.physical_id, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteLogGroupRequest { log_group_name: resource.physical_id.clone() };
            calls.call::<ops::DeleteLogGroup>(input).await?;
            Ok(())
        })
    }
}

async fn retain(calls: &Calls, name: &str, properties: &Map<String, Value>) -> Result<()> {
    match properties.get("RetentionInDays") {
        Some(days) => {
            let wanted = Map::from_iter([
                ("logGroupName".to_owned(), Value::from(name)),
                ("retentionInDays".to_owned(), days.clone()),
            ]);
            calls.with::<ops::PutRetentionPolicy>(wanted).await?;
        }
        None => {
            let input = DeleteRetentionPolicyRequest { log_group_name: name.to_owned() };
            calls.call::<ops::DeleteRetentionPolicy>(input).await?;
        }
    }
    Ok(())
}
