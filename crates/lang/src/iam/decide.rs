//! The decision over all policies that bear on a request, in AWS's order.
//!
//! IAM User Guide, "Policy evaluation logic" for one account and "Cross-account policy evaluation
//! logic", read 2026-11: an explicit deny anywhere decides; then a resource policy may allow by
//! itself; then the identity policies must allow; then boundary and session policy must allow too.

use std::fmt;

use super::policy::{Effect, Match, PrincipalName, Principals};
use super::{Context, Policy, Statement};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// The root of an account.
    Root {
        /// The account.
        account: &'a str,
    },
    /// A session of a role.
    Session {
        /// The account of the role.
        account: &'a str,
        /// The role's ARN.
        role: &'a str,
        /// The session's ARN.
        session: &'a str,
    },
    /// An AWS service.
    Service {
        /// Its principal, such as `lambda.amazonaws.com`.
        name: &'a str,
    },
    /// Nobody known.
    Anonymous,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub principal: Principal<'a>,
    /// For which action, such as `s3:GetObject`.
    pub action: &'a str,
    /// On which resource: an ARN or `*`.
    pub resource: &'a str,
    /// What is known of the request.
    pub context: &'a Context,
}

/// A policy and the name it is known by.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its name, for the decision's reason.
    pub name: &'a str,
    /// The policy.
    pub policy: &'a Policy,
}

/// The policies that bear on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// The principal's own policies, inline and attached.
    pub identity: &'a [Named<'a>],
    /// The resource's policy.
    pub resource: Option<Named<'a>>,
    /// The principal's permissions boundary.
    pub boundary: Option<Named<'a>>,
    /// The policy the session was opened with.
    pub session: Option<Named<'a>>,
    /// Whether the resource is another account's, so that both sides must allow.
    pub cross_account: bool,
}

/// The kinds of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// A policy of the principal.
    Identity,
    /// A policy of the resource.
    Resource,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
}

impl fmt::Display for PolicyKind {
    /// As the messages of refusals name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
        })
    }
}

/// The statement that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The kind of the policy it stands in.
    pub kind: PolicyKind,
    /// The name of that policy.
    pub policy: String,
    /// The statement's place, from 1.
    pub statement: usize,
    /// The statement's id.
    pub sid: Option<String>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\" statement {}", self.kind, self.policy, self.statement)?;
        match &self.sid {
            Some(sid) if !sid.is_empty() => write!(f, " ({sid})"),
            _ => Ok(()),
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Allow,
    /// Denied by a statement.
    ExplicitDeny,
    /// Denied because no policy of this kind allows.
    ImplicitDeny(PolicyKind),
}

/// A decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub verdict: Verdict,
    /// The statement that decided; none for an implicit deny.
    pub origin: Option<Origin>,
}

impl Decision {
    /// Whether the request may go on.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.verdict == Verdict::Allow
    }

    fn implicit(kind: PolicyKind) -> Self {
        Self { verdict: Verdict::ImplicitDeny(kind), origin: None }
    }

    fn by(verdict: Verdict, origin: Origin) -> Self {
        Self { verdict, origin: Some(origin) }
    }

    /// How AWS's sentence about a refusal ends: "User: … is not authorized to perform: … on
    /// resource: …" and then this. Empty where nothing was refused.
    ///
    /// IAM User Guide, "Troubleshoot access denied error messages", read 2026-11.
    #[must_use]
    pub fn reason(&self, action: &str) -> String {
        match (&self.verdict, &self.origin) {
            (Verdict::ExplicitDeny, Some(origin)) => {
                let article = if origin.kind == PolicyKind::Identity { "an" } else { "a" };
                format!(" with an explicit deny in {article} {}", origin.kind)
            }
            (Verdict::ImplicitDeny(kind), _) => format!(" because no {kind} allows the {action} action"),
            _ => String::new(),
        }
    }
}

/// How closely a resource policy names the principal that it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    /// Its account: the account's own policies still decide.
    Account,
    /// Its role, or everyone: boundary and session policy still limit.
    Role,
    /// Exactly it: nothing else is needed.
    Exact,
}

