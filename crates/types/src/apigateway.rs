//! The names of Amazon API Gateway's HTTP APIs.

use crate::arn::Regional;
use crate::{Arn, Resource, Scope};

/// A resource of the control plane, by its path: `/apis/{id}/stages/{stage}`. Such ARNs name a
/// region and no account.
///
/// Source: "Actions, resources, and condition keys for API Gateway V2", service authorization
/// reference (read 2026-11).
#[derive(Debug, Clone, Copy)]
pub struct ControlPath<'a>(pub &'a str);

impl Resource for ControlPath<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        crate::arn::Accountless("apigateway", self.0).arn(scope)
    }
}

/// What a caller may invoke: `execute-api` with stage, method and path.
#[derive(Debug, Clone, Copy)]
pub struct Execution<'a> {
    /// The API's id.
    pub api: &'a str,
    /// The stage's name.
    pub stage: &'a str,
    /// The route's method, `*` for any.
    pub method: &'a str,
    /// The route's path with its leading slash, empty for `$default`.
    pub path: &'a str,
}

impl Resource for Execution<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        let Self { api, stage, method, path } = self;
        Regional("execute-api", &format!("{api}/{stage}/{method}{path}")).arn(scope)
    }
}

/// The ARN of a `$default` route, which names neither method nor path.
#[derive(Debug, Clone, Copy)]
pub struct DefaultExecution<'a> {
    /// The API's id.
    pub api: &'a str,
    /// The stage's name.
    pub stage: &'a str,
}

impl Resource for DefaultExecution<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("execute-api", &format!("{}/{}/$default", self.api, self.stage)).arn(scope)
    }
}

/// The control path that an ARN of API Gateway names: `/apis/a1b2c3`.
#[must_use]
pub fn control_path(arn: &Arn) -> Option<&str> {
    (arn.service() == "apigateway" && arn.resource().starts_with('/')).then(|| arn.resource())
}

/// The text that `Fn::Sub` turns into the ARN pattern of calls through an API: what a function's
/// permission names as its source.
#[must_use]
pub fn invocation_pattern(call: &str) -> String {
    format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{call}"
    )
}

/// The text that `Fn::Sub` turns into the URI by which an API invokes a function; `target` is what
/// stands for the function's ARN.
#[must_use]
pub fn integration_pattern(target: &str) -> String {
    format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{target}}}/invocations"
    )
}

/// The text that `Fn::Sub` turns into the URI by which an API asks an authorizer's function.
#[must_use]
pub fn authorizer_pattern(partition: &str) -> String {
    format!(
        "arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{__FunctionArn__}}/invocations"
    )
}

/// The text that `Fn::Sub` turns into the ARN pattern of an API's calls of its authorizers.
#[must_use]
pub fn authorizer_invocation_pattern() -> &'static str {
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Region};

    #[test]
    fn arns_read_as_awss() {
        let scope = Scope::new(AccountId::DEFAULT, Region::us_east_1());
        let stage = ControlPath("/apis/a1/stages/$default").arn(&scope);
        assert_eq!(stage.as_str(), "arn:aws:apigateway:us-east-1::/apis/a1/stages/$default");
        assert_eq!(control_path(&stage), Some("/apis/a1/stages/$default"));
        let run = Execution { api: "a1", stage: "prod", method: "GET", path: "/carts/{id}" }.arn(&scope);
        assert_eq!(run.as_str(), "arn:aws:execute-api:us-east-1:000000000000:a1/prod/GET/carts/{id}");
    }
}
