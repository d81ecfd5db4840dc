//! Sessions as the engine needs them: for services, for functions, and for whoever comes back with
//! a token.

use std::sync::Arc;

use updraft_api::Refusal;
use updraft_kernel::{Caller, Credentials, Fault, Identified, Ids, Principal, Read, Result, Sessions};
use updraft_types::iam::role_of;
use updraft_types::sts::{SessionName, session_arn};
use updraft_types::{Arn, Region, Timestamp};

use super::EngineKey;
use super::token::{self, Claims};
use crate::iam::{self, RoleRecord, identity_context, trust_allows};

/// The letters of access key ids.
const KEY_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How many of them follow the prefix of temporary keys ("Unique identifiers", IAM User Guide, read
/// 2026-11).
const KEY_LETTERS_COUNT: usize = 16;
const KEY_PREFIX: &str = "ASIA";

/// Opens and recognises sessions of roles, with no state but the engine's key.
pub struct RoleSessions {
    key: EngineKey,
    ids: Arc<dyn Ids>,
}

impl RoleSessions {
    /// Sessions under a key.
    #[must_use]
    pub fn new(key: EngineKey, ids: Arc<dyn Ids>) -> Self {
        Self { key, ids }
    }

    /// A session of a role.
    pub(super) fn session(
        role: &RoleRecord,
        session: &SessionName,
        policy: Option<String>,
    ) -> Result<Caller> {
        let Some((account, _)) = role_of(&role.arn) else {
            return Err(Fault::new(format!("read the role's ARN {}", role.arn)).into());
        };
        let region = Region::us_east_1();
        let principal = Principal::Role {
            role: role.arn.clone(),
            role_id: role.id.clone(),
            session: session.to_string(),
            session_arn: session_arn(account, &region, &role.name, session),
            session_policy: policy,
        };
        Ok(Caller { principal, account, access_key_id: None })
    }
}

/// The name a service's session gets: what cannot stand in one becomes a hyphen, and a short name is
/// filled up, as functions may have names of one letter.
fn service_session(name: &str) -> SessionName {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let text: String = name.chars().map(plain).take(SESSION_NAME_CHARS_MAX).collect();
    format!("{text:-<2}").parse().expect("the letters and the length were made to fit")
}

/// "Up to 64 characters" ("AssumeRole", AWS STS API reference, read 2026-11).
const SESSION_NAME_CHARS_MAX: usize = 64;

impl Sessions for RoleSessions {
    fn assume_for_service(
        &self,
        read: &dyn Read,
        role: &Arn,
        session: &str,
        service: &str,
    ) -> Result<Caller> {
        let refused = || {
            let message =
                format!("User: {service} is not authorized to perform: sts:AssumeRole on resource: {role}");
            Refusal::new("AccessDenied", 403, message)
        };
        let record = iam::role(read, role)?.ok_or_else(refused)?;
        let account = role.account().ok_or_else(refused)?;
        let caller = Caller::service(service, account, None);
        let context = identity_context(&caller, &Region::us_east_1());
        if !trust_allows(&record, &caller, &context)? {
            return Err(refused().into());
        }
        let session = service_session(session);
        Self::session(&record, &session, None)
    }

    fn issue(&self, _read: &dyn Read, caller: &Caller, expires: Timestamp) -> Result<Credentials> {
        let letters = self.ids.text(KEY_LETTERS, KEY_LETTERS_COUNT);
        let access_key_id = format!("{KEY_PREFIX}{letters}");
        let caller = Caller { access_key_id: Some(access_key_id.clone()), ..caller.clone() };
        let claims = Claims { caller, expires };
        let session_token = token::seal(&self.key, &*self.ids, &access_key_id, &claims)
            .ok_or_else(|| Fault::new("seal a session token"))?;
        let secret_access_key = token::secret(&self.key, &access_key_id);
        Ok(Credentials { access_key_id, secret_access_key, session_token, expires })
    }

    fn identify(
        &self,
        read: &dyn Read,
        access_key_id: &str,
        session_token: &str,
        now: Timestamp,
    ) -> std::result::Result<Identified, Refusal> {
        let invalid = || {
            let message = "The security token included in the request is invalid.";
            Refusal::new("UnrecognizedClientException", 403, message)
        };
        let claims = token::open(&self.key, access_key_id, session_token).ok_or_else(invalid)?;
        if claims.expires <= now {
            let message = "The security token included in the request is expired";
            return Err(Refusal::new("ExpiredTokenException", 403, message));
        }
        if let Principal::Role { role, role_id, .. } = &claims.caller.principal {
            // Sessions end with their role, and a new role of the same name is not it.
            let found = iam::role(read, role).ok().flatten();
            found.filter(|record| record.id == *role_id).ok_or_else(invalid)?;
        }
        let secret_access_key = token::secret(&self.key, access_key_id);
        Ok(Identified { caller: claims.caller, secret_access_key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_always_find_a_name() {
        for (name, session) in [("cart", "cart"), ("f", "f-"), ("", "--"), ("a/b c", "a-b-c"), ("ö", "--")] {
            assert_eq!(service_session(name).as_str(), session);
        }
        assert_eq!(service_session(&"x".repeat(100)).as_str().len(), 64);
    }
}
