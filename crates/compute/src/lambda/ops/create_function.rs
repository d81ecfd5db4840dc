//! `CreateFunction`: a function with its code, at once ready to be called.
//!
//! ```text
//! aws lambda create-function --function-name cart --runtime nodejs20.x --handler index.handler \
//!     --role arn:aws:iam::000000000000:role/cart --zip-file fileb://cart.zip
//! ```

use updraft_api::lambda as api;
use updraft_kernel::{Access, As, Cx, Result, Serve, ServeCx};
use updraft_types::lambda::Qualifier;
use updraft_types::{Arn, Scope, Timestamp};

use crate::lambda::code::{Package, Source};
use crate::lambda::model::{Function, Version};
use crate::lambda::publish::publish;
use crate::lambda::store::{FUNCTIONS, Target};
use crate::lambda::validate::{self, Unsupported};
use crate::lambda::{Lambda, pass_role, refusals, show};

impl Serve<api::ops::CreateFunction> for Lambda {
    fn access(&self, scope: &Scope, input: &api::CreateFunctionRequest) -> Result<Vec<Access>> {
        let target = Target::unqualified(scope, &input.function_name)?;
        Ok(vec![Access::to("lambda:CreateFunction", target.function_arn()), pass_role(&input.role)?])
    }

    async fn serve(
        &self,
        cx: ServeCx,
        mut input: api::CreateFunctionRequest,
    ) -> Result<api::FunctionConfiguration> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let code = std::mem::take(&mut input.code);
        let configured = configured(&mut input)?;
        let source = Source::read(
            code.zip_file,
            code.s3_bucket,
            code.s3_key,
            code.s3_object_version,
            code.image_uri.as_deref(),
        )?;
        assume(&cx, &target, &configured.role)?;
        if cx.view(|view| FUNCTIONS.contains(view, &target.key()))? {
            return Err(exists(&target).into());
        }
        let package = self.shared.code.take_in(&cx, source, "CreateFunction").await?;
        let create = Create {
            version: Version { code: package.code.clone(), ..configured },
            tags: input.tags.unwrap_or_default(),
            publish: input.publish.unwrap_or(false),
            target,
        };
        let created = cx.transact(move |cx| create.run(cx)).await;
        // Until here the blob was held by its receipt; from here on by the function's record.
        let Package { receipt, .. } = package;
        drop(receipt);
        created
    }
}

/// What is left to do in the transaction.
struct Create {
    target: Target,
    version: Version,
    tags: std::collections::BTreeMap<String, String>,
    publish: bool,
}

impl Create {
    fn run(self, cx: &mut Cx<'_>) -> Result<api::FunctionConfiguration> {
        let Self { target, mut version, tags, publish: publishes } = self;
        if FUNCTIONS.contains(cx, &target.key())? {
            return Err(exists(&target).into());
        }
        let now = cx.now();
        version.seal(cx.ids(), now);
        cx.retain_blob(version.code.blob)?;
        let mut function = Function {
            latest: version,
            last_published: 0,
            tags,
            reserved_concurrency: None,
            link_secret: cx.ids().hex(32),
        };
        FUNCTIONS.put(cx, &target.key(), &function)?;
        let shown = if publishes { publish(cx, &target, &mut function, None)? } else { function.latest };
        Ok(show::unqualified(&target, &shown))
    }
}

fn exists(target: &Target) -> updraft_api::Refusal {
    refusals::conflict(format!("Function already exist: {}", target.name))
}

/// Whether Lambda may act as the role: it exists, and its trust policy says so.
pub(super) fn assume(cx: &ServeCx, target: &Target, role: &Arn) -> Result<()> {
    let session =
        As::Role { role: role.clone(), session: target.name.to_string(), service: "lambda.amazonaws.com" };
    match cx.resolve(session) {
        Ok(_) => Ok(()),
        Err(updraft_kernel::Error::Refused(_)) => Err(refusals::role_not_assumable().into()),
        Err(fault) => Err(fault),
    }
}

/// The configuration that a request asks for, its code still to come.
fn configured(input: &mut api::CreateFunctionRequest) -> Result<Version> {
    refuse_unsupported(input)?;
    let (Some(runtime), Some(handler)) = (&input.runtime, input.handler.take()) else {
        return Err(refusals::invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        )
        .into());
    };
    Ok(Version {
        qualifier: Qualifier::Latest,
        runtime: validate::runtime(runtime)?,
        handler,
        role: validate::role(&input.role)?,
        description: input.description.take().unwrap_or_default(),
        timeout_secs: validate::timeout(input.timeout)?.unwrap_or(validate::TIMEOUT_SECS_DEFAULT),
        memory_mib: validate::memory(input.memory_size)?.unwrap_or(validate::MEMORY_MIB_DEFAULT),
        ephemeral_mib: validate::ephemeral(input.ephemeral_storage.as_ref())?
            .unwrap_or(validate::EPHEMERAL_MIB_DEFAULT),
        environment: validate::environment(input.environment.take())?,
        tracing: validate::tracing(input.tracing_config.as_ref()).unwrap_or_else(|| "PassThrough".to_owned()),
        architecture: validate::architecture(input.architectures.as_deref())?
            .unwrap_or_else(|| "x86_64".to_owned()),
        log_group: input.logging_config.take().and_then(|logging| logging.log_group),
        code: crate::lambda::model::Code::none(),
        modified: Timestamp::EPOCH,
        revision_id: String::new(),
        digest: String::new(),
        instance: String::new(),
    })
}

fn refuse_unsupported(input: &api::CreateFunctionRequest) -> Result<()> {
    if input.package_type.as_ref().is_some_and(|kind| *kind != api::PackageType::Zip) {
        let hint = "Use PackageType Zip with one of the runtimes.";
        return Err(refusals::unsupported("PackageType Image", hint).into());
    }
    let named = [
        (input.code_signing_config_arn.is_some(), "CodeSigningConfigArn"),
        (input.tenancy_config.is_some(), "TenancyConfig"),
        (input.publish_to.is_some(), "PublishTo"),
    ];
    if let Some((_, what)) = named.into_iter().find(|(asked, _)| *asked) {
        return Err(refusals::unsupported(what, "Remove the setting.").into());
    }
    let unsupported = Unsupported {
        vpc_config: input.vpc_config.as_ref(),
        dead_letter_config: input.dead_letter_config.as_ref(),
        kms_key_arn: input.kms_key_arn.as_deref(),
        layers: input.layers.as_deref(),
        file_system_configs: input.file_system_configs.as_deref(),
        image_config: input.image_config.as_ref(),
        snap_start: input.snap_start.as_ref(),
        logging_config: input.logging_config.as_ref(),
        capacity_provider_config: input.capacity_provider_config.as_ref(),
        durable_config: input.durable_config.as_ref(),
    };
    Ok(unsupported.refuse()?)
}
