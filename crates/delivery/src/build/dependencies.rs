//! Dependencies, kept by the digest of what names them: a change of source does not install again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::clear;
use crate::process::{self, Tool};
use crate::{Digest, ExitCode, Explain, Outcome, Problem, Progress, Stage};

/// An install fetches over the network; this bounds a hanging one.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(600);

/// Where installed dependencies are kept.
pub(super) struct Dependencies<'a> {
    pub cache: &'a Path,
    pub progress: &'a dyn Progress,
}

impl Dependencies<'_> {
    /// The `node_modules` that a lockfile names; with what building needs, or only what running needs.
    pub async fn npm(&self, source: &Path, with_development: bool) -> Outcome<PathBuf> {
        let manifest = self.read(source, "package.json")?;
        let lockfile = self.read(source, "package-lock.json")?;
        let which: &[u8] = if with_development { b"all" } else { b"production" };
        let key = Digest::of_parts([&b"npm"[..], &manifest, &lockfile, which]);
        let mut args = vec!["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        if !with_development {
            args.push("--omit=dev");
        }
        let files = [("package.json", manifest), ("package-lock.json", lockfile)];
        let folder = self.install(key, &files, "npm", &args, Vec::new()).await?;
        Ok(folder.join("node_modules"))
    }

    /// What `requirements.txt` names, for a Python of this version.
    pub async fn pip(&self, source: &Path, runtime: &str) -> Outcome<PathBuf> {
        let requirements = self.read(source, "requirements.txt")?;
        let key = Digest::of_parts([&b"pip"[..], &requirements, runtime.as_bytes()]);
        let args = [
            "-m",
            "pip",
            "install",
            "--requirement",
            "requirements.txt",
            "--target",
            "packages",
            "--no-compile",
            "--no-input",
            "--disable-pip-version-check",
            "--quiet",
            "--no-warn-conflicts",
            "--root-user-action=ignore",
        ];
        // The runtime's own interpreter, where it is: wheels differ by version.
        let own = runtime.to_owned();
        let program = if is_there(&own) { own } else { "python3".to_owned() };
        // pip writes hashed bytecode names and times into nothing but bytecode, which is not made.
        let env = vec![("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())];
        let folder = self.install(key, &[("requirements.txt", requirements)], &program, &args, env).await?;
        Ok(folder.join("packages"))
    }

    async fn install(
        &self,
        key: Digest,
        files: &[(&str, Vec<u8>)],
        program: &str,
        args: &[&str],
        env: Vec<(String, String)>,
    ) -> Outcome<PathBuf> {
        let done = self.cache.join(key.to_string());
        if done.is_dir() {
            return Ok(done);
        }
        self.progress.note(Stage::Build, format!("{program} {}", args.first().unwrap_or(&"")));
        // Made aside and moved when whole, so that a broken install is never taken for a good one.
        let making = self.cache.join(format!("{key}.{}", std::process::id()));
        let io = |what: &'static str| move || format!("{what} the dependencies' folder");
        clear(&making).explain(ExitCode::Build, io("cannot make"))?;
        for (name, contents) in files {
            std::fs::write(making.join(name), contents).explain(ExitCode::Build, io("cannot write to"))?;
        }
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let tool = Tool { program, args, dir: &making, env, timeout: INSTALL_TIMEOUT };
        process::run(tool, Stage::Build, self.progress).await.map_err(super::run::tool_failed)?;
        match std::fs::rename(&making, &done) {
            // Two functions with the same dependencies may be built at once; the first is kept.
            Err(_) if done.is_dir() => std::fs::remove_dir_all(&making),
            other => other,
        }
        .explain(ExitCode::Build, io("cannot keep"))?;
        Ok(done)
    }

    fn read(&self, source: &Path, name: &str) -> Outcome<Vec<u8>> {
        let path = source.join(name);
        std::fs::read(&path).map_err(|error| {
            Problem::new(ExitCode::Build, format!("cannot read {}", path.display()))
                .because(error)
                .hint(format!("`{name}` is needed to install the dependencies; commit it"))
        })
    }
}

fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}
