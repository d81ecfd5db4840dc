//! Doing builds: in a scratch folder, into a folder named by the build's key.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};

use super::dependencies::Dependencies;
use super::files::{clear, copy, digests, sources};
use super::plan::{BuildPlan, EsbuildOptions, Inputs, Method, why};
use crate::package::{self, FileEntry};
use crate::process::{self, Tool, ToolError};
use crate::read::FunctionSource;
use crate::{Digest, ExitCode, Explain, Outcome, Problem, Progress, Stage};

/// How long one tool may build.
const BUILD_TIMEOUT: Duration = Duration::from_secs(1_800);
/// How many functions are built at once; the tools use several cores themselves.
const AT_ONCE: usize = 2;

/// A function's package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The function.
    pub function: FunctionSource,
    /// The digest of its package.
    pub digest: Digest,
    /// The package.
    pub zip: PathBuf,
    /// The package's size in bytes.
    pub size: u64,
    /// Why it was built; none when the kept build was taken.
    pub rebuilt: Option<String>,
}

/// What is kept of a build, beside its package.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Kept {
    digest: Digest,
    size: u64,
}

/// Builds and packages functions; `root` is where the template is, `work` where builds are kept.
pub async fn build_all(
    functions: &[FunctionSource],
    root: &Path,
    work: &Path,
    progress: &dyn Progress,
) -> Outcome<Vec<Built>> {
    make_work_folder(work).explain(ExitCode::Build, || format!("cannot make {}", work.display()))?;
    let builder = Builder { root, work, progress };
    let builds = functions.iter().map(|function| builder.build(function));
    futures::stream::iter(builds).buffered(AT_ONCE).try_collect().await
}

/// Makes the folder that builds are kept in, which git is not to see: a build must not make a clean
/// commit look changed.
fn make_work_folder(work: &Path) -> std::io::Result<()> {
    let ignore = work.join(".gitignore");
    if ignore.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(work)?;
    std::fs::write(ignore, "*\n")
}

struct Builder<'a> {
    root: &'a Path,
    work: &'a Path,
    progress: &'a dyn Progress,
}

