//! The rules for a function's configuration.

use std::collections::BTreeMap;

use updraft_api::Refusal;
use updraft_api::lambda as api;
use updraft_types::Arn;

use super::refusals::{self, constraint, invalid_parameter, unsupported};

/// Memory in mebibytes ("Lambda quotas", Lambda developer guide, read 2026-11).
const MEMORY_MIB: std::ops::RangeInclusive<i32> = 128..=10_240;

/// Time-outs in seconds (same source).
const TIMEOUT_SECS: std::ops::RangeInclusive<i32> = 1..=900;

/// The size of `/tmp` in mebibytes (same source).
const EPHEMERAL_MIB: std::ops::RangeInclusive<i32> = 512..=10_240;

/// All environment variables together (same source).
const ENVIRONMENT_BYTES_MAX: usize = 4_096;

/// What a function without the setting has ("CreateFunction", Lambda API reference, read 2026-11).
pub(crate) const MEMORY_MIB_DEFAULT: u32 = 128;
pub(crate) const TIMEOUT_SECS_DEFAULT: u32 = 3;
pub(crate) const EPHEMERAL_MIB_DEFAULT: u32 = 512;

/// The variables a runtime sets itself ("Defined runtime environment variables", Lambda developer
/// guide, read 2026-11).
const RESERVED_VARIABLES: [&str; 20] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
];

/// The runtimes this engine runs, where the machine has them.
pub(crate) fn runtime(runtime: &api::Runtime) -> Result<String, Refusal> {
    let name = runtime.as_str();
    let known = !matches!(runtime, api::Runtime::Other(_));
    let ours = name.starts_with("nodejs") && !name.ends_with("-edge")
        || name.starts_with("python3.")
        || name.starts_with("provided");
    match (known, ours) {
        (true, true) => Ok(name.to_owned()),
        (true, false) => Err(unsupported(
            &format!("The runtime {name}"),
            "Use nodejs, python3, or provided.al2023 with a bootstrap of your own.",
        )),
        (false, _) => Err(invalid_parameter(format!(
            "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \
             [nodejs20.x, nodejs22.x, nodejs24.x, python3.11, python3.12, python3.13, provided.al2, \
             provided.al2023] or be a valid ARN"
        ))),
    }
}

/// A value of a bounded setting, or its default.
fn bounded(
    member: &str,
    value: Option<i32>,
    range: &std::ops::RangeInclusive<i32>,
) -> Result<Option<u32>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    if value < *range.start() {
        let rule = format!("Member must have value greater than or equal to {}", range.start());
        return Err(constraint(member, &value.to_string(), &rule));
    }
    if value > *range.end() {
        let rule = format!("Member must have value less than or equal to {}", range.end());
        return Err(constraint(member, &value.to_string(), &rule));
    }
    Ok(Some(value.cast_unsigned()))
}

pub(crate) fn memory(value: Option<i32>) -> Result<Option<u32>, Refusal> {
    bounded("memorySize", value, &MEMORY_MIB)
}

pub(crate) fn timeout(value: Option<i32>) -> Result<Option<u32>, Refusal> {
    bounded("timeout", value, &TIMEOUT_SECS)
}

pub(crate) fn ephemeral(storage: Option<&api::EphemeralStorage>) -> Result<Option<u32>, Refusal> {
    bounded("ephemeralStorage.size", storage.map(|s| s.size), &EPHEMERAL_MIB)
}

/// The environment's variables, where the member is there.
pub(crate) fn environment(
    environment: Option<api::Environment>,
) -> Result<Option<BTreeMap<String, String>>, Refusal> {
    let Some(variables) = environment.map(|e| e.variables.unwrap_or_default()) else { return Ok(None) };
    let named = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let sound = |name: &&String| {
        name.len() >= 2 && name.as_bytes()[0].is_ascii_alphabetic() && name.bytes().all(named)
    };
    let reserved: Vec<_> =
        variables.keys().map(String::as_str).filter(|name| RESERVED_VARIABLES.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables \
             you have provided contains reserved keys that are currently not supported for modification. \
             Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    if let Some(name) = variables.keys().find(|name| !sound(name)) {
        let rule = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: \
                    [a-zA-Z]([a-zA-Z0-9_])+]";
        return Err(constraint("environment.variables", name, rule));
    }
    let measured = serde_json::to_string(&variables).unwrap_or_default();
    if measured.len() > ENVIRONMENT_BYTES_MAX {
        return Err(invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables \
             you have provided exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(Some(variables))
}

/// The role's ARN.
pub(crate) fn role(text: &str) -> Result<Arn, Refusal> {
    let rule = "Member must satisfy regular expression pattern: \
                arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
    text.parse::<Arn>()
        .ok()
        .filter(|arn| {
            arn.service() == "iam" && arn.account().is_some() && arn.resource().starts_with("role/")
        })
        .ok_or_else(|| constraint("role", text, rule))
}

/// The tracing mode.
pub(crate) fn tracing(config: Option<&api::TracingConfig>) -> Option<String> {
    config.and_then(|c| c.mode.as_ref()).map(|mode| mode.as_str().to_owned())
}

/// The one architecture named, if it is one this machine runs.
pub(crate) fn architecture(named: Option<&[api::Architecture]>) -> Result<Option<String>, Refusal> {
    match named {
        None | Some([]) => Ok(None),
        Some([one]) if matches!(one, api::Architecture::Other(_)) => Err(constraint(
            "architectures",
            &format!("[{}]", one.as_str()),
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], \
             Member must not be null]",
        )),
        Some([one]) => Ok(Some(one.as_str().to_owned())),
        Some(_) => Err(constraint("architectures", "", "Member must have length less than or equal to 1")),
    }
}

