//! AWS Lambda: functions, versions, aliases with weights, permissions, and invocations, at once or
//! from a durable queue. How code runs is the function host's matter.

mod code;
mod concurrency;
mod invoke;
mod links;
mod logs;
mod model;
mod ops;
mod policy;
mod prepared;
mod publish;
mod queue;
mod refusals;
mod retire;
mod routing;
mod show;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod unzip;
mod validate;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Access, Fault, Read, Registry, Result, Service, register_service};
use updraft_types::lambda::FunctionRef;
use updraft_types::{Arn, Scope};

pub use logs::FunctionLogs;

use crate::Origin;
use code::CodeCache;
use concurrency::Concurrency;
use prepared::PreparedVersions;
use store::{POLICIES, Target};

/// The service.
pub struct Lambda {
    shared: Arc<Shared>,
}

/// What outlives a call: invocations go on when their caller hangs up.
pub(crate) struct Shared {
    origin: Origin,
    concurrency: Arc<Concurrency>,
    code: CodeCache,
    logs: Arc<FunctionLogs>,
    prepared: PreparedVersions,
}

/// Adds Lambda to an engine. `origin` is where callers reach it; `logs` is the sink that the
/// function host writes to.
pub fn register(registry: &mut Registry, origin: Origin, logs: Arc<FunctionLogs>) {
    let shared = Shared {
        origin,
        concurrency: Arc::default(),
        code: CodeCache::default(),
        logs,
        prepared: PreparedVersions::default(),
    };
    let service = Arc::new(Lambda { shared: Arc::new(shared) });
    register_service!(registry, service.clone(), for_each_lambda_operation, updraft_api::lambda::ops);
    registry.job::<_, queue::AsyncEvent>(&service);
    registry.job::<_, retire::Retire>(&service);
    registry.data_plane(Arc::new(links::CodeLinks));
}

impl Service for Lambda {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::lambda::SERVICE
    }

    fn resource_policy(&self, read: &dyn Read, resource: &Arn) -> std::result::Result<Option<String>, Fault> {
        let Some((scope, named)) = resource.scope().zip(resource.as_str().parse::<FunctionRef>().ok()) else {
            return Ok(None);
        };
        let qualifier = named.qualifier.map(|q| q.to_string()).unwrap_or_default();
        let policy = POLICIES.get(read, &(scope, named.name.to_string(), qualifier))?;
        Ok(policy.map(|policy| policy::document(&policy)))
    }
}

/// The access to a function that most operations ask for: qualifiers are not told apart.
pub(crate) fn access(action: &'static str, scope: &Scope, function: &str) -> Result<Vec<Access>> {
    Ok(vec![Access::to(action, Target::read(scope, function, None)?.function_arn())])
}

/// The access to the version or alias that a call names.
pub(crate) fn qualified_access(
    action: &'static str,
    scope: &Scope,
    function: &str,
    qualifier: Option<&str>,
) -> Result<Vec<Access>> {
    Ok(vec![Access::to(action, Target::read(scope, function, qualifier)?.arn())])
}

/// The right to give a function its role.
pub(crate) fn pass_role(role: &str) -> Result<Access> {
    let passed_to = ["lambda.amazonaws.com".to_owned()];
    Ok(Access::to("iam:PassRole", validate::role(role)?).with("iam:PassedToService", passed_to))
}
