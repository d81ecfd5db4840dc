//! Who calls, what they ask for, and who decides.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use updraft_api::Refusal;
use updraft_types::{AccountId, Arn, Timestamp};

use crate::{Fault, Read, Result};

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Principal {
    /// The account itself.
    Root,
    /// A session of a role.
    Role {
        /// The role's ARN.
        role: Arn,
        /// The role's unique id, `AROA…`.
        role_id: String,
        /// The session's name.
        session: String,
        /// The session's ARN, `arn:…:sts::…:assumed-role/name/session`.
        session_arn: Arn,
        /// The policy the session was narrowed by, if any.
        session_policy: Option<String>,
    },
    /// An AWS service acting for itself, such as `apigateway.amazonaws.com`.
    Service {
        /// The service principal's name.
        name: String,
        /// The resource it acts for: `aws:SourceArn`.
        source: Option<Arn>,
    },
    /// Nobody: an unsigned request.
    Anonymous,
}

/// A principal in its account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The account the caller belongs to.
    pub account: AccountId,
    /// The access key the call was signed with, where it was.
    pub access_key_id: Option<String>,
}

impl Caller {
    /// The account's root.
    #[must_use]
    pub fn root(account: AccountId) -> Self {
        Self { principal: Principal::Root, account, access_key_id: None }
    }

    /// A service acting for itself in an account.
    #[must_use]
    pub fn service(name: impl Into<String>, account: AccountId, source: Option<Arn>) -> Self {
        Self { principal: Principal::Service { name: name.into(), source }, account, access_key_id: None }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.principal {
            Principal::Root => write!(f, "{}:root", self.account),
            Principal::Role { session_arn, .. } => session_arn.fmt(f),
            Principal::Service { name, .. } => f.write_str(name),
            Principal::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// As whom a service calls another.
#[derive(Debug, Clone)]
pub enum As {
    /// As whoever called it.
    Caller,
    /// As a role that trusts the service.
    Role {
        /// The role's ARN.
        role: Arn,
        /// The session's name.
        session: String,
        /// The service principal that the role's trust policy must name.
        service: &'static str,
    },
    /// As the service itself, for a resource: the callee's resource policy must allow it.
    Service {
        /// The service principal's name.
        name: &'static str,
        /// The resource it acts for.
        source: Option<Arn>,
    },
    /// As a caller established before, such as the one a job was scheduled for.
    Principal(Caller),
}

/// What an access is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// No resource: policies must allow `*`.
    Any,
    /// This resource.
    Arn(Arn),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Arn(arn) => arn.fmt(f),
        }
    }
}

/// One thing that IAM must allow for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The action: `dynamodb:PutItem`.
    pub action: Cow<'static, str>,
    /// The resource.
    pub target: Target,
    /// Condition keys that the call defines: `lambda:FunctionArn`, `s3:prefix`.
    pub context: BTreeMap<String, Vec<String>>,
    /// Whether the resource is yet to be made by the caller, whoever may own one of that name.
    pub makes: bool,
}

impl Access {
    /// The action on a resource.
    #[must_use]
    pub fn to(action: impl Into<Cow<'static, str>>, resource: Arn) -> Self {
        Self { action: action.into(), target: Target::Arn(resource), context: BTreeMap::new(), makes: false }
    }

    /// The action on no resource in particular.
    #[must_use]
    pub fn to_any(action: impl Into<Cow<'static, str>>) -> Self {
        Self { action: action.into(), target: Target::Any, context: BTreeMap::new(), makes: false }
    }

    /// For making the resource: one of that name that somebody else owns does not count.
    #[must_use]
    pub fn to_make(mut self) -> Self {
        self.makes = true;
        self
    }

    /// With a condition key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, values: impl IntoIterator<Item = String>) -> Self {
        self.context.insert(key.into(), values.into_iter().collect());
        self
    }
}

/// The question put to the authorizer.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// For what.
    pub access: &'a Access,
    /// The policy on the resource, where it has one.
    pub resource_policy: Option<&'a str>,
    /// The account that owns the resource.
    pub resource_account: AccountId,
    /// The present, for the time condition keys.
    pub now: Timestamp,
    /// The caller's address, where there is one.
    pub source_ip: Option<std::net::IpAddr>,
}

/// The answer, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// Whether the access is allowed.
    pub allowed: bool,
    /// Which policy and statement decided: `inline policy "cart" statement 2`.
    pub decided_by: String,
    /// AWS's sentence for the caller where it is not allowed, without the error code.
    pub message: String,
}

/// Decides accesses by IAM's rules.
pub trait Authorizer: Send + Sync + 'static {
    /// Allowed or denied, and why. Doubt denies.
    fn decide(
        &self,
        read: &dyn Read,
        request: &AuthorizationRequest<'_>,
    ) -> std::result::Result<Decision, Fault>;
}

/// Temporary credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `ASIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The token that carries the session.
    pub session_token: String,
    /// When they end.
    pub expires: Timestamp,
}

impl fmt::Debug for Credentials {
    /// The secret and the token stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Whose session an access key and token are, and the secret its signatures must show.
#[derive(Clone)]
pub struct Identified {
    /// The session's principal.
    pub caller: Caller,
    /// The secret access key.
    pub secret_access_key: String,
}

/// Issues and recognises sessions of roles.
pub trait Sessions: Send + Sync + 'static {
    /// The session a service opens on a role, if the role trusts the service.
    fn assume_for_service(&self, read: &dyn Read, role: &Arn, session: &str, service: &str)
    -> Result<Caller>;

    /// Credentials for a session of a role.
    fn issue(&self, read: &dyn Read, caller: &Caller, expires: Timestamp) -> Result<Credentials>;

    /// Whose the credentials are; a refusal for unknown, forged or expired ones.
    fn identify(
        &self,
        read: &dyn Read,
        access_key_id: &str,
        session_token: &str,
        now: Timestamp,
    ) -> std::result::Result<Identified, Refusal>;
}
