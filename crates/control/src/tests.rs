//! IAM and STS as their callers see them, on an engine in memory with its real guard.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use updraft_api::{iam, sts};
use updraft_kernel::{
    Access, As, AuthorizationRequest, Authorizer, Caller, Decision, Error, Principal, Sessions, Target,
};
use updraft_store::MemoryStore;
use updraft_testkit::{Bench, SeededIds};
use updraft_types::Arn;

use crate::iam::PolicyAuthorizer;
use crate::sts::{EngineKey, RoleSessions};

struct Guarded {
    bench: Bench,
    sessions: Arc<RoleSessions>,
    authorizer: Arc<PolicyAuthorizer>,
}

async fn guarded() -> Guarded {
    let ids = Arc::new(SeededIds::new(1));
    let key = EngineKey::open(&MemoryStore::default(), &*ids).await.unwrap();
    let sessions = Arc::new(RoleSessions::new(key, ids));
    let authorizer = Arc::new(PolicyAuthorizer::new());
    let bench = Bench::with(|registry| {
        crate::iam::register(registry);
        crate::sts::register(registry, sessions.clone());
    })
    .guarded(authorizer.clone(), sessions.clone())
    .start();
    Guarded { bench, sessions, authorizer }
}

const ACCOUNT: &str = "123456789012";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/orders";

fn trust(principal: Json) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"] }],
    })
    .to_string()
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    let statement = json!({ "Effect": effect, "Action": action, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

async fn create_role(bench: &Bench, name: &str, principal: Json) -> iam::Role {
    let input = iam::CreateRoleRequest {
        role_name: name.into(),
        assume_role_policy_document: trust(principal),
        ..Default::default()
    };
    bench.call::<iam::ops::CreateRole>(input).await.unwrap().role
}

async fn put_policy(bench: &Bench, role: &str, name: &str, document: String) {
    let input = iam::PutRolePolicyRequest {
        role_name: role.into(),
        policy_name: name.into(),
        policy_document: document,
    };
    bench.call::<iam::ops::PutRolePolicy>(input).await.unwrap();
}

impl Guarded {
    fn lambda_session(&self, role: &str) -> Caller {
        let role: Arn = role.parse().unwrap();
        let sessions = self.sessions.clone();
        let opened = self
            .bench
            .root()
            .view(|view| sessions.assume_for_service(view, &role, "fn", "lambda.amazonaws.com"));
        opened.unwrap()
    }

    fn decide(&self, caller: &Caller, action: &'static str, resource_policy: Option<&str>) -> Decision {
        let access = Access {
            action: action.into(),
            target: Target::Arn(TABLE.parse().unwrap()),
            context: Default::default(),
            makes: false,
        };
        let request = AuthorizationRequest {
            caller,
            access: &access,
            resource_policy,
            resource_account: ACCOUNT.parse().unwrap(),
            now: self.bench.root().now(),
            source_ip: None,
        };
        self.bench.root().view(|view| self.authorizer.decide(view, &request)).unwrap()
    }
}

#[tokio::test]
async fn a_role_may_what_its_policies_allow_and_is_refused_in_awss_words() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    let role = create_role(bench, "shop", json!({ "Service": "lambda.amazonaws.com" })).await;
    assert_eq!(role.arn, "arn:aws:iam::123456789012:role/shop");
    assert!(role.role_id.starts_with("AROA") && role.role_id.len() == 21);
    let caller = guarded.lambda_session(&role.arn);
    let who = "User: arn:aws:sts::123456789012:assumed-role/shop/fn is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/orders";
    let denied = guarded.decide(&caller, "dynamodb:PutItem", None);
    assert_eq!(
        denied.message,
        format!("{who} because no identity-based policy allows the dynamodb:PutItem action")
    );
    put_policy(bench, "shop", "orders", policy("Allow", "dynamodb:*", TABLE)).await;
    let allowed = guarded.decide(&caller, "dynamodb:PutItem", None);
    assert!(allowed.allowed);
    assert_eq!(allowed.decided_by, r#"identity-based policy "orders" statement 1"#);
    put_policy(bench, "shop", "no-puts", policy("Deny", "dynamodb:Put*", "*")).await;
    let denied = guarded.decide(&caller, "dynamodb:PutItem", None);
    assert_eq!(denied.message, format!("{who} with an explicit deny in an identity-based policy"));
    assert!(guarded.decide(&caller, "dynamodb:GetItem", None).allowed);
    let closed = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Deny", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": "*" },
    });
    let denied = guarded.decide(&caller, "dynamodb:GetItem", Some(&closed.to_string()));
    assert!(
        denied.message.ends_with(" with an explicit deny in a resource-based policy"),
        "{}",
        denied.message
    );
}

