//! What the generated code says of every listed operation.

use crate::ErrorShape;
use crate::shape::StructShape;
use crate::value::Structure;

/// A listed operation: its input, its output, and the facts of its wire form.
///
/// The generated modules implement it on one unit struct per operation.
pub trait Operation: Send + Sync + 'static {
    /// The request's shape.
    type Input: Structure;
    /// The answer's shape.
    type Output: Structure;
    /// The operation's wire facts.
    const INFO: &'static OperationInfo;
}

/// The wire facts of one operation.
#[derive(Debug)]
pub struct OperationInfo {
    /// The service it belongs to.
    pub service: &'static ServiceInfo,
    /// Its name, such as `CreateFunction`.
    pub name: &'static str,
    /// The IAM action that allows it, such as `lambda:InvokeFunction`; a handler may ask for others.
    pub action: &'static str,
    /// The HTTP method of its REST form.
    pub method: &'static str,
    /// The URI template of its REST form: `/2015-03-31/functions/{FunctionName}`, with the query
    /// that tells it from others behind a question mark.
    pub uri: &'static str,
    /// The HTTP status of its answer.
    pub status: u16,
    /// The table of its input.
    pub input: &'static StructShape,
    /// The table of its output.
    pub output: &'static StructShape,
    /// The element around an awsQuery answer: `CreateRoleResult`.
    pub result_wrapper: Option<&'static str>,
    /// The errors its model lists.
    pub errors: &'static [ErrorShape],
}

/// The wire facts of one service.
#[derive(Debug)]
pub struct ServiceInfo {
    /// Our name for it: `lambda`, `cloudwatch`, `apigatewayv2`.
    pub name: &'static str,
    /// The service's name in a signature's scope: `monitoring` for CloudWatch.
    pub signing_name: &'static str,
    /// How its endpoints' host names begin: `monitoring`, `apigateway`.
    pub endpoint_prefix: &'static str,
    /// The protocols it speaks, the one its clients prefer first.
    pub protocols: &'static [Protocol],
    /// What comes before the operation in `X-Amz-Target`.
    pub target_prefix: Option<&'static str>,
    /// The name in the path of rpcv2Cbor requests.
    pub cbor_name: Option<&'static str>,
    /// The API's version, as awsQuery requests name it.
    pub version: &'static str,
    /// The namespace of its XML.
    pub xml_namespace: Option<&'static str>,
    /// The code of a request that breaks a shape's constraints; `None` where shapes are not checked.
    pub validation_code: Option<&'static str>,
    /// Every listed operation.
    pub operations: &'static [&'static OperationInfo],
    /// The operations of the model that are not listed: name, HTTP method, URI template.
    pub unlisted: &'static [(&'static str, &'static str, &'static str)],
}

/// The protocols of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// awsJson 1.0.
    Json10,
    /// awsJson 1.1.
    Json11,
    /// awsQuery.
    Query,
    /// restJson1.
    RestJson,
    /// restXml.
    RestXml,
    /// rpcv2Cbor.
    Cbor,
}

impl ServiceInfo {
    /// The listed operation of that name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&'static OperationInfo> {
        self.operations.iter().copied().find(|operation| operation.name == name)
    }
}
