//! Runtime names, and what on this machine runs them.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use updraft_kernel::{FunctionSpec, HostError};

use crate::spawner::TemplateSpec;

const NODE_BOOTSTRAP: &str = include_str!("bootstraps/node.cjs");
const PYTHON_BOOTSTRAP: &str = include_str!("bootstraps/python.py");

/// Where bootstraps are inside a sandbox.
const NODE_BOOTSTRAP_AT: &str = "/var/runtime/index.cjs";
const PYTHON_BOOTSTRAP_AT: &str = "/var/runtime/bootstrap.py";

/// The part of a Node function's memory that its JavaScript heap may grow to, in percent.
const NODE_HEAP_PERCENT: u32 = 90;

/// A kind of runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Node,
    Python,
    Provided,
}

impl Kind {
    /// The kind a runtime's identifier belongs to.
    fn of(runtime: &str) -> Option<Self> {
        match runtime {
            name if name.starts_with("nodejs") => Some(Self::Node),
            name if name.starts_with("python3") => Some(Self::Python),
            name if name.starts_with("provided") => Some(Self::Provided),
            _ => None,
        }
    }

    /// The name of its root file system.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Provided => "provided",
        }
    }

    /// Whether its bootstrap is ours or AWS's: those write their log as frames.
    pub(crate) fn writes_frames(self) -> bool {
        self != Self::Provided
    }
}

/// A runtime as this machine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runtime {
    pub(crate) kind: Kind,
    /// The interpreter, at the same path inside and out; none for `provided`.
    program: PathBuf,
    /// Its version, such as `20.20.2`.
    pub(crate) version: String,
    /// What `/var/lang` points to.
    lang: PathBuf,
    /// What must be bound for it, beside `/usr`.
    binds: Vec<PathBuf>,
}

impl Runtime {
    /// Its version and where it is.
    pub(crate) fn described(&self) -> String {
        format!("version {} at {}", self.version, self.program.display())
    }

    /// The root file system it runs in.
    pub(crate) fn template(&self, passwd: String) -> TemplateSpec {
        let mut files = match self.kind {
            Kind::Node => vec![(NODE_BOOTSTRAP_AT.into(), NODE_BOOTSTRAP.to_owned(), false)],
            Kind::Python => vec![(PYTHON_BOOTSTRAP_AT.into(), PYTHON_BOOTSTRAP.to_owned(), false)],
            Kind::Provided => Vec::new(),
        };
        files.push(("/etc/passwd".into(), passwd, false));
        TemplateSpec {
            name: self.kind.name().to_owned(),
            binds: self.binds.clone(),
            files,
            lang: self.lang.clone(),
        }
    }

    /// The program and arguments that start a function.
    pub(crate) fn argv(&self, spec: &FunctionSpec) -> Vec<String> {
        if self.kind == Kind::Provided {
            return vec![provided_bootstrap(spec)];
        }
        let argv = self.managed_argv(spec.memory_mib);
        // docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
        match spec.environment.get("AWS_LAMBDA_EXEC_WRAPPER") {
            Some(wrapper) => [wrapper.clone()].into_iter().chain(argv).collect(),
            None => argv,
        }
    }

    /// The program and arguments of a managed runtime.
    pub(crate) fn managed_argv(&self, memory_mib: u32) -> Vec<String> {
        let program = self.program.display().to_string();
        match self.kind {
            Kind::Node => {
                let heap = memory_mib * NODE_HEAP_PERCENT / 100;
                vec![program, format!("--max-old-space-size={heap}"), NODE_BOOTSTRAP_AT.to_owned()]
            }
            Kind::Python => vec![program, PYTHON_BOOTSTRAP_AT.to_owned()],
            Kind::Provided => Vec::new(),
        }
    }

    /// The version as `INIT_START` names it: `nodejs:20.v20.20.2`.
    pub(crate) fn log_version(&self, runtime: &str) -> String {
        match self.kind {
            Kind::Node => format!("nodejs:{}.v{}", major(&self.version), self.version),
            Kind::Python => format!("python:{}.v{}", minor(&self.version), self.version),
            Kind::Provided => runtime.replacen('.', ":", 1),
        }
    }

    /// What to tell the function's owner where the machine has another version than asked for.
    pub(crate) fn note(&self, runtime: &str) -> Option<String> {
        let asked = match self.kind {
            Kind::Node => runtime.trim_start_matches("nodejs").trim_end_matches(".x"),
            Kind::Python => runtime.trim_start_matches("python"),
            Kind::Provided => return None,
        };
        let has = if self.kind == Kind::Node { major(&self.version) } else { minor(&self.version) };
        (asked != has).then(|| {
            format!("NOTE the function asks for {runtime}; this machine runs it on version {}", self.version)
        })
    }
}

