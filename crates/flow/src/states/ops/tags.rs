//! Tags of state machines and activities.

use std::collections::BTreeMap;

use updraft_api::states as api;
use updraft_api::states::errors;
use updraft_api::states::ops::{ListTagsForResource, TagResource, UntagResource};
use updraft_kernel::{Access, Cx, Handle, Query, Read, Result, View};
use updraft_types::Scope;
use updraft_types::states::Named;

use super::create_state_machine::tags;
use crate::states::model::{ACTIVITIES, Activity, MACHINES, Machine};
use crate::states::{States, names, refusals};

/// The most tags of a resource ("Tagging in Step Functions", read 2026-11).
const TAGS_MAX: usize = 50;

/// A resource that has tags.
enum Tagged {
    Machine((Scope, String), Machine),
    Activity((Scope, String), Activity),
}

impl Tagged {
    fn find(read: &(impl Read + ?Sized), text: &str) -> Result<Self> {
        let missing = || refusals::resource_missing(text);
        match names::read(text)? {
            (_, scope, Named::StateMachine(name, None)) => {
                let key = (scope, name);
                let machine = MACHINES.get(read, &key)?.ok_or_else(missing)?;
                Ok(Self::Machine(key, machine))
            }
            (_, scope, Named::Activity(name)) => {
                let key = (scope, name);
                let activity = ACTIVITIES.get(read, &key)?.ok_or_else(missing)?;
                Ok(Self::Activity(key, activity))
            }
            _ => Err(refusals::wrong_resource(text, "state machine or activity").into()),
        }
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        match self {
            Self::Machine(_, machine) => &mut machine.tags,
            Self::Activity(_, activity) => &mut activity.tags,
        }
    }

    fn put(&self, cx: &mut Cx<'_>) -> Result<()> {
        match self {
            Self::Machine(key, machine) => Ok(MACHINES.put(cx, key, machine)?),
            Self::Activity(key, activity) => Ok(ACTIVITIES.put(cx, key, activity)?),
        }
    }
}

impl Handle<TagResource> for States {
    fn access(&self, _scope: &Scope, input: &api::TagResourceInput) -> Result<Vec<Access>> {
        names::access("states:TagResource", &input.resource_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::TagResourceInput) -> Result<api::TagResourceOutput> {
        let mut tagged = Tagged::find(cx, &input.resource_arn)?;
        tagged.tags().extend(tags(Some(input.tags)));
        if tagged.tags().len() > TAGS_MAX {
            let message = format!("A resource has {TAGS_MAX} tags at most");
            return Err(errors::TOO_MANY_TAGS
                .refuse(message)
                .with("resourceName", input.resource_arn)
                .into());
        }
        tagged.put(cx)?;
        Ok(api::TagResourceOutput {})
    }
}

impl Handle<UntagResource> for States {
    fn access(&self, _scope: &Scope, input: &api::UntagResourceInput) -> Result<Vec<Access>> {
        names::access("states:UntagResource", &input.resource_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UntagResourceInput) -> Result<api::UntagResourceOutput> {
        let mut tagged = Tagged::find(cx, &input.resource_arn)?;
        for key in &input.tag_keys {
            tagged.tags().remove(key);
        }
        tagged.put(cx)?;
        Ok(api::UntagResourceOutput {})
    }
}

impl Query<ListTagsForResource> for States {
    fn access(&self, _scope: &Scope, input: &api::ListTagsForResourceInput) -> Result<Vec<Access>> {
        names::access("states:ListTagsForResource", &input.resource_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListTagsForResourceInput,
    ) -> Result<api::ListTagsForResourceOutput> {
        let mut tagged = Tagged::find(view, &input.resource_arn)?;
        let tags = std::mem::take(tagged.tags()).into_iter();
        let tags = tags.map(|(key, value)| api::Tag { key: Some(key), value: Some(value) });
        Ok(api::ListTagsForResourceOutput { tags: Some(tags.collect()) })
    }
}