impl Builder<'_> {
    async fn build(&self, function: &FunctionSource) -> Outcome<Built> {
        let source = self.source_folder(function)?;
        let has_lockfile = source.join("package-lock.json").is_file();
        let files = sources(&source, Method::own_folders(function, has_lockfile))
            .explain(ExitCode::Build, || format!("cannot read the sources of {}", function.logical_id))?;
        let digests = digests(&files)
            .explain(ExitCode::Build, || format!("cannot read the sources of {}", function.logical_id))?;
        let package_json = std::fs::read(source.join("package.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let plan = BuildPlan::new(function, package_json.as_ref(), digests).map_err(|error| {
            Problem::new(ExitCode::Config, error.to_string())
                .hint("known build methods are esbuild, makefile and rust-cargolambda")
        })?;
        if let Some(built) = self.kept(function, &plan) {
            return Ok(built);
        }
        let reason = why(self.last_inputs(function).as_ref(), &plan.inputs);
        self.progress.note(Stage::Build, format!("{}: {reason}", function.logical_id));
        self.make(function, &plan, &files, &source, reason).await
    }

    fn source_folder(&self, function: &FunctionSource) -> Outcome<PathBuf> {
        let folder = self.root.join(&function.code);
        match folder.is_dir() {
            true => Ok(folder),
            false => Err(Problem::new(
                ExitCode::Config,
                format!("{}: there is no folder `{}`", function.logical_id, folder.display()),
            )
            .hint("`CodeUri` is relative to the template")),
        }
    }

    fn kept(&self, function: &FunctionSource, plan: &BuildPlan) -> Option<Built> {
        let text = std::fs::read(self.kept_file(plan)).ok()?;
        let Kept { digest, size } = serde_json::from_slice(&text).ok()?;
        let zip = self.zip_file(digest);
        zip.is_file().then(|| Built { function: function.clone(), digest, zip, size, rebuilt: None })
    }

    async fn make(
        &self,
        function: &FunctionSource,
        plan: &BuildPlan,
        files: &[FileEntry],
        source: &Path,
        reason: String,
    ) -> Outcome<Built> {
        let scratch = self.work.join("scratch").join(&function.logical_id);
        let (inside, out) = (scratch.join("source"), scratch.join("out"));
        let failed = || format!("cannot prepare the build of {}", function.logical_id);
        clear(&out).explain(ExitCode::Build, failed)?;
        clear(&inside).explain(ExitCode::Build, failed)?;
        copy(files, &inside).explain(ExitCode::Build, failed)?;
        self.fill(function, plan, source, &inside, &out).await.map_err(|problem| Problem {
            message: format!("{}: {}", function.logical_id, problem.message),
            ..problem
        })?;
        let artifact = package::pack(&out)
            .explain(ExitCode::Build, || format!("cannot package {}", function.logical_id))?;
        if artifact.files == 0 {
            let message = format!("{}: the build left no file", function.logical_id);
            return Err(Problem::new(ExitCode::Build, message));
        }
        let zip = self.zip_file(artifact.digest);
        let size = artifact.bytes.len() as u64;
        self.keep(function, plan, &zip, &artifact.bytes, Kept { digest: artifact.digest, size })
            .explain(ExitCode::Build, || format!("cannot keep the build of {}", function.logical_id))?;
        Ok(Built { function: function.clone(), digest: artifact.digest, zip, size, rebuilt: Some(reason) })
    }

    async fn fill(
        &self,
        function: &FunctionSource,
        plan: &BuildPlan,
        source: &Path,
        inside: &Path,
        out: &Path,
    ) -> Outcome<()> {
        let cache = self.work.join("dependencies");
        let dependencies = Dependencies { cache: &cache, progress: self.progress };
        let failed = || "cannot copy its files".to_owned();
        let copy_all = |from: &Path, to: &Path| -> Outcome<()> {
            let files = package::files(from).explain(ExitCode::Build, failed)?;
            copy(&files, to).explain(ExitCode::Build, failed)
        };
        match &plan.method {
            Method::Copy => copy_all(inside, out),
            Method::Npm => {
                let modules = dependencies.npm(source, false).await?;
                copy_all(inside, out)?;
                copy_all(&modules, &out.join("node_modules"))
            }
            Method::Pip => {
                let packages = dependencies.pip(source, &function.runtime).await?;
                copy_all(&packages, out)?;
                copy_all(inside, out)
            }
            Method::Esbuild(options) => self.esbuild(&dependencies, options, source, inside, out).await,
            Method::Cargo { binary } => self.cargo(function, binary.as_deref(), inside, out).await,
            Method::Makefile => {
                let target = format!("build-{}", function.logical_id);
                let mut env = self.cargo_env(function, inside);
                env.push(("ARTIFACTS_DIR".to_owned(), out.display().to_string()));
                self.tool("make", vec![target], inside, env).await
            }
        }
    }

    async fn esbuild(
        &self,
        dependencies: &Dependencies<'_>,
        options: &EsbuildOptions,
        source: &Path,
        inside: &Path,
        out: &Path,
    ) -> Outcome<()> {
        let mut program = "esbuild".to_owned();
        if source.join("package-lock.json").is_file() {
            let modules = dependencies.npm(source, true).await?;
            let linked = inside.join("node_modules");
            link(&modules, &linked).explain(ExitCode::Build, || "cannot link node_modules".to_owned())?;
            let own = linked.join(".bin/esbuild");
            if own.exists() {
                program = own.display().to_string();
            }
        }
        // The link's target must not show in the bundle: it differs from machine to machine.
        let mut args = vec!["--preserve-symlinks".to_owned(), "--log-level=warning".to_owned()];
        args.extend(options.flags.iter().cloned());
        args.push(format!("--outdir={}", out.display()));
        args.extend(options.entry_points.iter().cloned());
        self.tool(&program, args, inside, Vec::new()).await
    }

    async fn cargo(
        &self,
        function: &FunctionSource,
        binary: Option<&str>,
        inside: &Path,
        out: &Path,
    ) -> Outcome<()> {
        let mut args = vec!["build".to_owned(), "--release".to_owned()];
        if inside.join("Cargo.lock").is_file() {
            args.push("--locked".to_owned());
        }
        if let Some(binary) = binary {
            args.extend(["--bin".to_owned(), binary.to_owned()]);
        }
        self.tool("cargo", args, inside, self.cargo_env(function, inside)).await?;
        let release = self.cargo_target(function).join("release");
        let name = binary.unwrap_or("bootstrap");
        std::fs::copy(release.join(name), out.join("bootstrap")).map_err(|error| {
            Problem::new(ExitCode::Build, format!("cargo made no `{name}`"))
                .because(error)
                .hint("name the program `bootstrap`, or say `BuildProperties: {Binary: name}`")
        })?;
        Ok(())
    }

    /// The folders' names must not show in the program, or two machines would build two.
    fn cargo_env(&self, function: &FunctionSource, inside: &Path) -> Vec<(String, String)> {
        let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        let home = std::env::var("CARGO_HOME").ok().or_else(|| Some(std::env::var("HOME").ok()? + "/.cargo"));
        for (from, to) in [(Some(inside.display().to_string()), "/source"), (home, "/cargo")] {
            if let Some(from) = from {
                flags = format!("{flags} --remap-path-prefix={from}={to}");
            }
        }
        vec![
            ("CARGO_TARGET_DIR".to_owned(), self.cargo_target(function).display().to_string()),
            ("RUSTFLAGS".to_owned(), flags.trim().to_owned()),
        ]
    }

    fn cargo_target(&self, function: &FunctionSource) -> PathBuf {
        self.work.join("cargo").join(&function.logical_id)
    }

    async fn tool(
        &self,
        program: &str,
        args: Vec<String>,
        dir: &Path,
        env: Vec<(String, String)>,
    ) -> Outcome<()> {
        let tool = Tool { program, args, dir, env, timeout: BUILD_TIMEOUT };
        process::run(tool, Stage::Build, self.progress).await.map(|_| ()).map_err(tool_failed)
    }

    fn keep(
        &self,
        function: &FunctionSource,
        plan: &BuildPlan,
        zip: &Path,
        bytes: &[u8],
        kept: Kept,
    ) -> std::io::Result<()> {
        write_whole(zip, bytes)?;
        write_whole(&self.inputs_file(function), &serde_json::to_vec(&plan.inputs)?)?;
        write_whole(&self.kept_file(plan), &serde_json::to_vec(&kept)?)
    }

    fn last_inputs(&self, function: &FunctionSource) -> Option<Inputs> {
        serde_json::from_slice(&std::fs::read(self.inputs_file(function)).ok()?).ok()
    }

    fn kept_file(&self, plan: &BuildPlan) -> PathBuf {
        self.work.join("builds").join(format!("{}.json", plan.key))
    }

    fn inputs_file(&self, function: &FunctionSource) -> PathBuf {
        self.work.join("inputs").join(format!("{}.json", function.logical_id))
    }

    fn zip_file(&self, digest: Digest) -> PathBuf {
        self.work.join("artifacts").join(format!("{digest}.zip"))
    }
}

