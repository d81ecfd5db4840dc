//! `UpdateFunctionCode`: new code for `$LATEST`.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Result, Serve, ServeCx};
use updraft_types::Scope;

use crate::lambda::code::{Package, Source};
use crate::lambda::model::{Code, Function};
use crate::lambda::publish::publish;
use crate::lambda::retire::retire;
use crate::lambda::store::{FUNCTIONS, Target};
use crate::lambda::{Lambda, access, refusals, show, validate};

impl Serve<api::ops::UpdateFunctionCode> for Lambda {
    fn access(&self, scope: &Scope, input: &api::UpdateFunctionCodeRequest) -> Result<Vec<Access>> {
        access("lambda:UpdateFunctionCode", scope, &input.function_name)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        input: api::UpdateFunctionCodeRequest,
    ) -> Result<api::FunctionConfiguration> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let architecture = validate::architecture(input.architectures.as_deref())?;
        cx.view(|view| expect_revision(&target.function(view)?, input.revision_id.as_deref()))?;
        let source = Source::read(
            input.zip_file,
            input.s3_bucket,
            input.s3_key,
            input.s3_object_version,
            input.image_uri.as_deref(),
        )?;
        let package = self.shared.code.take_in(&cx, source, "UpdateFunctionCode").await?;
        let update = Update {
            target,
            code: package.code.clone(),
            architecture,
            revision_id: input.revision_id,
            publish: input.publish.unwrap_or(false),
            dry_run: input.dry_run.unwrap_or(false),
        };
        let updated = if update.dry_run {
            cx.view(|view| update.clone().apply(update.target.function(view)?).map(|f| update.show(&f)))
        } else {
            cx.transact(move |cx| update.run(cx)).await
        };
        // Until here the blob was held by its receipt; from here on by the function's record.
        let Package { receipt, .. } = package;
        drop(receipt);
        updated
    }
}

#[derive(Clone)]
struct Update {
    target: Target,
    code: Code,
    architecture: Option<String>,
    revision_id: Option<String>,
    publish: bool,
    dry_run: bool,
}

impl Update {
    /// The function as it would be.
    fn apply(self, mut function: Function) -> Result<Function> {
        expect_revision(&function, self.revision_id.as_deref())?;
        function.latest.code = self.code;
        if let Some(architecture) = self.architecture {
            function.latest.architecture = architecture;
        }
        Ok(function)
    }

    fn show(&self, function: &Function) -> api::FunctionConfiguration {
        show::unqualified(&self.target, &function.latest)
    }

    fn run(self, cx: &mut Cx<'_>) -> Result<api::FunctionConfiguration> {
        let (target, publishes) = (self.target.clone(), self.publish);
        let before = target.function(cx)?;
        let old = before.latest.code.blob;
        let mut function = self.apply(before)?;
        cx.retain_blob(function.latest.code.blob)?;
        cx.release_blob(old)?;
        let now = cx.now();
        let retired = function.latest.seal(cx.ids(), now);
        retire(cx, retired)?;
        FUNCTIONS.put(cx, &target.key(), &function)?;
        if publishes {
            let version = publish(cx, &target, &mut function, None)?;
            return Ok(show::qualified(&target, &version));
        }
        Ok(show::unqualified(&target, &function.latest))
    }
}

/// Refuses who has not seen the latest change.
pub(super) fn expect_revision(function: &Function, revision_id: Option<&str>) -> Result<()> {
    match revision_id {
        Some(seen) if seen != function.latest.revision_id => {
            Err(refusals::revision_mismatch("GetFunction/GetAlias").into())
        }
        _ => Ok(()),
    }
}
