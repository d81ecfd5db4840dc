//! The engine's authorizer: IAM's policies, weighed for one access.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use updraft_kernel::{AuthorizationRequest, Authorizer, Caller, Decision, Fault, Principal, Read, Target};
use updraft_lang::iam::{
    self as lang, Context, Named, Policies, Policy, Question, decide, decide_by_resource,
};
use updraft_types::iam::root_arn;
use updraft_types::{Arn, Region};

use super::model::{self, RoleRecord};

/// How many parsed policies are kept. A policy is a few kilobytes; past the bound all are forgotten.
const PARSED_POLICIES_MAX: usize = 1_024;

/// Decides by the policies in the store.
///
/// Parsed policies are kept by their text, so a changed policy is never taken for what it was.
#[derive(Default)]
pub struct PolicyAuthorizer {
    parsed: Mutex<HashMap<String, Arc<Policy>>>,
}

/// What a role's session may be allowed by, with the names the policies are known by.
struct RolePolicies {
    identity: Vec<(String, Arc<Policy>)>,
    boundary: Option<(String, Arc<Policy>)>,
    session: Option<(String, Arc<Policy>)>,
}

impl PolicyAuthorizer {
    /// An authorizer with nothing parsed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A policy from its text. One that cannot be read is a fault: it was checked when it came.
    fn parse(&self, name: &str, document: &str) -> Result<Arc<Policy>, Fault> {
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(policy) = parsed.get(document) {
            return Ok(policy.clone());
        }
        let policy = Policy::parse(document).map_err(|e| Fault::because(format!("read policy {name}"), e))?;
        let policy = Arc::new(policy);
        if parsed.len() >= PARSED_POLICIES_MAX {
            parsed.clear();
        }
        parsed.insert(document.to_owned(), policy.clone());
        Ok(policy)
    }

    fn policies(
        &self,
        read: &dyn Read,
        role: &RoleRecord,
        session: Option<&str>,
    ) -> Result<RolePolicies, Fault> {
        let mut identity = Vec::new();
        for (name, document) in &role.inline {
            identity.push((name.clone(), self.parse(name, document)?));
        }
        for arn in &role.attached {
            identity.extend(self.managed(read, arn)?);
        }
        let boundary = match &role.boundary {
            // A boundary that is gone bounds to nothing.
            Some(arn) => Some(self.managed(read, arn)?.unwrap_or_else(|| (arn.to_string(), nothing()))),
            None => None,
        };
        let session =
            session.map(|text| Ok::<_, Fault>(("session".to_owned(), self.parse("session", text)?)));
        Ok(RolePolicies { identity, boundary, session: session.transpose()? })
    }

    fn managed(&self, read: &dyn Read, arn: &Arn) -> Result<Option<(String, Arc<Policy>)>, Fault> {
        let document = model::policy_document(read, arn)?;
        document.map(|text| Ok((arn.to_string(), self.parse(arn.as_str(), &text)?))).transpose()
    }
}

fn nothing() -> Arc<Policy> {
    Arc::new(Policy { version: lang::Version::V2012, statements: Vec::new() })
}

impl Authorizer for PolicyAuthorizer {
    fn decide(&self, read: &dyn Read, request: &AuthorizationRequest<'_>) -> Result<Decision, Fault> {
        let region = region_of(request);
        let mut context = identity_context(request.caller, &region);
        request_context(request, &mut context);
        let mut role_policies = None;
        if let Principal::Role { role, role_id, session_policy, .. } = &request.caller.principal {
            // A role made anew under the old name is another role.
            let Some(record) = model::role(read, role)?.filter(|record| record.id == *role_id) else {
                return Ok(refused(request, &region, " because the role does not exist", "no role"));
            };
            for (key, value) in &record.tags {
                context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
            }
            role_policies = Some(self.policies(read, &record, session_policy.as_deref())?);
        }
        let resource = match request.resource_policy {
            Some(text) => Some(self.parse("of the resource", text)?),
            None => None,
        };
        let names = Names::of(request.caller);
        let target = request.access.target.to_string();
        let question = Question {
            principal: names.principal(),
            action: &request.access.action,
            resource: &target,
            context: &context,
        };
        let identity: Vec<_> = role_policies.iter().flat_map(|p| &p.identity).map(named).collect();
        let policies = Policies {
            identity: &identity,
            resource: resource.as_deref().map(|policy| Named { name: "resource", policy }),
            boundary: role_policies.as_ref().and_then(|p| p.boundary.as_ref()).map(named),
            session: role_policies.as_ref().and_then(|p| p.session.as_ref()).map(named),
            cross_account: request.resource_account != request.caller.account,
        };
        let decision = decide(&question, &policies);
        if decision.allowed() {
            let decided_by = decision.origin.map_or_else(String::new, |origin| origin.to_string());
            return Ok(Decision { allowed: true, decided_by, message: String::new() });
        }
        let reason = decision.reason(&request.access.action);
        let by = decision.origin.map_or_else(|| reason.trim().to_owned(), |origin| origin.to_string());
        Ok(refused(request, &region, &reason, &by))
    }
}

