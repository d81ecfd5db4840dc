//! Execution environments whose code or configuration is gone are ended, after the commit that
//! replaced them.

use serde::{Deserialize, Serialize};
use updraft_kernel::{Cx, Fault, Job, JobEnd, Result, RunJob, ServeCx};

use super::Lambda;

/// Ends the idle environments of these instance keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Retire {
    instances: Vec<String>,
}

impl Job for Retire {
    const KIND: &'static str = "lambda.retire";
}

/// Has environments ended once this transaction is committed.
pub(crate) fn retire(
    cx: &mut Cx<'_>,
    instances: impl IntoIterator<Item = String>,
) -> std::result::Result<(), Fault> {
    let instances: Vec<_> = instances.into_iter().collect();
    if instances.is_empty() {
        return Ok(());
    }
    let now = cx.now();
    cx.schedule(now, &Retire { instances })
}

impl RunJob<Retire> for Lambda {
    async fn run(&self, cx: ServeCx, job: Retire) -> Result<JobEnd<Retire>> {
        self.shared.prepared.forget(&job.instances);
        job.instances.iter().for_each(|key| cx.host().retire(key));
        Ok(JobEnd::Done)
    }
}
