//! `DeleteFunctionEventInvokeConfig`: events are tried as by default again.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::get_function_event_invoke_config::config;
use super::put_function_event_invoke_config::config_key;
use crate::lambda::store::{EVENT_CONFIGS, Target};
use crate::lambda::{Lambda, qualified_access};

impl Handle<api::ops::DeleteFunctionEventInvokeConfig> for Lambda {
    fn access(
        &self,
        scope: &Scope,
        input: &api::DeleteFunctionEventInvokeConfigRequest,
    ) -> Result<Vec<Access>> {
        let qualifier = input.qualifier.as_deref();
        qualified_access("lambda:DeleteFunctionEventInvokeConfig", scope, &input.function_name, qualifier)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteFunctionEventInvokeConfigRequest,
    ) -> Result<api::DeleteFunctionEventInvokeConfigResponse> {
        let target = Target::read(cx.scope(), &input.function_name, input.qualifier.as_deref())?;
        config(cx, &target)?;
        EVENT_CONFIGS.delete(cx, &config_key(&target));
        Ok(api::DeleteFunctionEventInvokeConfigResponse {})
    }
}
