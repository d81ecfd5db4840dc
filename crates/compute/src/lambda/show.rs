//! Stored things as Lambda's answers show them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use updraft_api::lambda as api;
use updraft_types::lambda::{FunctionName, Qualifier};
use updraft_types::{Arn, Timestamp};

use super::model::{Alias, Code, EventConfig, Version};
use super::store::Target;

/// The SHA-256 of a package as Lambda writes it.
pub(crate) fn code_sha256(code: &Code) -> String {
    STANDARD.encode(code.blob.0)
}

/// The log group a version writes to.
pub(crate) fn log_group(name: &FunctionName, version: &Version) -> String {
    version.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{name}"))
}

fn last_modified(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000")
}

/// A version's configuration under the ARN it was asked for by.
pub(crate) fn configuration(target: &Target, arn: &Arn, version: &Version) -> api::FunctionConfiguration {
    let environment = version.environment.clone().filter(|variables| !variables.is_empty());
    api::FunctionConfiguration {
        function_name: Some(target.name.to_string()),
        function_arn: Some(arn.to_string()),
        runtime: Some(version.runtime.as_str().into()),
        role: Some(version.role.to_string()),
        handler: Some(version.handler.clone()),
        code_size: Some(version.code.zipped_bytes.cast_signed()),
        description: Some(version.description.clone()),
        timeout: Some(version.timeout_secs.cast_signed()),
        memory_size: Some(version.memory_mib.cast_signed()),
        last_modified: Some(last_modified(version.modified)),
        code_sha256: Some(code_sha256(&version.code)),
        version: Some(version.qualifier.to_string()),
        environment: environment
            .map(|variables| api::EnvironmentResponse { variables: Some(variables), error: None }),
        tracing_config: Some(api::TracingConfigResponse { mode: Some(version.tracing.as_str().into()) }),
        revision_id: Some(version.revision_id.clone()),
        state: Some(api::State::Active),
        last_update_status: Some(api::LastUpdateStatus::Successful),
        package_type: Some(api::PackageType::Zip),
        architectures: Some(vec![version.architecture.as_str().into()]),
        ephemeral_storage: Some(api::EphemeralStorage { size: version.ephemeral_mib.cast_signed() }),
        snap_start: Some(api::SnapStartResponse {
            apply_on: Some(api::SnapStartApplyOn::None),
            optimization_status: Some(api::SnapStartOptimizationStatus::Off),
        }),
        logging_config: Some(api::LoggingConfig {
            log_format: Some(api::LogFormat::Text),
            log_group: Some(log_group(&target.name, version)),
            ..api::LoggingConfig::default()
        }),
        config_sha256: Some(version.digest.clone()),
        ..api::FunctionConfiguration::default()
    }
}

/// A published version's configuration, or `$LATEST`'s, under its qualified ARN.
pub(crate) fn qualified(target: &Target, version: &Version) -> api::FunctionConfiguration {
    configuration(target, &target.name.qualified_arn(&target.scope, &version.qualifier), version)
}

/// `$LATEST`'s configuration under the function's own ARN.
pub(crate) fn unqualified(target: &Target, version: &Version) -> api::FunctionConfiguration {
    configuration(target, &target.function_arn(), version)
}

/// An alias.
pub(crate) fn alias(target: &Target, name: &str, alias: &Alias) -> api::AliasConfiguration {
    let weights = alias.weights.iter().map(|(version, weight)| (version.to_string(), *weight)).collect();
    api::AliasConfiguration {
        alias_arn: Some(target.name.qualified_arn(&target.scope, &Qualifier::Alias(name.into())).to_string()),
        name: Some(name.to_owned()),
        function_version: Some(alias.version.to_string()),
        description: Some(alias.description.clone()),
        routing_config: (!alias.weights.is_empty())
            .then_some(api::AliasRoutingConfiguration { additional_version_weights: Some(weights) }),
        revision_id: Some(alias.revision_id.clone()),
    }
}

/// Settings of the asynchronous queue. Their ARN always names a qualifier.
pub(crate) fn event_config(target: &Target, config: &EventConfig) -> api::FunctionEventInvokeConfig {
    let qualifier = target.qualifier.clone().unwrap_or(Qualifier::Latest);
    api::FunctionEventInvokeConfig {
        last_modified: Some(config.modified),
        function_arn: Some(target.name.qualified_arn(&target.scope, &qualifier).to_string()),
        maximum_retry_attempts: config.retries_max.map(u32::cast_signed),
        maximum_event_age_in_seconds: config.age_secs_max.map(u32::cast_signed),
        destination_config: Some(api::DestinationConfig {
            on_success: Some(api::OnSuccess::default()),
            on_failure: Some(api::OnFailure::default()),
        }),
    }
}