/// Decides a request over all policies.
#[must_use]
pub fn decide(question: &Question<'_>, policies: &Policies<'_>) -> Decision {
    if let Some(origin) = explicit_deny(question, policies) {
        return Decision::by(Verdict::ExplicitDeny, origin);
    }
    let resource = policies.resource.and_then(|named| grant(question, named));
    if let Principal::Service { .. } | Principal::Anonymous = question.principal {
        return match resource {
            Some((_, origin)) => Decision::by(Verdict::Allow, origin),
            None => Decision::implicit(PolicyKind::Resource),
        };
    }
    if policies.cross_account && resource.is_none() {
        return Decision::implicit(PolicyKind::Resource);
    }
    let by_itself = match resource {
        Some((Grant::Exact, origin)) if !policies.cross_account => {
            return Decision::by(Verdict::Allow, origin);
        }
        Some((Grant::Role, origin)) if !policies.cross_account => Some(origin),
        _ => None,
    };
    // An account's root needs no policy of its own.
    let by_root = matches!(question.principal, Principal::Root { .. }).then(|| Origin {
        kind: PolicyKind::Identity,
        policy: "account root".to_owned(),
        statement: 1,
        sid: None,
    });
    let identity =
        || policies.identity.iter().find_map(|named| allow(question, *named, PolicyKind::Identity));
    let Some(origin) = by_itself.or(by_root).or_else(identity) else {
        return Decision::implicit(PolicyKind::Identity);
    };
    for (limit, kind) in [(policies.boundary, PolicyKind::Boundary), (policies.session, PolicyKind::Session)]
    {
        if limit.is_some_and(|named| allow(question, named, kind).is_none()) {
            return Decision::implicit(kind);
        }
    }
    Decision::by(Verdict::Allow, origin)
}

/// Decides by a resource's policy alone, as for the trust policy of a role.
#[must_use]
pub fn decide_by_resource(question: &Question<'_>, named: Named<'_>) -> Decision {
    if let Some(origin) = deny(question, named, PolicyKind::Resource) {
        return Decision::by(Verdict::ExplicitDeny, origin);
    }
    match grant(question, named) {
        Some((_, origin)) => Decision::by(Verdict::Allow, origin),
        None => Decision::implicit(PolicyKind::Resource),
    }
}

fn explicit_deny(question: &Question<'_>, policies: &Policies<'_>) -> Option<Origin> {
    let identity = || policies.identity.iter().find_map(|named| deny(question, *named, PolicyKind::Identity));
    let other = |named: Option<Named<'_>>, kind| named.and_then(|named| deny(question, named, kind));
    identity()
        .or_else(|| other(policies.resource, PolicyKind::Resource))
        .or_else(|| other(policies.boundary, PolicyKind::Boundary))
        .or_else(|| other(policies.session, PolicyKind::Session))
}

fn deny(question: &Question<'_>, named: Named<'_>, kind: PolicyKind) -> Option<Origin> {
    find(named, kind, |statement| {
        let meant = statement.principals.as_ref().is_none_or(|p| p.names(question.principal).is_some());
        statement.effect == Effect::Deny && meant && statement.applies(question)
    })
}

fn allow(question: &Question<'_>, named: Named<'_>, kind: PolicyKind) -> Option<Origin> {
    find(named, kind, |statement| statement.effect == Effect::Allow && statement.applies(question))
}

fn find(named: Named<'_>, kind: PolicyKind, test: impl Fn(&Statement) -> bool) -> Option<Origin> {
    let at = named.policy.statements.iter().position(test)?;
    Some(origin(named, kind, at))
}

fn origin(named: Named<'_>, kind: PolicyKind, at: usize) -> Origin {
    let sid = named.policy.statements[at].sid.clone();
    Origin { kind, policy: named.name.to_owned(), statement: at + 1, sid }
}

/// The closest grant of a resource's policy, and the statement that gives it.
fn grant(question: &Question<'_>, named: Named<'_>) -> Option<(Grant, Origin)> {
    let statements = named.policy.statements.iter().enumerate();
    let granted = statements.filter(|(_, s)| s.effect == Effect::Allow && s.applies(question));
    granted
        .filter_map(|(at, s)| Some((s.principals.as_ref()?.names(question.principal)?, at)))
        .max_by_key(|(grant, at)| (*grant, usize::MAX - at))
        .map(|(grant, at)| (grant, origin(named, PolicyKind::Resource, at)))
}

