//! The function host: execution environments as sandboxed processes, and the calls made in them.
//!
//! The engine never forks. A single-threaded *spawner* (this program started again, see
//! [`maybe_become_spawner`]) builds sandboxes: namespaces, a root of read-only binds, limits, no
//! capabilities, a system-call filter. The engine talks to what runs inside only by the Runtime
//! API, over a listener inside the sandbox's own network namespace, and reads its logs from pipes.
//!
//! What each part does and what it costs was measured beforehand; the figures beside the constants
//! come from there. The sandboxes share the host's kernel: they fence in one owner's own functions,
//! and are not a boundary between hostile tenants.

mod call;
mod cgroup;
mod config;
mod doctor;
mod environment;
mod freezer;
mod instances;
mod lines;
mod logs;
mod pool;
mod rapi;
mod runner;
mod runtimes;
mod sandbox;
mod spawner;
mod uids;
mod vars;
mod watch;

pub use config::{RunnerConfig, SpawnerProgram};
pub use doctor::capabilities;
pub use runner::{Runner, StartError};
pub use spawner::maybe_become_spawner;