/// A file that is there is whole.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(to, at)
}

pub(super) fn tool_failed(error: ToolError) -> Problem {
    let problem = Problem::new(ExitCode::Build, error.to_string());
    match error {
        ToolError::Failed { lines, .. } if !lines.is_empty() => problem.because(lines.join("\n")),
        ToolError::Start { program, source } if program == "esbuild" => problem
            .because(source)
            .hint("name esbuild among the function's devDependencies, or put it on the PATH"),
        ToolError::Start { program, source } => {
            problem.because(source).hint(format!("install `{program}`, or put it on the PATH"))
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;
    use crate::read::CodeHolder;

    fn function(id: &str, runtime: &str, method: Option<&str>) -> FunctionSource {
        FunctionSource {
            logical_id: id.into(),
            code: "f".into(),
            runtime: runtime.into(),
            handler: "index.handler".into(),
            architecture: "x86_64".into(),
            build_method: method.map(str::to_owned),
            build_properties: serde_json::Map::new(),
            holder: CodeHolder::Sam,
        }
    }

    fn app(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join("f").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    async fn build(app: &Path, function: FunctionSource) -> Outcome<Built> {
        let mut built = build_all(&[function], app, &app.join(".updraft"), &Silent).await?;
        Ok(built.remove(0))
    }

    #[tokio::test]
    async fn a_kept_build_is_taken_and_a_change_builds_again() {
        let app = app(&[("index.js", "one")]);
        let node = || function("F", "nodejs22.x", None);
        let first = build(app.path(), node()).await.unwrap();
        assert_eq!(first.rebuilt.as_deref(), Some("first build"));
        let again = build(app.path(), node()).await.unwrap();
        assert_eq!((again.rebuilt, again.digest), (None, first.digest));
        std::fs::write(app.path().join("f/index.js"), "two").unwrap();
        let changed = build(app.path(), node()).await.unwrap();
        assert_eq!(changed.rebuilt.as_deref(), Some("index.js changed"));
        assert_ne!(changed.digest, first.digest);
        std::fs::write(app.path().join("f/index.js"), "one").unwrap();
        assert_eq!(build(app.path(), node()).await.unwrap().rebuilt, None, "the first build is still kept");
    }

    #[tokio::test]
    async fn two_folders_build_the_same_package() {
        let makefile = "build-F:\n\tcat a.txt b.txt > $(ARTIFACTS_DIR)/all.txt\n\
                        \tcp run.sh $(ARTIFACTS_DIR)/bootstrap\n\tchmod 755 $(ARTIFACTS_DIR)/bootstrap\n";
        let files = [("Makefile", makefile), ("a.txt", "a"), ("b.txt", "b"), ("run.sh", "#!/bin/sh\n")];
        let (one, two) = (app(&files), app(&files));
        let made = || function("F", "provided.al2023", Some("makefile"));
        let one = build(one.path(), made()).await.unwrap();
        let two = build(two.path(), made()).await.unwrap();
        assert_eq!(one.digest, two.digest);
    }

    #[tokio::test]
    async fn what_fails_is_said() {
        let app = app(&[("Makefile", "build-F:\n\techo broken >&2; false\n")]);
        let problem =
            build(app.path(), function("F", "provided.al2023", Some("makefile"))).await.unwrap_err();
        assert_eq!(problem.exit, ExitCode::Build);
        assert!(problem.source.unwrap().to_string().contains("broken"));
        let empty = build(app.path(), FunctionSource { code: "g".into(), ..function("F", "x", None) }).await;
        assert!(empty.unwrap_err().message.contains("there is no folder"));
    }
}
