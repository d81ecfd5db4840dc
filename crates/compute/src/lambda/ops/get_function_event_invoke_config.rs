//! `GetFunctionEventInvokeConfig`.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Read, Result, View};
use updraft_types::Scope;

use super::put_function_event_invoke_config::config_key;
use crate::lambda::model::EventConfig;
use crate::lambda::store::{EVENT_CONFIGS, Target};
use crate::lambda::{Lambda, qualified_access, refusals, show};

impl Query<api::ops::GetFunctionEventInvokeConfig> for Lambda {
    fn access(&self, scope: &Scope, input: &api::GetFunctionEventInvokeConfigRequest) -> Result<Vec<Access>> {
        let qualifier = input.qualifier.as_deref();
        qualified_access("lambda:GetFunctionEventInvokeConfig", scope, &input.function_name, qualifier)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetFunctionEventInvokeConfigRequest,
    ) -> Result<api::FunctionEventInvokeConfig> {
        let target = Target::read(view.scope(), &input.function_name, input.qualifier.as_deref())?;
        Ok(show::event_config(&target, &config(view, &target)?))
    }
}

/// The settings kept for a function or one of its qualifiers, or AWS's refusal.
pub(super) fn config(read: &impl Read, target: &Target) -> Result<EventConfig> {
    let key = config_key(target);
    let qualified = target.name.qualified_arn(
        &target.scope,
        &key.2.parse().map_err(|_| updraft_kernel::Fault::new("read back a qualifier"))?,
    );
    let missing =
        || refusals::not_found(format!("The function {qualified} doesn't have an EventInvokeConfig"));
    Ok(EVENT_CONFIGS.get(read, &key)?.ok_or_else(missing)?)
}