impl Statement {
    /// Whether action, resource and conditions fit; principals are looked at elsewhere.
    fn applies(&self, question: &Question<'_>) -> bool {
        self.actions.covers_action(question)
            && self.resources.as_ref().is_none_or(|resources| resources.covers_resource(question))
            && self.conditions.iter().all(|condition| condition.holds(question.context))
    }
}

impl Match {
    fn covers_action(&self, question: &Question<'_>) -> bool {
        let covers = self.patterns.iter().any(|pattern| {
            pattern.resolve(question.context).is_some_and(|p| p.matches_any_case(question.action))
        });
        covers != self.inverted
    }

    fn covers_resource(&self, question: &Question<'_>) -> bool {
        let covers = self.patterns.iter().any(|p| p.matches(question.resource, question.context));
        covers != self.inverted
    }
}

impl Principals {
    /// How closely the principal is named, if at all.
    fn names(&self, principal: Principal<'_>) -> Option<Grant> {
        let grant = self.names.iter().filter_map(|name| name.names(principal)).max();
        match (self.inverted, grant) {
            (false, grant) => grant,
            // Named by its account only, a role or session is not excepted from `NotPrincipal`.
            (true, Some(Grant::Role | Grant::Exact)) => None,
            (true, _) => Some(Grant::Role),
        }
    }
}

