//! Activities: names under which workers ask for tasks.

use updraft_api::states as api;
use updraft_api::states::ops::{CreateActivity, DeleteActivity, DescribeActivity, ListActivities};
use updraft_kernel::{Access, Cx, Direction, Handle, Query, Result, View};
use updraft_types::states::ActivityAt;
use updraft_types::{Resource as _, Scope};

use super::create_state_machine::{encryption, tags};
use crate::states::model::{ACTIVITIES, Activity};
use crate::states::{States, names, refusals, show};

impl Handle<CreateActivity> for States {
    fn access(&self, scope: &Scope, input: &api::CreateActivityInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("states:CreateActivity", ActivityAt(&input.name).arn(scope)).to_make()])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateActivityInput) -> Result<api::CreateActivityOutput> {
        names::check(&input.name)?;
        let arn = ActivityAt(&input.name).arn(cx.scope()).to_string();
        let key = (cx.scope().clone(), input.name);
        // The same again is no error ("CreateActivity is an idempotent API", API reference).
        if let Some(before) = ACTIVITIES.get(cx, &key)? {
            return Ok(api::CreateActivityOutput { activity_arn: arn, creation_date: before.created });
        }
        let activity = Activity {
            created: cx.now(),
            encryption: encryption(input.encryption_configuration),
            tags: tags(input.tags),
        };
        ACTIVITIES.put(cx, &key, &activity)?;
        Ok(api::CreateActivityOutput { activity_arn: arn, creation_date: activity.created })
    }
}

impl Handle<DeleteActivity> for States {
    fn access(&self, _scope: &Scope, input: &api::DeleteActivityInput) -> Result<Vec<Access>> {
        names::access("states:DeleteActivity", &input.activity_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteActivityInput) -> Result<api::DeleteActivityOutput> {
        ACTIVITIES.delete(cx, &names::activity(&input.activity_arn)?);
        Ok(api::DeleteActivityOutput {})
    }
}

impl Query<DescribeActivity> for States {
    fn access(&self, _scope: &Scope, input: &api::DescribeActivityInput) -> Result<Vec<Access>> {
        names::access("states:DescribeActivity", &input.activity_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeActivityInput,
    ) -> Result<api::DescribeActivityOutput> {
        let key = names::activity(&input.activity_arn)?;
        let activity = ACTIVITIES.get(view, &key)?;
        let activity = activity.ok_or_else(|| refusals::activity_missing(&input.activity_arn))?;
        let owned = api::EncryptionConfiguration {
            r#type: api::EncryptionType::AwsOwnedKey,
            ..api::EncryptionConfiguration::default()
        };
        Ok(api::DescribeActivityOutput {
            activity_arn: input.activity_arn,
            name: key.1,
            creation_date: activity.created,
            encryption_configuration: show::encryption(activity.encryption.as_ref()).or(Some(owned)),
        })
    }
}

impl Query<ListActivities> for States {
    fn access(&self, _scope: &Scope, _input: &api::ListActivitiesInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("states:ListActivities")])
    }

    fn query(&self, view: &View<'_>, input: api::ListActivitiesInput) -> Result<api::ListActivitiesOutput> {
        let scope = view.scope();
        let after: Option<String> = names::read_page_token(input.next_token.as_deref())?;
        let after = after.map(|name| (scope.clone(), name));
        let limit = names::page_size(input.max_results);
        let page = ACTIVITIES.page(view, scope, after.as_ref(), Direction::Forward, limit)?;
        let last = page.entries.last().map(|((_, name), _)| names::page_token(name));
        let activities = page.entries.into_iter().map(|((scope, name), activity)| api::ActivityListItem {
            activity_arn: ActivityAt(&name).arn(&scope).to_string(),
            creation_date: activity.created,
            name,
        });
        Ok(api::ListActivitiesOutput {
            activities: activities.collect(),
            next_token: last.filter(|_| page.more),
        })
    }
}
