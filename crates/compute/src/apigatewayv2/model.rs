//! What is stored of HTTP APIs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_kernel::json_record;
use updraft_types::{Scope, Timestamp};

/// An HTTP API with everything that is configured in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Api {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub version: Option<String>,
    pub cors: Option<Cors>,
    pub created: Timestamp,
    pub tags: BTreeMap<String, String>,
    pub endpoint_disabled: bool,
    /// What an import took note of but did not take over.
    pub import_info: Vec<String>,
    pub routes: BTreeMap<String, Route>,
    pub integrations: BTreeMap<String, Integration>,
    pub stages: BTreeMap<String, Stage>,
}

json_record!(Api, 1);

/// Where an API lives: ids are unique over all accounts and regions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Home {
    pub scope: Scope,
    /// Goes up with every change of the API.
    pub revision: u64,
}

json_record!(Home, 1);

/// Cross-origin resource sharing, answered by the API itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cors {
    pub credentials: bool,
    pub headers: Vec<String>,
    pub methods: Vec<String>,
    pub origins: Vec<String>,
    pub expose: Vec<String>,
    pub max_age_secs: Option<i32>,
}

/// Which requests go to which integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Route {
    pub id: String,
    pub key: super::route::RouteKey,
    /// The integration's id.
    pub integration: Option<String>,
    pub operation_name: Option<String>,
    pub managed: bool,
}

/// A function behind routes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Integration {
    pub id: String,
    /// The function's ARN, or API Gateway's invocation ARN around it; stage variables may stand in it.
    pub uri: String,
    pub method: Option<String>,
    pub payload: PayloadFormat,
    pub timeout_millis: u32,
    pub description: Option<String>,
    /// The role to call the function as, instead of the function's own policy.
    pub credentials: Option<String>,
    pub managed: bool,
}

/// The form of the event a function gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PayloadFormat {
    #[serde(rename = "1.0")]
    V1,
    #[serde(rename = "2.0")]
    V2,
}

impl PayloadFormat {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

/// A name under which a deployment is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub name: String,
    pub auto_deploy: bool,
    pub deployment: Option<String>,
    pub description: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub tags: BTreeMap<String, String>,
    pub managed: bool,
}

/// An API's routes as they were when they were deployed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub id: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub automatic: bool,
    pub cors: Option<Cors>,
    pub routes: Vec<(super::route::RouteKey, Option<Integration>)>,
}

json_record!(Deployment, 1);