#[tokio::test]
async fn attached_policies_count_and_a_boundary_bounds() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    let mine = iam::CreatePolicyRequest {
        policy_name: "readers".into(),
        policy_document: policy("Allow", "dynamodb:Get*", "*"),
        ..Default::default()
    };
    let mine = bench.call::<iam::ops::CreatePolicy>(mine).await.unwrap().policy.unwrap().arn.unwrap();
    let input = iam::CreateRoleRequest {
        role_name: "bounded".into(),
        assume_role_policy_document: trust(json!({ "Service": "lambda.amazonaws.com" })),
        permissions_boundary: Some(mine.clone()),
        ..Default::default()
    };
    let role = bench.call::<iam::ops::CreateRole>(input).await.unwrap().role;
    let attach =
        |arn: &str| iam::AttachRolePolicyRequest { role_name: "bounded".into(), policy_arn: arn.into() };
    bench
        .call::<iam::ops::AttachRolePolicy>(attach("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"))
        .await
        .unwrap();
    let caller = guarded.lambda_session(&role.arn);
    assert!(guarded.decide(&caller, "dynamodb:GetItem", None).allowed);
    let denied = guarded.decide(&caller, "dynamodb:PutItem", None);
    assert!(denied.message.ends_with(" because no permissions boundary allows the dynamodb:PutItem action"));
    let refusal =
        bench.refused::<iam::ops::AttachRolePolicy>(attach("arn:aws:iam::aws:policy/NoSuchPolicy")).await;
    assert_eq!(
        refusal.message,
        "Policy arn:aws:iam::aws:policy/NoSuchPolicy does not exist or is not attachable."
    );
    let delete = iam::DeletePolicyRequest { policy_arn: mine };
    let refusal = bench.refused::<iam::ops::DeletePolicy>(delete).await;
    assert_eq!(refusal.message, "Cannot delete a policy attached to entities.");
}

#[tokio::test]
async fn the_default_version_of_a_policy_is_the_one_that_holds() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    let role = create_role(bench, "shop", json!({ "Service": "lambda.amazonaws.com" })).await;
    let create = iam::CreatePolicyRequest {
        policy_name: "p".into(),
        policy_document: policy("Allow", "dynamodb:GetItem", "*"),
        ..Default::default()
    };
    let arn = bench.call::<iam::ops::CreatePolicy>(create).await.unwrap().policy.unwrap().arn.unwrap();
    let attach = iam::AttachRolePolicyRequest { role_name: "shop".into(), policy_arn: arn.clone() };
    bench.call::<iam::ops::AttachRolePolicy>(attach).await.unwrap();
    let version = |set: bool| iam::CreatePolicyVersionRequest {
        policy_arn: arn.clone(),
        policy_document: policy("Allow", "dynamodb:PutItem", "*"),
        set_as_default: Some(set),
    };
    let caller = guarded.lambda_session(&role.arn);
    bench.call::<iam::ops::CreatePolicyVersion>(version(false)).await.unwrap();
    assert!(guarded.decide(&caller, "dynamodb:GetItem", None).allowed);
    bench.call::<iam::ops::CreatePolicyVersion>(version(true)).await.unwrap();
    assert!(!guarded.decide(&caller, "dynamodb:GetItem", None).allowed);
    assert!(guarded.decide(&caller, "dynamodb:PutItem", None).allowed);
    for _ in 0..2 {
        bench.call::<iam::ops::CreatePolicyVersion>(version(false)).await.unwrap();
    }
    let refusal = bench.refused::<iam::ops::CreatePolicyVersion>(version(false)).await;
    assert_eq!(refusal.code, "LimitExceeded");
    let delete =
        |id: &str| iam::DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: id.into() };
    let refusal = bench.refused::<iam::ops::DeletePolicyVersion>(delete("v3")).await;
    assert_eq!(refusal.message, "Cannot delete the default version of a policy.");
    bench.call::<iam::ops::DeletePolicyVersion>(delete("v1")).await.unwrap();
}

