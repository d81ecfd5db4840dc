//! What is stored of functions: their versions, aliases, policies and queue settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_kernel::{BlobId, Ids, json_record};
use updraft_types::lambda::Qualifier;
use updraft_types::{Arn, Timestamp};

/// A function: its changeable version, and what holds for all its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Function {
    /// `$LATEST`.
    pub latest: Version,
    /// The number of the version published last; numbers are never used again.
    pub last_published: u64,
    /// The function's tags.
    pub tags: BTreeMap<String, String>,
    /// How many calls may be under way, where that is bounded.
    pub reserved_concurrency: Option<u32>,
    /// The secret that signs the links to the function's code.
    pub link_secret: String,
}

json_record!(Function, 1);

/// Code and configuration: `$LATEST`, or a published version, which never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// `$LATEST` or the version's number.
    pub qualifier: Qualifier,
    /// The runtime's identifier.
    pub runtime: String,
    /// The handler.
    pub handler: String,
    /// The role whose rights the code has.
    pub role: Arn,
    /// The description.
    pub description: String,
    /// The longest a call may take.
    pub timeout_secs: u32,
    /// Memory.
    pub memory_mib: u32,
    /// The size of `/tmp`.
    pub ephemeral_mib: u32,
    /// The environment variables, where any were ever set.
    pub environment: Option<BTreeMap<String, String>>,
    /// `PassThrough` or `Active`.
    pub tracing: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The log group, where it is not the usual one.
    pub log_group: Option<String>,
    /// The code.
    pub code: Code,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Changes with every change, for those who compare and swap.
    pub revision_id: String,
    /// The SHA-256 of code and configuration, in hexadecimal: what has the same is the same.
    pub digest: String,
    /// New with every change of code or configuration: environments are shared within it.
    pub instance: String,
}

impl Version {
    /// Brings digest and marks up to date after a change; answers the environments' key before it,
    /// if they are of no more use.
    pub fn seal(&mut self, ids: &dyn Ids, now: Timestamp) -> Option<String> {
        self.revision_id = ids.uuid();
        self.modified = now;
        let digest = self.content_digest();
        if digest == self.digest {
            return None;
        }
        self.digest = digest;
        let before = std::mem::replace(&mut self.instance, ids.hex(16));
        (!before.is_empty()).then_some(before)
    }

    fn content_digest(&self) -> String {
        let content = Self {
            qualifier: Qualifier::Latest,
            modified: Timestamp::EPOCH,
            revision_id: String::new(),
            digest: String::new(),
            instance: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_vec(&content).unwrap_or_default();
        let digest = ring::digest::digest(&ring::digest::SHA256, &text);
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A deployment package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// The zip file; its id is the SHA-256 that `CodeSha256` shows.
    pub blob: BlobId,
    /// The zip file's size.
    pub zipped_bytes: u64,
    /// The size of what is in it.
    pub unzipped_bytes: u64,
}

impl Code {
    /// The place of a package still to come.
    pub fn none() -> Self {
        Self { blob: BlobId([0; 32]), zipped_bytes: 0, unzipped_bytes: 0 }
    }
}

json_record!(Version, 1);

/// A name for one version, or for two of which each takes its share of calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alias {
    /// The version that takes what the weights leave.
    pub version: Qualifier,
    /// Other versions and the share of calls each takes.
    pub weights: BTreeMap<u64, f64>,
    /// The description.
    pub description: String,
    /// Changes with every change.
    pub revision_id: String,
}

json_record!(Alias, 1);

/// The resource policy of a function, a version or an alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// The statements as AWS writes them, in the order they were added.
    pub statements: Vec<serde_json::Value>,
    /// Changes with every change.
    pub revision_id: String,
}

json_record!(Policy, 1);

/// How events from the asynchronous queue are handled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EventConfig {
    /// How often a failed event is tried again.
    pub retries_max: Option<u32>,
    /// How old an event may become.
    pub age_secs_max: Option<u32>,
    /// When this was last changed.
    pub modified: Timestamp,
}

json_record!(EventConfig, 1);
