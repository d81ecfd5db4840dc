//! Reading the app from disk, and the commit from git.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::plan::{CodeHolder, FunctionSource, functions};
use super::template::TemplateSource;
use crate::config::{self, Config};
use crate::{ExitCode, Outcome, Problem};

/// A template is one megabyte at most ("CloudFormation quotas": template body in an S3 object).
const TEMPLATE_BYTES_MAX: u64 = 1024 * 1024;

/// An app as it is on disk.
#[derive(Debug, Clone)]
pub struct App {
    /// What `updraft.yaml` says.
    pub config: Config,
    /// Where the template is.
    pub template_file: PathBuf,
    /// The template.
    pub template: TemplateSource,
    /// The functions whose code is here.
    pub functions: Vec<FunctionSource>,
    /// The commit, when the app is in a git repository.
    pub commit: Option<Commit>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commit {
    /// Its full id.
    pub id: String,
    /// Whether the app's folder holds something else than the commit.
    pub dirty: bool,
}

impl std::fmt::Display for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = self.id.get(..12).unwrap_or(&self.id);
        f.write_str(short)?;
        if self.dirty { f.write_str(" with uncommitted changes") } else { Ok(()) }
    }
}

impl App {
    /// Where builds and the like are kept.
    #[must_use]
    pub fn work_folder(&self) -> PathBuf {
        self.config.root.join(".updraft")
    }

    /// The folder that the template's paths are relative to.
    #[must_use]
    pub fn template_folder(&self) -> &Path {
        self.template_file.parent().unwrap_or(&self.config.root)
    }
}

/// Reads the app in a folder.
pub async fn read(root: &Path) -> Outcome<App> {
    let config = config::load(root)?;
    let template_file = config.root.join(&config.template);
    let template = TemplateSource::parse(&template_file, read_template(&template_file)?)?;
    let functions = functions(&template.value).map_err(|error| {
        let problem = Problem::new(ExitCode::Config, error.to_string());
        match error.logical_id() {
            Some(id) => problem.at(template.place(&["Resources", id])),
            None => problem.at(template.place(&[])),
        }
    })?;
    for function in &functions {
        check_folder(&template, &template_file, function)?;
    }
    let commit = commit(&config.root).await;
    Ok(App { config, template_file, template, functions, commit })
}

/// A folder that is not there is the template's mistake, and shown there.
fn check_folder(template: &TemplateSource, template_file: &Path, function: &FunctionSource) -> Outcome<()> {
    let folder = template_file.parent().unwrap_or(Path::new(".")).join(&function.code);
    if folder.is_dir() {
        return Ok(());
    }
    let id = function.logical_id.as_str();
    let property = match function.holder {
        CodeHolder::Sam => "CodeUri",
        CodeHolder::Lambda => "Code",
    };
    Err(Problem::new(ExitCode::Config, format!("{id}: there is no folder `{}`", function.code))
        .at(template.place(&["Resources", id, "Properties", property]))
        .hint(format!("`{property}` is a folder, relative to the template")))
}

fn read_template(file: &Path) -> Outcome<String> {
    let read = || {
        if std::fs::metadata(file)?.len() > TEMPLATE_BYTES_MAX {
            return Err(std::io::Error::other("it is larger than a template may be (1 MB)"));
        }
        std::fs::read_to_string(file)
    };
    read().map_err(|error| {
        Problem::new(ExitCode::Config, format!("cannot read the template {}", file.display()))
            .because(error)
            .hint("name it in updraft.yaml: `template: path/to/template.yaml`")
    })
}

/// The commit of a folder; none outside of git. Git is asked, since nobody knows it better.
async fn commit(root: &Path) -> Option<Commit> {
    let git = async |args: &[&str]| {
        let ran = tokio::process::Command::new("git")
            .arg("-C")
            .arg(root)
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .await
            .ok()?;
        ran.status.success().then(|| String::from_utf8_lossy(&ran.stdout).trim().to_owned())
    };
    let id = git(&["rev-parse", "HEAD"]).await?;
    let changes = git(&["status", "--porcelain", "--", "."]).await?;
    Some(Commit { id, dirty: !changes.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_outside_of_git_has_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(commit(folder.path()).await, None);
    }

    #[tokio::test]
    async fn an_uncommitted_change_shows() {
        let folder = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let author = ["-c", "user.name=a", "-c", "user.email=a@b"];
            let ran = std::process::Command::new("git")
                .arg("-C")
                .arg(folder.path())
                .args(author)
                .args(args)
                .output()
                .unwrap();
            assert!(ran.status.success(), "{ran:?}");
        };
        git(&["init", "-q"]);
        std::fs::write(folder.path().join("a"), "a").unwrap();
        git(&["add", "a"]);
        git(&["commit", "-q", "-m", "a"]);
        assert!(!commit(folder.path()).await.unwrap().dirty);
        std::fs::write(folder.path().join("a"), "b").unwrap();
        assert!(commit(folder.path()).await.unwrap().to_string().ends_with("with uncommitted changes"));
    }

    #[tokio::test]
    async fn a_missing_template_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let problem = read(folder.path()).await.unwrap_err();
        assert_eq!(problem.exit, ExitCode::Config);
        assert!(problem.message.contains("template.yaml"), "{problem}");
    }
}