impl PrincipalName {
    fn names(&self, principal: Principal<'_>) -> Option<Grant> {
        match (self, principal) {
            (Self::Everyone, _) => Some(Grant::Role),
            (Self::Account(name), Principal::Root { account }) if name == account => Some(Grant::Exact),
            (Self::Account(name), Principal::Session { account, .. }) if name == account => {
                Some(Grant::Account)
            }
            (Self::Arn(name), Principal::Session { role, .. }) if name == role => Some(Grant::Role),
            (Self::Arn(name), Principal::Session { session, .. }) if name == session => Some(Grant::Exact),
            (Self::Service(named), Principal::Service { name }) if named == name || named == "*" => {
                Some(Grant::Exact)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/app";
    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/one";
    const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/orders";

    fn policy(statements: &str) -> Policy {
        Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
    }

    fn statement(effect: &str, rest: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Resource":"*",{rest}}}"#)
    }

    fn session() -> Principal<'static> {
        Principal::Session { account: "123456789012", role: ROLE, session: SESSION }
    }

    struct Case {
        identity: &'static str,
        resource: Option<String>,
        boundary: Option<&'static str>,
        session: Option<&'static str>,
        cross_account: bool,
    }

    const GET: &str = r#""Action":"dynamodb:GetItem""#;
    const PUT: &str = r#""Action":"dynamodb:PutItem""#;

    fn verdict(principal: Principal<'_>, case: &Case) -> Decision {
        let named = |name: &'static str, rest: &str| (name, policy(&statement("Allow", rest)));
        let identity = named("identity", case.identity);
        let resource = case.resource.as_ref().map(|text| ("resource", policy(text)));
        let boundary = case.boundary.map(|rest| named("boundary", rest));
        let session = case.session.map(|rest| named("session", rest));
        let question =
            Question { principal, action: "dynamodb:GetItem", resource: TABLE, context: &Context::new() };
        decide(
            &question,
            &Policies {
                identity: &[Named { name: identity.0, policy: &identity.1 }],
                resource: resource.as_ref().map(|(name, policy)| Named { name, policy }),
                boundary: boundary.as_ref().map(|(name, policy)| Named { name, policy }),
                session: session.as_ref().map(|(name, policy)| Named { name, policy }),
                cross_account: case.cross_account,
            },
        )
    }

    fn resource(effect: &str, principal: &str) -> Option<String> {
        Some(statement(effect, &format!(r#"{GET},"Principal":{principal}"#)))
    }

    #[test]
    fn policies_are_weighed_in_awss_order() {
        let by_role = || resource("Allow", &format!(r#"{{"AWS":"{ROLE}"}}"#));
        let by_session = || resource("Allow", &format!(r#"{{"AWS":"{SESSION}"}}"#));
        let by_account = || resource("Allow", r#"{"AWS":"123456789012"}"#);
        let case = |identity, resource, boundary, session, cross_account| Case {
            identity,
            resource,
            boundary,
            session,
            cross_account,
        };
        use PolicyKind::{Boundary, Identity, Resource, Session};
        use Verdict::{Allow, ExplicitDeny, ImplicitDeny};
        for (what, case, verdict_wanted) in [
            ("identity allows", case(GET, None, None, None, false), Allow),
            ("nothing allows", case(PUT, None, None, None, false), ImplicitDeny(Identity)),
            ("boundary and session allow", case(GET, None, Some(GET), Some(GET), false), Allow),
            ("boundary does not", case(GET, None, Some(PUT), None, false), ImplicitDeny(Boundary)),
            ("session does not", case(GET, None, None, Some(PUT), false), ImplicitDeny(Session)),
            ("resource names role", case(PUT, by_role(), None, None, false), Allow),
            ("... limited by boundary", case(PUT, by_role(), Some(PUT), None, false), ImplicitDeny(Boundary)),
            ("... limited by session", case(PUT, by_role(), None, Some(PUT), false), ImplicitDeny(Session)),
            ("resource names session", case(PUT, by_session(), Some(PUT), Some(PUT), false), Allow),
            ("resource names account", case(PUT, by_account(), None, None, false), ImplicitDeny(Identity)),
            ("... and identity allows", case(GET, by_account(), None, None, false), Allow),
            ("resource denies", case(GET, resource("Deny", "\"*\""), None, None, false), ExplicitDeny),
            (
                "... another",
                case(GET, resource("Deny", r#"{"AWS":"111111111111"}"#), None, None, false),
                Allow,
            ),
            ("cross-account needs both", case(GET, None, None, None, true), ImplicitDeny(Resource)),
            ("... identity too", case(PUT, by_role(), None, None, true), ImplicitDeny(Identity)),
            ("... and is then allowed", case(GET, by_role(), None, None, true), Allow),
        ] {
            assert_eq!(verdict(session(), &case).verdict, verdict_wanted, "{what}");
        }
    }

    #[test]
    fn services_need_the_resource_and_roots_nothing() {
        let none =
            Case { identity: PUT, resource: None, boundary: None, session: None, cross_account: false };
        let service = Principal::Service { name: "apigateway.amazonaws.com" };
        assert_eq!(verdict(service, &none).verdict, Verdict::ImplicitDeny(PolicyKind::Resource));
        assert!(verdict(Principal::Root { account: "123456789012" }, &none).allowed());
        let allowing = resource("Allow", r#"{"Service":"apigateway.amazonaws.com"}"#);
        assert!(verdict(service, &Case { resource: allowing, ..none }).allowed());
    }

    #[test]
    fn the_deciding_statement_is_named() {
        let denying = policy(
            r#"{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"Stop","Effect":"Deny","NotAction":"s3:*","NotResource":"arn:aws:s3:::x"}"#,
        );
        let named = [Named { name: "mine", policy: &denying }];
        let context = Context::new();
        let mut question =
            Question { principal: session(), action: "dynamodb:getitem", resource: TABLE, context: &context };
        let policies = Policies { identity: &named, ..Policies::default() };
        let denied = decide(&question, &policies);
        assert_eq!(
            denied.origin.as_ref().unwrap().to_string(),
            r#"identity-based policy "mine" statement 2 (Stop)"#
        );
        assert_eq!(denied.reason("x"), " with an explicit deny in an identity-based policy");
        question.action = "s3:GetObject";
        let allowed = decide(&question, &policies);
        assert_eq!(allowed.origin.unwrap().to_string(), r#"identity-based policy "mine" statement 1 (A)"#);
        let nothing = decide(&question, &Policies::default());
        assert_eq!(
            nothing.reason("s3:GetObject"),
            " because no identity-based policy allows the s3:GetObject action"
        );
    }

    #[test]
    fn trust_is_decided_by_the_role_alone() {
        let text = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#;
        let policy = policy(text);
        let named = Named { name: "trust", policy: &policy };
        let mut context = Context::new();
        let ask = |principal, context: &Context| {
            decide_by_resource(
                &Question { principal, action: "sts:AssumeRole", resource: ROLE, context },
                named,
            )
            .allowed()
        };
        let lambda = Principal::Service { name: "lambda.amazonaws.com" };
        assert!(!ask(lambda, &context));
        context.set("sts:ExternalId", "x");
        assert!(ask(lambda, &context));
        assert!(!ask(Principal::Service { name: "ec2.amazonaws.com" }, &context));
        assert!(!ask(Principal::Root { account: "123456789012" }, &context));
        assert!(!ask(Principal::Anonymous, &context));
    }
}
