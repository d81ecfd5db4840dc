//! What a Task's `Resource` names: a function, an activity, an integration.

use updraft_types::Arn;

/// How long a task of an integration takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Pattern {
    /// Until the call is answered.
    RequestResponse,
    /// Until the job that the call began is done (`.sync`).
    Sync,
    /// The same, with the job's output as JSON and not as text (`.sync:2`).
    Sync2,
    /// Until somebody sends the task's token back.
    WaitForTaskToken,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Service {
    /// The service: `dynamodb`, `states`.
    pub service: String,
    /// The action: `putItem`.
    pub action: String,
    /// Whether it is an SDK integration (`aws-sdk:dynamodb:putItem`).
    pub sdk: bool,
    /// How long the task takes.
    pub pattern: Pattern,
}

/// What a Task calls.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Resource {
    /// A function by its ARN.
    Function(Arn),
    /// Workers that ask for tasks.
    Activity(Arn),
    /// An integration.
    Service(Service),
}

impl Service {
    /// The type as history has it: `aws-sdk:dynamodb`.
    #[must_use]
    pub fn resource_type(&self) -> String {
        if self.sdk { format!("aws-sdk:{}", self.service) } else { self.service.clone() }
    }

    /// The resource as history has it: `startExecution.sync:2`.
    #[must_use]
    pub fn resource(&self) -> String {
        let suffix = match self.pattern {
            Pattern::RequestResponse => "",
            Pattern::Sync => ".sync",
            Pattern::Sync2 => ".sync:2",
            Pattern::WaitForTaskToken => ".waitForTaskToken",
        };
        format!("{}{suffix}", self.action)
    }
}

impl Resource {
    /// Reads a resource; nothing where the text names none that Step Functions has.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        match (arn.service(), arn.region_text(), arn.resource()) {
            ("lambda", _, resource) if resource.starts_with("function:") => Some(Self::Function(arn)),
            ("states", region, resource) if !region.is_empty() && resource.starts_with("activity:") => {
                Some(Self::Activity(arn))
            }
            ("states", "", resource) => Self::service(resource),
            _ => None,
        }
    }

    fn service(resource: &str) -> Option<Self> {
        let (sdk, rest) = match resource.strip_prefix("aws-sdk:") {
            Some(rest) => (true, rest),
            None => (false, resource),
        };
        let (service, action) = rest.split_once(':')?;
        let (action, pattern) = match action.split_once('.') {
            None => (action, Pattern::RequestResponse),
            Some((action, "sync")) => (action, Pattern::Sync),
            Some((action, "sync:2")) => (action, Pattern::Sync2),
            Some((action, "waitForTaskToken")) => (action, Pattern::WaitForTaskToken),
            Some(_) => return None,
        };
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let known = if sdk {
            plain(service)
                && plain(action)
                && action.starts_with(|c: char| c.is_ascii_lowercase())
                && matches!(pattern, Pattern::RequestResponse | Pattern::WaitForTaskToken)
        } else {
            is_listed_integration(service, action, pattern)
        };
        let named = || Service { service: service.to_owned(), action: action.to_owned(), sdk, pattern };
        known.then(|| Self::Service(named()))
    }
}