#[tokio::test]
async fn roles_are_kept_apart_by_name_and_removed_only_when_bare() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    create_role(bench, "Shop", json!({ "AWS": ACCOUNT })).await;
    let again = iam::CreateRoleRequest {
        role_name: "shop".into(),
        assume_role_policy_document: trust(json!({ "AWS": ACCOUNT })),
        ..Default::default()
    };
    let refusal = bench.refused::<iam::ops::CreateRole>(again).await;
    assert_eq!(
        (&*refusal.code, &*refusal.message),
        ("EntityAlreadyExists", "Role with name shop already exists.")
    );
    let get = |name: &str| iam::GetRoleRequest { role_name: name.into() };
    let refusal = bench.refused::<iam::ops::GetRole>(get("nobody")).await;
    assert_eq!(
        (&*refusal.code, refusal.status, &*refusal.message),
        ("NoSuchEntity", 404, "The role with name nobody cannot be found.")
    );
    put_policy(bench, "Shop", "p", policy("Allow", "s3:GetObject", "*")).await;
    let delete = || iam::DeleteRoleRequest { role_name: "Shop".into() };
    let refusal = bench.refused::<iam::ops::DeleteRole>(delete()).await;
    assert_eq!(
        (&*refusal.code, &*refusal.message),
        ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    );
    let remove = iam::DeleteRolePolicyRequest { role_name: "Shop".into(), policy_name: "p".into() };
    bench.call::<iam::ops::DeleteRolePolicy>(remove.clone()).await.unwrap();
    let refusal = bench.refused::<iam::ops::DeleteRolePolicy>(remove).await;
    assert_eq!(refusal.message, "The role policy with name p cannot be found.");
    bench.call::<iam::ops::DeleteRole>(delete()).await.unwrap();
    assert_eq!(bench.refused::<iam::ops::GetRole>(get("Shop")).await.code, "NoSuchEntity");
    let malformed = iam::CreateRoleRequest {
        role_name: "x".into(),
        assume_role_policy_document: "{".into(),
        ..Default::default()
    };
    let refusal = bench.refused::<iam::ops::CreateRole>(malformed).await;
    assert_eq!(
        (&*refusal.code, &*refusal.message),
        ("MalformedPolicyDocument", "This policy contains invalid Json")
    );
}

fn assume(role: &str) -> sts::AssumeRoleRequest {
    sts::AssumeRoleRequest {
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        role_session_name: "one".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_session_is_known_until_it_ends_and_by_its_own_key_only() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    create_role(bench, "shop", json!({ "AWS": ACCOUNT })).await;
    let answer = bench.call::<sts::ops::AssumeRole>(assume("shop")).await.unwrap();
    let credentials = answer.credentials.unwrap();
    assert!(credentials.access_key_id.starts_with("ASIA") && credentials.access_key_id.len() == 20);
    assert_eq!(credentials.secret_access_key.len(), 40);
    let identify = |key: &str, token: &str| {
        let now = bench.root().now();
        bench.root().view(|view| guarded.sessions.identify(view, key, token, now))
    };
    let known = identify(&credentials.access_key_id, &credentials.session_token).ok().unwrap();
    assert_eq!(known.secret_access_key, credentials.secret_access_key);
    assert_eq!(known.caller.to_string(), "arn:aws:sts::123456789012:assumed-role/shop/one");
    let forged = identify("ASIAAAAAAAAAAAAAAAAA", &credentials.session_token).err().unwrap();
    assert_eq!(forged.message, "The security token included in the request is invalid.");
    let mut altered = credentials.session_token.clone().into_bytes();
    altered[40] ^= 1;
    assert!(identify(&credentials.access_key_id, &String::from_utf8(altered).unwrap()).is_err());
    let root = bench.root();
    let who = root.call::<sts::ops::GetCallerIdentity>(
        As::Principal(known.caller.clone()),
        sts::GetCallerIdentityRequest::default(),
    );
    assert_eq!(who.await.unwrap().arn.as_deref(), Some("arn:aws:sts::123456789012:assumed-role/shop/one"));
    bench.advance(Duration::from_secs(3_600));
    let expired = identify(&credentials.access_key_id, &credentials.session_token).err().unwrap();
    assert_eq!(
        (&*expired.code, &*expired.message),
        ("ExpiredTokenException", "The security token included in the request is expired")
    );
}

#[tokio::test]
async fn a_session_ends_with_its_role() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    create_role(bench, "shop", json!({ "AWS": ACCOUNT })).await;
    let credentials = bench.call::<sts::ops::AssumeRole>(assume("shop")).await.unwrap().credentials.unwrap();
    let delete = iam::DeleteRoleRequest { role_name: "shop".into() };
    bench.call::<iam::ops::DeleteRole>(delete).await.unwrap();
    create_role(bench, "shop", json!({ "AWS": ACCOUNT })).await;
    let now = bench.root().now();
    let again = bench.root().view(|view| {
        guarded.sessions.identify(view, &credentials.access_key_id, &credentials.session_token, now)
    });
    assert_eq!(again.err().unwrap().code, "UnrecognizedClientException");
}

