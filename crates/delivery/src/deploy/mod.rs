//! Deploying: artifacts to the bucket, the template to a change set, the change set to a stack.
//!
//! On an update every alias of the template is pinned to the version that serves now. The stack then
//! publishes the new versions and leaves the traffic where it is; moving it is the release's work.

mod bucket;
mod destroy;
mod plan;
mod run;
mod stack;

pub use bucket::{Bucket, bucket_name};
pub use destroy::destroy;
pub use plan::{AliasPlan, Deployment, aliases, fingerprint, pin};
pub use run::{Deployed, Deployer};
pub use stack::{StackError, StackState};
