//! `UpdateFunctionConfiguration`: new settings for `$LATEST`; what is not named stays.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Result, Serve, ServeCx};
use updraft_types::Scope;

use super::create_function::assume;
use super::update_function_code::expect_revision;
use crate::lambda::model::Version;
use crate::lambda::retire::retire;
use crate::lambda::store::{FUNCTIONS, Target};
use crate::lambda::validate::{self, Unsupported};
use crate::lambda::{Lambda, access, pass_role, show};

impl Serve<api::ops::UpdateFunctionConfiguration> for Lambda {
    fn access(&self, scope: &Scope, input: &api::UpdateFunctionConfigurationRequest) -> Result<Vec<Access>> {
        let mut all = access("lambda:UpdateFunctionConfiguration", scope, &input.function_name)?;
        if let Some(role) = &input.role {
            all.push(pass_role(role)?);
        }
        Ok(all)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        mut input: api::UpdateFunctionConfigurationRequest,
    ) -> Result<api::FunctionConfiguration> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let revision_id = input.revision_id.take();
        let change = Change::read(input)?;
        if let Some(role) = &change.role {
            assume(&cx, &target, role)?;
        }
        cx.transact(move |cx| change.run(cx, &target, revision_id.as_deref())).await
    }
}

/// The settings that change.
struct Change {
    runtime: Option<String>,
    handler: Option<String>,
    role: Option<updraft_types::Arn>,
    description: Option<String>,
    timeout_secs: Option<u32>,
    memory_mib: Option<u32>,
    ephemeral_mib: Option<u32>,
    environment: Option<std::collections::BTreeMap<String, String>>,
    tracing: Option<String>,
    log_group: Option<Option<String>>,
}

impl Change {
    fn read(input: api::UpdateFunctionConfigurationRequest) -> Result<Self> {
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
        unsupported.refuse()?;
        Ok(Self {
            runtime: input.runtime.as_ref().map(validate::runtime).transpose()?,
            handler: input.handler,
            role: input.role.as_deref().map(validate::role).transpose()?,
            description: input.description,
            timeout_secs: validate::timeout(input.timeout)?,
            memory_mib: validate::memory(input.memory_size)?,
            ephemeral_mib: validate::ephemeral(input.ephemeral_storage.as_ref())?,
            environment: validate::environment(input.environment)?,
            tracing: validate::tracing(input.tracing_config.as_ref()),
            log_group: input.logging_config.map(|logging| logging.log_group),
        })
    }

    fn apply(self, version: &mut Version) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut version.runtime, self.runtime);
        set(&mut version.handler, self.handler);
        set(&mut version.role, self.role);
        set(&mut version.description, self.description);
        set(&mut version.timeout_secs, self.timeout_secs);
        set(&mut version.memory_mib, self.memory_mib);
        set(&mut version.ephemeral_mib, self.ephemeral_mib);
        set(&mut version.environment, self.environment.map(Some));
        set(&mut version.tracing, self.tracing);
        set(&mut version.log_group, self.log_group);
    }

    fn run(
        self,
        cx: &mut Cx<'_>,
        target: &Target,
        revision_id: Option<&str>,
    ) -> Result<api::FunctionConfiguration> {
        let mut function = target.function(cx)?;
        expect_revision(&function, revision_id)?;
        self.apply(&mut function.latest);
        let now = cx.now();
        let retired = function.latest.seal(cx.ids(), now);
        retire(cx, retired)?;
        FUNCTIONS.put(cx, &target.key(), &function)?;
        Ok(show::unqualified(target, &function.latest))
    }
}