#[tokio::test]
async fn only_whom_a_role_trusts_may_assume_it() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    create_role(bench, "for-lambda", json!({ "Service": "lambda.amazonaws.com" })).await;
    create_role(bench, "for-all", json!({ "AWS": ACCOUNT })).await;
    let refusal = bench.refused::<sts::ops::AssumeRole>(assume("for-lambda")).await;
    assert_eq!(
        (&*refusal.code, &*refusal.message),
        (
            "AccessDenied",
            "User: arn:aws:iam::123456789012:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/for-lambda"
        )
    );
    assert_eq!(bench.refused::<sts::ops::AssumeRole>(assume("nobody")).await.code, "AccessDenied");
    let role: Arn = format!("arn:aws:iam::{ACCOUNT}:role/for-all").parse().unwrap();
    let opened = bench
        .root()
        .view(|view| guarded.sessions.assume_for_service(view, &role, "fn", "lambda.amazonaws.com"));
    assert!(matches!(opened, Err(Error::Refused(refusal)) if refusal.code == "AccessDenied"));
    // A role named by its account only needs a policy of its own besides.
    let caller = guarded.lambda_session(&format!("arn:aws:iam::{ACCOUNT}:role/for-lambda"));
    let root = bench.root();
    let chained = || root.call::<sts::ops::AssumeRole>(As::Principal(caller.clone()), assume("for-all"));
    assert!(matches!(chained().await, Err(Error::Refused(refusal)) if refusal.code == "AccessDenied"));
    put_policy(bench, "for-lambda", "assume", policy("Allow", "sts:AssumeRole", "*")).await;
    chained().await.unwrap();
}

#[tokio::test]
async fn sessions_are_as_long_and_as_wide_as_asked_within_the_roles_bounds() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    create_role(bench, "shop", json!({ "AWS": ACCOUNT })).await;
    put_policy(bench, "shop", "all", policy("Allow", "dynamodb:*", "*")).await;
    let too_long = sts::AssumeRoleRequest { duration_seconds: Some(7_200), ..assume("shop") };
    let refusal = bench.refused::<sts::ops::AssumeRole>(too_long).await;
    assert_eq!(
        (&*refusal.code, &*refusal.message),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    );
    let narrowed = sts::AssumeRoleRequest {
        policy: Some(policy("Allow", "dynamodb:GetItem", "*")),
        policy_arns: Some(vec![sts::PolicyDescriptorType {
            arn: Some("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".into()),
        }]),
        ..assume("shop")
    };
    let credentials = bench.call::<sts::ops::AssumeRole>(narrowed).await.unwrap().credentials.unwrap();
    let now = bench.root().now();
    let known = bench.root().view(|view| {
        guarded.sessions.identify(view, &credentials.access_key_id, &credentials.session_token, now)
    });
    let caller = known.ok().unwrap().caller;
    assert!(matches!(caller.principal, Principal::Role { session_policy: Some(_), .. }));
    assert!(guarded.decide(&caller, "dynamodb:GetItem", None).allowed);
    let denied = guarded.decide(&caller, "dynamodb:PutItem", None);
    assert!(denied.message.ends_with(" because no session policy allows the dynamodb:PutItem action"));
    let malformed = sts::AssumeRoleRequest { policy: Some("{}".into()), ..assume("shop") };
    assert_eq!(bench.refused::<sts::ops::AssumeRole>(malformed).await.code, "MalformedPolicyDocument");
}

#[tokio::test]
async fn policies_are_listed_and_shown_encoded() {
    let guarded = guarded().await;
    let bench = &guarded.bench;
    let create = iam::CreatePolicyRequest {
        policy_name: "p".into(),
        path: Some("/team/".into()),
        policy_document: policy("Allow", "s3:GetObject", "*"),
        ..Default::default()
    };
    bench.call::<iam::ops::CreatePolicy>(create).await.unwrap();
    let list = iam::ListPoliciesRequest { scope: Some(iam::PolicyScopeType::Local), ..Default::default() };
    let own = bench.call::<iam::ops::ListPolicies>(list).await.unwrap().policies.unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].arn.as_deref(), Some("arn:aws:iam::123456789012:policy/team/p"));
    let version = iam::GetPolicyVersionRequest {
        policy_arn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".into(),
        version_id: "v1".into(),
    };
    let shown = bench.call::<iam::ops::GetPolicyVersion>(version).await.unwrap().policy_version.unwrap();
    assert!(shown.document.unwrap().starts_with("%7B%22"));
    let mut seen = 0;
    let mut marker = None;
    loop {
        let list = iam::ListPoliciesRequest { marker, max_items: Some(20), ..Default::default() };
        let page = bench.call::<iam::ops::ListPolicies>(list).await.unwrap();
        seen += page.policies.unwrap().len();
        marker = page.marker;
        if page.is_truncated != Some(true) {
            break;
        }
    }
    assert!(seen > 40, "{seen}");
}
