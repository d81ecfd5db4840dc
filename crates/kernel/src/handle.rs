//! The three ways to serve an operation.

use updraft_api::{Operation, ServiceInfo};
use updraft_types::{Arn, Scope};

use crate::{Access, Cx, Fault, Read, Result, ServeCx, View};

/// A service: the owner of operations, resources and their policies.
pub trait Service: Send + Sync + 'static {
    /// The wire facts of the service.
    fn info(&self) -> &'static ServiceInfo;

    /// The policy attached to one of the service's resources, as JSON text.
    fn resource_policy(&self, read: &dyn Read, resource: &Arn) -> std::result::Result<Option<String>, Fault> {
        let _ = (read, resource);
        Ok(None)
    }

    /// Puts in the condition keys that only the state can tell, such as which attribute of a request
    /// is a table's leading key. Not asked for callers whom no policy limits.
    fn complete_access(
        &self,
        read: &dyn Read,
        scope: &Scope,
        access: &mut Access,
    ) -> std::result::Result<(), Fault> {
        let _ = (read, scope, access);
        Ok(())
    }

    /// The account that owns one of the service's resources, where its ARN does not say (S3).
    fn resource_owner(
        &self,
        read: &dyn Read,
        resource: &Arn,
    ) -> std::result::Result<Option<updraft_types::AccountId>, Fault> {
        let _ = read;
        Ok(resource.account())
    }
}

/// An operation that only reads: a plain function on a snapshot, beside the writer.
pub trait Query<Op: Operation>: Service {
    /// What IAM must allow. An empty list asks for an authenticated caller and no more.
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>>;

    /// The answer.
    fn query(&self, view: &View<'_>, input: Op::Input) -> Result<Op::Output>;
}

/// An operation that writes: a plain function in a transaction, deterministic, its effects returned
/// through the context.
pub trait Handle<Op: Operation>: Service {
    /// What IAM must allow. An empty list asks for an authenticated caller and no more.
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>>;

    /// The answer. On `Err` nothing it wrote stays.
    fn handle(&self, cx: &mut Cx<'_>, input: Op::Input) -> Result<Op::Output>;
}

/// An operation that streams, waits or calls others.
pub trait Serve<Op: Operation>: Service {
    /// What IAM must allow. An empty list asks for an authenticated caller and no more.
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>>;

    /// The answer.
    fn serve(&self, cx: ServeCx, input: Op::Input) -> impl Future<Output = Result<Op::Output>> + Send;
}