/// The settings that create and update share and that this engine does not have yet.
pub(crate) struct Unsupported<'a> {
    pub vpc_config: Option<&'a api::VpcConfig>,
    pub dead_letter_config: Option<&'a api::DeadLetterConfig>,
    pub kms_key_arn: Option<&'a str>,
    pub layers: Option<&'a [String]>,
    pub file_system_configs: Option<&'a [api::FileSystemConfig]>,
    pub image_config: Option<&'a api::ImageConfig>,
    pub snap_start: Option<&'a api::SnapStart>,
    pub logging_config: Option<&'a api::LoggingConfig>,
    pub capacity_provider_config: Option<&'a api::CapacityProviderConfig>,
    pub durable_config: Option<&'a api::DurableConfig>,
}

impl Unsupported<'_> {
    /// Refuses what is asked for and not there. Empty values ask for nothing: clients send them to
    /// clear a setting.
    pub fn refuse(&self) -> Result<(), Refusal> {
        let some = |list: Option<&Vec<String>>| list.is_some_and(|l| !l.is_empty());
        let vpc = self
            .vpc_config
            .is_some_and(|v| some(v.subnet_ids.as_ref()) || some(v.security_group_ids.as_ref()));
        let dead_letter =
            self.dead_letter_config.is_some_and(|d| d.target_arn.as_deref().is_some_and(|t| !t.is_empty()));
        let snap_start = self
            .snap_start
            .is_some_and(|s| s.apply_on.as_ref().is_some_and(|on| *on != api::SnapStartApplyOn::None));
        let json_logs = self
            .logging_config
            .is_some_and(|l| l.log_format.as_ref().is_some_and(|f| *f != api::LogFormat::Text));
        let rows = [
            (vpc, "VpcConfig", "Functions here reach no network but the engine; remove the setting."),
            (dead_letter, "DeadLetterConfig", "Remove the setting."),
            (self.kms_key_arn.is_some_and(|k| !k.is_empty()), "KMSKeyArn", "Remove the setting."),
            (self.layers.is_some_and(|l| !l.is_empty()), "Layers", "Put the layer's files into the package."),
            (
                self.file_system_configs.is_some_and(|f| !f.is_empty()),
                "FileSystemConfigs",
                "Remove the setting.",
            ),
            (self.image_config.is_some(), "ImageConfig", "Use a zip file."),
            (snap_start, "SnapStart", "Remove the setting."),
            (json_logs, "LoggingConfig.LogFormat JSON", "Use Text."),
            (self.capacity_provider_config.is_some(), "CapacityProviderConfig", "Remove the setting."),
            (self.durable_config.is_some(), "DurableConfig", "Remove the setting."),
        ];
        match rows.into_iter().find(|(asked, ..)| *asked) {
            Some((_, what, hint)) => Err(refusals::unsupported(what, hint)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_awss() {
        for (value, fits) in [(127, false), (128, true), (10_240, true), (10_241, false)] {
            assert_eq!(memory(Some(value)).is_ok(), fits, "{value}");
        }
        for (value, fits) in [(0, false), (1, true), (900, true), (901, false)] {
            assert_eq!(timeout(Some(value)).is_ok(), fits, "{value}");
        }
        assert_eq!(
            timeout(Some(901)).unwrap_err().message,
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must \
             have value less than or equal to 900"
        );
    }

    #[test]
    fn environments_are_checked() {
        let with = |name: &str, value: &str| {
            environment(Some(api::Environment {
                variables: Some([(name.to_owned(), value.to_owned())].into()),
            }))
        };
        assert!(with("TABLE", "carts").is_ok());
        assert!(with("AWS_REGION", "x").unwrap_err().message.ends_with("this request: AWS_REGION"));
        assert!(with("TABLE", &"x".repeat(4_096)).unwrap_err().message.contains("4KB limit"));
        assert_eq!(with("1A", "x").unwrap_err().code, "ValidationException");
    }

    #[test]
    fn runtimes_are_ours_known_or_unknown() {
        assert_eq!(runtime(&"python3.11".into()).unwrap(), "python3.11");
        assert!(runtime(&"java21".into()).unwrap_err().message.contains("java21"));
        assert!(runtime(&"cobol".into()).unwrap_err().message.contains("enum value set"));
    }

    #[test]
    fn a_role_is_an_iam_role() {
        assert!(role("arn:aws:iam::123456789012:role/service/cart").is_ok());
        for wrong in ["cart", "arn:aws:iam::123456789012:user/cart", "arn:aws:s3:::bucket"] {
            assert_eq!(role(wrong).unwrap_err().code, "ValidationException", "{wrong}");
        }
    }
}