fn named(pair: &(String, Arc<Policy>)) -> Named<'_> {
    Named { name: &pair.0, policy: &pair.1 }
}

/// AWS's sentence for a refused access ("Troubleshoot access denied error messages", IAM User Guide,
/// read 2026-11).
fn refused(request: &AuthorizationRequest<'_>, region: &Region, reason: &str, by: &str) -> Decision {
    let access = request.access;
    let who = principal_of(request.caller, region);
    let message = format!(
        "User: {who} is not authorized to perform: {} on resource: {}{reason}",
        access.action, access.target
    );
    Decision { allowed: false, decided_by: by.to_owned(), message }
}

/// The region whose partition the caller's ARNs are in.
fn region_of(request: &AuthorizationRequest<'_>) -> Region {
    let target = match &request.access.target {
        Target::Arn(arn) => arn.region(),
        Target::Any => None,
    };
    target.unwrap_or_else(Region::us_east_1)
}

/// How messages and `aws:PrincipalArn` call a caller.
pub(crate) fn principal_of(caller: &Caller, region: &Region) -> String {
    match &caller.principal {
        Principal::Root => root_arn(caller.account, region).to_string(),
        Principal::Role { session_arn, .. } => session_arn.to_string(),
        Principal::Service { name, .. } => name.clone(),
        Principal::Anonymous => "anonymous".to_owned(),
    }
}

/// A caller's names, kept while a question refers to them.
pub(crate) struct Names<'a> {
    caller: &'a Caller,
}

impl<'a> Names<'a> {
    pub(crate) fn of(caller: &'a Caller) -> Self {
        Self { caller }
    }

    fn principal(&self) -> lang::Principal<'a> {
        let account = self.caller.account.as_str();
        match &self.caller.principal {
            Principal::Root => lang::Principal::Root { account },
            Principal::Role { role, session_arn, .. } => {
                lang::Principal::Session { account, role: role.as_str(), session: session_arn.as_str() }
            }
            Principal::Service { name, .. } => lang::Principal::Service { name },
            Principal::Anonymous => lang::Principal::Anonymous,
        }
    }
}

/// The condition keys that follow from the caller ("AWS global condition context keys", IAM User
/// Guide, read 2026-11).
pub(crate) fn identity_context(caller: &Caller, region: &Region) -> Context {
    let mut context = Context::new();
    match &caller.principal {
        Principal::Root => {
            context.set("aws:PrincipalArn", root_arn(caller.account, region).as_str());
            context.set("aws:PrincipalType", "Account");
            context.set("aws:userid", caller.account.as_str());
        }
        Principal::Role { role, role_id, session, .. } => {
            context.set("aws:PrincipalArn", role.as_str());
            context.set("aws:PrincipalType", "AssumedRole");
            context.set("aws:userid", format!("{role_id}:{session}"));
        }
        Principal::Service { name, source } => {
            context.set("aws:PrincipalServiceName", name.as_str());
            context.set("aws:SourceAccount", caller.account.as_str());
            if let Some(source) = source {
                context.set("aws:SourceArn", source.as_str());
            }
        }
        Principal::Anonymous => {
            context.set("aws:PrincipalType", "Anonymous");
            context.set("aws:userid", "anonymous");
        }
    }
    let by_service = matches!(caller.principal, Principal::Service { .. });
    context.set("aws:PrincipalIsAWSService", by_service.to_string());
    if !by_service && caller.principal != Principal::Anonymous {
        context.set("aws:PrincipalAccount", caller.account.as_str());
    }
    context
}

/// The condition keys that follow from the request.
fn request_context(request: &AuthorizationRequest<'_>, context: &mut Context) {
    context.set("aws:CurrentTime", request.now.iso8601_secs());
    context.set("aws:EpochTime", (request.now.millis() / 1_000).to_string());
    context.set("aws:ResourceAccount", request.resource_account.as_str());
    if let Some(address) = request.source_ip {
        context.set("aws:SourceIp", address.to_string());
    }
    if let Target::Arn(arn) = &request.access.target
        && !arn.region_text().is_empty()
    {
        context.set("aws:RequestedRegion", arn.region_text());
    }
    for (key, values) in &request.access.context {
        context.set_all(key, values.iter().cloned());
    }
}

/// Whether a role's trust policy lets a caller take it.
pub(crate) fn trust_allows(role: &RoleRecord, caller: &Caller, context: &Context) -> Result<bool, Fault> {
    let policy = Policy::parse(&role.trust)
        .map_err(|e| Fault::because(format!("read the trust policy of {}", role.arn), e))?;
    let names = Names::of(caller);
    let question = Question {
        principal: names.principal(),
        action: "sts:AssumeRole",
        resource: role.arn.as_str(),
        context,
    };
    Ok(decide_by_resource(&question, Named { name: "trust", policy: &policy }).allowed())
}
