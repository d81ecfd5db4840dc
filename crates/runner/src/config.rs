//! What the host of the runner decides, and every bound that it does not.

use std::path::PathBuf;
use std::time::Duration;

/// The program that becomes the spawner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpawnerProgram {
    /// This program, started again: its `main` calls [`crate::maybe_become_spawner`] first.
    ThisProgram,
    /// Another program whose `main` does so.
    At(PathBuf),
}

/// How functions are run on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerConfig {
    /// A directory of the runner's own, for mount points; nothing in it outlives the engine.
    pub scratch: PathBuf,
    /// The program that becomes the spawner.
    pub spawner: SpawnerProgram,
    /// The port on which functions find the engine's door inside their sandboxes.
    pub door_port: u16,
    /// The most environments that exist at once, busy, idle or ending.
    pub environments_max: usize,
    /// The most calls that wait for an environment when none may be added.
    pub queue_max: usize,
    /// How long an idle environment is kept.
    pub idle_max: Duration,
    /// How many sandboxes are kept ready for each kind of runtime in use; zero keeps none.
    pub prepared: usize,
    /// How many of the managed runtimes in use are kept started, waiting for code; 5 to 10 MB each.
    pub started: usize,
}

impl RunnerConfig {
    /// The usual sizes, with scratch space in `scratch`.
    #[must_use]
    pub fn new(scratch: impl Into<PathBuf>) -> Self {
        Self {
            scratch: scratch.into(),
            spawner: SpawnerProgram::ThisProgram,
            door_port: 4566,
            environments_max: 200,
            queue_max: 1_000,
            idle_max: Duration::from_secs(600),
            prepared: 2,
            started: 2,
        }
    }
}

/// The port of the Runtime API inside a sandbox, as on Lambda.
pub(crate) const RUNTIME_API_PORT: u16 = 9001;

/// How many environments start at the same time for each CPU: a start is busy most of its time, and
/// a hundred at once on two CPUs were seen to exceed the init phase's limit, all of them.
pub(crate) const STARTS_PER_CPU: usize = 4;

/// The longest init phase. docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
pub(crate) const INIT_MAX: Duration = Duration::from_secs(10);

/// How long a runtime that has reported a failed start may take to end by itself.
pub(crate) const INIT_ERROR_GRACE: Duration = Duration::from_millis(500);

/// The largest answer of a buffered call, in bytes: 6 MiB and room for its envelope.
/// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
pub(crate) const RESPONSE_MAX: usize = 6_291_556;

/// The most processes and threads in an environment.
/// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
pub(crate) const PROCESSES_MAX: u64 = 1024;

/// The most open files of a process. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
pub(crate) const FILES_MAX: u64 = 1024;

/// The memory that comes with one whole CPU, in mebibytes.
/// docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
pub(crate) const MEMORY_PER_CPU_MIB: u64 = 1769;

/// The period over which the CPU share is enforced. Shorter than the kernel's usual 100 ms: the same
/// mean with less spread, as measured.
pub(crate) const CPU_PERIOD: Duration = Duration::from_millis(20);

/// How long an environment stays awake after a call, so that a busy function never pays for the
/// freezer.
pub(crate) const FREEZE_AFTER: Duration = Duration::from_millis(20);

/// How often environments are looked through for those idle too long.
pub(crate) const REAP_EVERY: Duration = Duration::from_secs(5);

/// The part of a call's log that `LogType: Tail` shows.
/// docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
pub(crate) const LOG_TAIL_MAX: usize = 4096;

/// The longest log event; longer lines are split.
/// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
pub(crate) const LOG_EVENT_MAX: usize = 256 * 1024 - 26;

/// The first host uid given to sandboxes; each environment has one of its own.
pub(crate) const UID_FIRST: u32 = 100_000;

/// How many uids an engine has names for; more environments than that have nameless ones.
pub(crate) const UIDS_NAMED: u32 = 1024;

/// How many engines of one machine get ranges of their own before the first range is used again.
pub(crate) const UID_RANGES: u32 = 1024;
