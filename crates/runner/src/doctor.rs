//! What of the isolation holds on this machine, for `updraft doctor` and the log at start.

use std::fs;
use std::path::PathBuf;

use updraft_kernel::{Capability, Fault};

use crate::cgroup::{Cgroups, Controllers, remove_below};
use crate::config::SpawnerProgram;
use crate::runtimes::Runtimes;
use crate::spawner::{Part, ProbeResult, Spawner};

/// The runtimes that machines are asked for, and what they are called.
const RUNTIMES: [(&str, &str); 2] = [("nodejs", "Node.js functions"), ("python3", "Python functions")];

/// What holds on this machine, without a runner: for `updraft doctor`. Starts this program again as
/// a spawner for a moment, so its `main` must call [`crate::maybe_become_spawner`] first.
#[must_use]
pub fn capabilities() -> Vec<Capability> {
    let mark = format!("updraft.{}.doctor", std::process::id());
    let cgroups = Cgroups::set_up(&mark);
    let probed = probe(&mark);
    let mut parts = match &probed {
        Ok(probed) => isolation(probed, &cgroups),
        Err(fault) => vec![Capability { name: "sandboxes", holds: false, detail: told(fault) }],
    };
    for root in cgroups.roots() {
        remove_below(&root);
    }
    parts.extend(runtimes());
    parts
}

fn probe(mark: &str) -> Result<Vec<ProbeResult>, Fault> {
    let base = std::env::temp_dir().join(mark);
    let failed = |what: &'static str| move |error| Fault::because(what, error);
    fs::create_dir_all(&base).map_err(failed("make a directory to try in"))?;
    let spawner = Spawner::start(&SpawnerProgram::ThisProgram, &base);
    let probed = spawner.map_err(failed("start the spawner")).and_then(|spawner| spawner.probe_blocking());
    // The spawner's mounts are in a namespace of its own: to us, the directory is empty.
    let _ = fs::remove_dir(&base);
    probed
}

fn runtimes() -> impl Iterator<Item = Capability> {
    let found = Runtimes::default();
    RUNTIMES.into_iter().map(move |(runtime, name)| match found.find(runtime) {
        Ok(found) => Capability { name, holds: true, detail: found.described() },
        Err(error) => Capability { name, holds: false, detail: error.to_string() },
    })
}

fn told(fault: &Fault) -> String {
    let cause = std::error::Error::source(fault).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{fault}{cause}; run as root, or allow user namespaces")
}

/// Every part, whether it holds, and what its lack costs.
pub(crate) fn isolation(probed: &[ProbeResult], cgroups: &Cgroups) -> Vec<Capability> {
    let probed = probed.iter().map(|result| Capability {
        name: name(result.part),
        holds: result.holds,
        detail: result.detail.clone(),
    });
    probed.chain(limits(cgroups)).collect()
}

fn name(part: Part) -> &'static str {
    match part {
        Part::User => "own user",
        Part::Mounts => "own file system",
        Part::Namespaces => "own processes, names and queues",
        Part::Network => "own network",
        Part::ReadOnlyCode => "read-only code",
        Part::NoNewPrivileges => "no privileges",
        Part::SystemCalls => "system-call filter",
        Part::Landlock => "Landlock",
    }
}

fn limits(cgroups: &Cgroups) -> Vec<Capability> {
    const LIMITS: [(&str, &str); 4] = [
        (
            "memory limit",
            "memory is looked at 40 times a second instead, and a function that grows faster is not caught",
        ),
        ("process limit", "the limit of the uid holds where environments have uids of their own"),
        ("CPU share", "functions get as much CPU as is free, whatever their memory size"),
        ("freezer", "processes are stopped by signals instead, which they can see"),
    ];
    let below = |version: &str, root: &PathBuf| {
        let parent = root.parent().unwrap_or(root);
        format!("cgroup {version} below {}", parent.display())
    };
    let has = match cgroups {
        Cgroups::V2(root) => [(); 4].map(|()| Some(below("v2", root))),
        Cgroups::V1(Controllers { memory, pids, cpu, freezer }) => {
            [memory, pids, cpu, freezer].map(|root| root.as_ref().map(|root| below("v1", root)))
        }
        Cgroups::None(_) => [const { None }; 4],
    };
    let why = if let Cgroups::None(why) = cgroups { why.as_str() } else { "the controller is missing" };
    LIMITS
        .into_iter()
        .zip(has)
        .map(|((name, cost), root)| Capability {
            name,
            holds: root.is_some(),
            detail: root.unwrap_or_else(|| format!("{why}: {cost}")),
        })
        .collect()
}