/// The first of the places where Lambda looks for a custom runtime's program.
fn provided_bootstrap(spec: &FunctionSpec) -> String {
    let in_layers = || spec.layers.iter().any(|layer| layer.join("bootstrap").exists());
    let at = if !spec.code.join("bootstrap").exists() && in_layers() { "/opt" } else { "/var/task" };
    format!("{at}/bootstrap")
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

fn minor(version: &str) -> &str {
    let end = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

/// The runtimes of this machine, found when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Runtimes {
    found: Mutex<HashMap<String, Arc<Runtime>>>,
}

impl Runtimes {
    /// What runs a runtime's functions. May start a process to ask for its version: not on the way
    /// of a warm call.
    pub(crate) fn find(&self, runtime: &str) -> Result<Arc<Runtime>, HostError> {
        if let Some(known) = self.known(runtime) {
            return Ok(known);
        }
        let found = Arc::new(look_for(runtime)?);
        self.found().insert(runtime.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    /// What runs a runtime's functions, if it has been found before.
    pub(crate) fn known(&self, runtime: &str) -> Option<Arc<Runtime>> {
        self.found().get(runtime).map(Arc::clone)
    }

    fn found(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Runtime>>> {
        self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn look_for(runtime: &str) -> Result<Runtime, HostError> {
    let missing = |hint: &str| HostError::NoRuntime { runtime: runtime.to_owned(), hint: hint.to_owned() };
    match Kind::of(runtime) {
        Some(Kind::Node) => interpreter(Kind::Node, &["node", "nodejs"], "process.versions.node", "-p")
            .ok_or_else(|| missing("install Node.js and put `node` on the PATH")),
        Some(Kind::Python) => {
            let exact = runtime.to_owned();
            let script = "import platform; print(platform.python_version())";
            interpreter(Kind::Python, &[&exact, "python3"], script, "-c")
                .ok_or_else(|| missing("install Python 3 and put `python3` on the PATH"))
        }
        Some(Kind::Provided) => Ok(Runtime {
            kind: Kind::Provided,
            program: PathBuf::new(),
            version: String::new(),
            lang: "/usr".into(),
            binds: Vec::new(),
        }),
        None => Err(missing("this engine runs `nodejs*`, `python3.*` and `provided.*`")),
    }
}

fn interpreter(kind: Kind, names: &[&str], script: &str, flag: &str) -> Option<Runtime> {
    names.iter().flat_map(|name| on_path(name)).find_map(|program| {
        let version = ask(&program, &[flag, script])?;
        // A version manager's shim is a script; the interpreter itself knows where it is.
        let itself = match kind {
            Kind::Node => ask(&program, &["-p", "process.execPath"])?,
            _ => ask(&program, &["-c", "import sys; print(sys.executable)"])?,
        };
        let program = PathBuf::from(itself).canonicalize().ok()?;
        let (lang, binds) = home_of(&program);
        Some(Runtime { kind, program, version, lang, binds })
    })
}

fn on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    env::split_paths(&path)
        .map(|directory| directory.join(name))
        .filter(|program| program.is_file())
        .collect()
}

fn ask(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !answer.is_empty()).then_some(answer)
}

/// The installation that a program belongs to, and what of it must be bound.
fn home_of(program: &Path) -> (PathBuf, Vec<PathBuf>) {
    let directory = program.parent().unwrap_or(Path::new("/"));
    let home = if directory.ends_with("bin") { directory.parent().unwrap_or(directory) } else { directory };
    if program.starts_with("/usr") {
        return (home.to_path_buf(), Vec::new());
    }
    // Never more than the installation: a program right below a home directory is bound alone.
    let is_installation = home.join("lib").is_dir() && home.components().count() > 2;
    let bind = if is_installation { home } else { program };
    (home.to_path_buf(), vec![bind.to_path_buf()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_belong_to_kinds() {
        for (runtime, kind) in [
            ("nodejs20.x", Some(Kind::Node)),
            ("python3.11", Some(Kind::Python)),
            ("python2.7", None),
            ("provided.al2023", Some(Kind::Provided)),
            ("java21", None),
        ] {
            assert_eq!(Kind::of(runtime), kind, "{runtime}");
        }
    }

    #[test]
    fn another_version_is_noted_and_the_same_is_not() {
        let runtime = |kind, version: &str| Runtime {
            kind,
            program: "/usr/bin/x".into(),
            version: version.to_owned(),
            lang: "/usr".into(),
            binds: Vec::new(),
        };
        assert_eq!(runtime(Kind::Node, "20.20.2").note("nodejs20.x"), None);
        assert!(runtime(Kind::Node, "20.20.2").note("nodejs18.x").unwrap().contains("20.20.2"));
        assert_eq!(runtime(Kind::Python, "3.11.7").note("python3.11"), None);
        assert!(runtime(Kind::Python, "3.11.7").note("python3.1").is_some());
        assert_eq!(runtime(Kind::Python, "3.11.7").log_version("python3.11"), "python:3.11.v3.11.7");
    }

    #[test]
    fn a_missing_runtime_says_what_to_install() {
        let error = look_for("ruby3.3").unwrap_err();
        assert!(error.to_string().contains("ruby3.3"), "{error}");
    }

    #[test]
    fn only_the_installation_is_bound() {
        assert_eq!(home_of(Path::new("/usr/bin/node")), ("/usr".into(), vec![]));
        let (home, binds) = home_of(Path::new("/home/me/tool"));
        assert_eq!((home, binds), ("/home/me".into(), vec!["/home/me/tool".into()]));
    }
}
