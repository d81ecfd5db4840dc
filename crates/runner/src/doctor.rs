//! What of the isolation holds on this machine, for `updraft doctor` and the log at start.

use updraft_kernel::Capability;

use crate::cgroup::{Cgroups, Controllers};
use crate::spawner::{Part, ProbeResult};

/// Every part, whether it holds, and what its lack costs.
pub(crate) fn capabilities(probed: &[ProbeResult], cgroups: &Cgroups) -> Vec<Capability> {
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
        ("memory limit", "a function may use all memory of the machine, and none is reported"),
        ("process limit", "the limit of the uid holds where environments have uids of their own"),
        ("CPU share", "functions get as much CPU as is free, whatever their memory size"),
        ("freezer", "what a function leaves running goes on between calls"),
    ];
    let has = match cgroups {
        Cgroups::V2(root) => [true; 4].map(|_| Some(root.display().to_string())),
        Cgroups::V1(Controllers { memory, pids, cpu, freezer }) => {
            [memory, pids, cpu, freezer].map(|root| root.as_ref().map(|root| root.display().to_string()))
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
            detail: root.map_or_else(|| format!("{why}: {cost}"), |root| format!("cgroup {root}")),
        })
        .collect()
}
