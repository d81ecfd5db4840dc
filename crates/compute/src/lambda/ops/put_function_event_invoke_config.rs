//! `PutFunctionEventInvokeConfig`: how often and how long events of the queue are tried.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;
use updraft_types::lambda::Qualifier;

use crate::lambda::model::EventConfig;
use crate::lambda::refusals::{constraint, unsupported};
use crate::lambda::store::{EVENT_CONFIGS, Target};
use crate::lambda::{Lambda, qualified_access, show};

/// The bounds of both settings ("PutFunctionEventInvokeConfig", Lambda API reference, read 2026-11).
const RETRIES: std::ops::RangeInclusive<i32> = 0..=2;
const AGE_SECS: std::ops::RangeInclusive<i32> = 60..=21_600;

impl Handle<api::ops::PutFunctionEventInvokeConfig> for Lambda {
    fn access(&self, scope: &Scope, input: &api::PutFunctionEventInvokeConfigRequest) -> Result<Vec<Access>> {
        let qualifier = input.qualifier.as_deref();
        qualified_access("lambda:PutFunctionEventInvokeConfig", scope, &input.function_name, qualifier)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::PutFunctionEventInvokeConfigRequest,
    ) -> Result<api::FunctionEventInvokeConfig> {
        let target = Target::read(cx.scope(), &input.function_name, input.qualifier.as_deref())?;
        target.shown_version(cx)?;
        if let Some(destinations) = &input.destination_config {
            let success = destinations.on_success.as_ref().and_then(|d| d.destination.as_ref());
            let failure = destinations.on_failure.as_ref().and_then(|d| d.destination.as_ref());
            if success.or(failure).is_some_and(|arn| !arn.is_empty()) {
                return Err(unsupported("DestinationConfig", "Remove the setting.").into());
            }
        }
        let config = EventConfig {
            retries_max: within("maximumRetryAttempts", input.maximum_retry_attempts, &RETRIES)?,
            age_secs_max: within("maximumEventAgeInSeconds", input.maximum_event_age_in_seconds, &AGE_SECS)?,
            modified: cx.now(),
        };
        EVENT_CONFIGS.put(cx, &config_key(&target), &config)?;
        Ok(show::event_config(&target, &config))
    }
}

fn within(member: &str, value: Option<i32>, range: &std::ops::RangeInclusive<i32>) -> Result<Option<u32>> {
    match value {
        Some(value) if value < *range.start() => {
            let rule = format!("Member must have value greater than or equal to {}", range.start());
            Err(constraint(member, &value.to_string(), &rule).into())
        }
        Some(value) if value > *range.end() => {
            let rule = format!("Member must have value less than or equal to {}", range.end());
            Err(constraint(member, &value.to_string(), &rule).into())
        }
        other => Ok(other.map(i32::cast_unsigned)),
    }
}

/// Settings are kept per qualifier; none is `$LATEST`.
pub(super) fn config_key(target: &Target) -> (Scope, String, String) {
    target.qualified_key(target.qualifier.clone().unwrap_or(Qualifier::Latest).to_string())
}