/// The optimised integrations: service, actions, patterns beside request-response
/// ("Integrating services with Step Functions", developer guide, read 2026-11).
const INTEGRATIONS: &[(&str, &[&str], Patterns)] = &[
    ("lambda", &["invoke"], TOKEN),
    ("states", &["startExecution"], ALL),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"], NONE),
    ("sqs", &["sendMessage"], TOKEN),
    ("sns", &["publish"], TOKEN),
    ("events", &["putEvents"], TOKEN),
    ("apigateway", &["invoke"], TOKEN),
    ("http", &["invoke"], NONE),
    ("s3", &["getObject", "listObjectsV2", "putObject"], NONE),
    ("batch", &["submitJob"], SYNC),
    ("ecs", &["runTask"], ALL),
    ("glue", &["startJobRun"], SYNC),
    ("databrew", &["startJobRun"], SYNC),
    ("mediaconvert", &["createJob"], SYNC),
    ("bedrock", &["invokeModel"], TOKEN),
    ("bedrock", &["createModelCustomizationJob"], SYNC),
    (
        "codebuild",
        &[
            "startBuild",
            "stopBuild",
            "batchDeleteBuilds",
            "batchGetReports",
            "startBuildBatch",
            "stopBuildBatch",
            "retryBuildBatch",
            "deleteBuildBatch",
        ],
        SYNC,
    ),
    ("athena", &["startQueryExecution"], SYNC),
    ("athena", &["stopQueryExecution", "getQueryExecution", "getQueryResults"], NONE),
    (
        "sagemaker",
        &[
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ],
        SYNC,
    ),
    ("sagemaker", &["createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"], NONE),
    ("elasticmapreduce", &["createCluster", "terminateCluster", "addStep"], SYNC),
    (
        "elasticmapreduce",
        &[
            "setClusterTerminationProtection",
            "cancelStep",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
        ],
        NONE,
    ),
    ("emr-containers", &["createVirtualCluster", "deleteVirtualCluster", "startJobRun"], SYNC),
    (
        "emr-serverless",
        &[
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ],
        SYNC,
    ),
    (
        "eks",
        &[
            "createCluster",
            "deleteCluster",
            "createFargateProfile",
            "deleteFargateProfile",
            "createNodegroup",
            "deleteNodegroup",
            "runJob",
        ],
        SYNC,
    ),
    ("eks", &["call"], NONE),
];

type Patterns = &'static [Pattern];
const NONE: Patterns = &[];
const SYNC: Patterns = &[Pattern::Sync];
const TOKEN: Patterns = &[Pattern::WaitForTaskToken];
const ALL: Patterns = &[Pattern::Sync, Pattern::Sync2, Pattern::WaitForTaskToken];

/// Whether there is an optimised integration of that name and pattern.
#[must_use]
pub fn is_listed_integration(service: &str, action: &str, pattern: Pattern) -> bool {
    INTEGRATIONS.iter().any(|(one, actions, patterns)| {
        *one == service
            && actions.contains(&action)
            && (pattern == Pattern::RequestResponse || patterns.contains(&pattern))
            // `.sync` of a child workflow has `.sync:2` beside it; no other integration has.
            && (pattern != Pattern::Sync2 || service == "states")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_told_apart() {
        let service = |text| match Resource::read(text) {
            Some(Resource::Service(service)) => (service.resource_type(), service.resource()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(
            service("arn:aws:states:::states:startExecution.sync:2"),
            ("states".to_owned(), "startExecution.sync:2".to_owned())
        );
        assert_eq!(
            service("arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken"),
            ("aws-sdk:dynamodb".to_owned(), "putItem.waitForTaskToken".to_owned())
        );
        let function = Resource::read("arn:aws:lambda:us-east-1:123456789012:function:f:live");
        assert!(matches!(function, Some(Resource::Function(_))));
        let activity = Resource::read("arn:aws:states:us-east-1:123456789012:activity:a");
        assert!(matches!(activity, Some(Resource::Activity(_))));
    }

    #[test]
    fn what_no_integration_has_is_refused() {
        let others = [
            "arn:aws:states:::dynamodb:query",
            "arn:aws:states:::sqs:sendMessage.sync",
            "arn:aws:states:::batch:submitJob.sync:2",
            "arn:aws:states:::aws-sdk:dynamodb:putItem.sync",
            "arn:aws:states:::aws-sdk:dynamodb:PutItem",
            "arn:aws:s3:::bucket",
            "createToken",
        ];
        for text in others {
            assert_eq!(Resource::read(text), None, "{text}");
        }
    }
}
