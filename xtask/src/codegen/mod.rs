//! Writes the shapes, errors and operations of the listed operations from AWS's published models.
//!
//! The models come with botocore, which the development set-up installs; they are read at
//! generation time only, and none of their prose is carried over.

mod model;
mod names;
mod render;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;

use model::Model;

/// Where the generated modules go.
const TARGET: &str = "crates/api/src/services";

/// The folders whose subfolders are services.
const SERVICE_CRATES: [&str; 6] = ["control", "observe", "data", "compute", "stacks", "flow"];

/// A service's `operations.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    /// The model's folder in botocore.
    model: String,
    /// The code of requests that break a constraint; without it shapes are not checked.
    validation_code: Option<String>,
    /// The namespace of its IAM actions, where it is not the service's name.
    iam_namespace: Option<String>,
    operations: BTreeMap<String, Listed>,
}

/// A listed operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listed {
    kind: Kind,
    action: Option<String>,
}

/// How an operation is served.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Query,
    Handle,
    Serve,
}

/// Generates every service; with `check` compares instead of writing.
pub(crate) fn run(check: bool) -> Result<()> {
    let data = models_dir()?;
    let mut files = BTreeMap::new();
    for (name, path) in services()? {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let listing: Listing =
            toml::from_str(&text).with_context(|| format!("failed to parse {}", path.display()))?;
        let model = read_model(&data.join(&listing.model))?;
        let code = render::service(&name, &listing, &model)
            .with_context(|| format!("failed to generate {name} from {}", path.display()))?;
        files.insert(format!("{name}.rs"), code);
    }
    files.insert("mod.rs".to_owned(), render::index(files.keys()));
    settle(check, &files)
}

/// Formats the files and writes them, or fails where they differ from what stands.
fn settle(check: bool, files: &BTreeMap<String, String>) -> Result<()> {
    let folder = Path::new(if check { "target/codegen-check" } else { TARGET });
    std::fs::create_dir_all(folder)?;
    let paths: Vec<_> = files.keys().map(|name| folder.join(name)).collect();
    for (path, code) in paths.iter().zip(files.values()) {
        std::fs::write(path, code).with_context(|| format!("failed to write {}", path.display()))?;
    }
    let formatted =
        Command::new("rustfmt").args(["--edition", "2024", "--config-path", "."]).args(&paths).status();
    if !formatted.context("failed to run rustfmt")?.success() {
        bail!("rustfmt refuses the generated code");
    }
    if !check {
        return Ok(());
    }
    for name in files.keys() {
        let (fresh, standing) = (folder.join(name), Path::new(TARGET).join(name));
        if std::fs::read(&fresh)? != std::fs::read(&standing).unwrap_or_default() {
            bail!("{} is not current\nhint: run `cargo xtask codegen`", standing.display());
        }
    }
    Ok(std::fs::remove_dir_all(folder)?)
}

/// Every service's name and the path of its `operations.toml`, in order of names.
fn services() -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for group in SERVICE_CRATES {
        for entry in std::fs::read_dir(format!("crates/{group}/src"))? {
            let entry = entry?;
            let listing = entry.path().join("operations.toml");
            if listing.is_file() {
                found.insert(entry.file_name().to_string_lossy().into_owned(), listing);
            }
        }
    }
    Ok(found)
}

/// botocore's folder of models: from `UPDRAFT_BOTOCORE`, or where Python finds the package.
fn models_dir() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("UPDRAFT_BOTOCORE") {
        return Ok(PathBuf::from(folder).join("data"));
    }
    let script = "import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), 'data'))";
    let output = Command::new("python3").args(["-c", script]).output().context("failed to run python3")?;
    if !output.status.success() {
        bail!(
            "botocore is not installed\nhint: `make setup` installs it, or set UPDRAFT_BOTOCORE to its folder"
        );
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

/// The newest version of a model.
fn read_model(folder: &Path) -> Result<Model> {
    let mut versions: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("failed to list {}", folder.display()))?
        .collect::<Result<Vec<_>, _>>()?;
    versions.sort_by_key(std::fs::DirEntry::file_name);
    let newest = versions.last().with_context(|| format!("{} holds no model", folder.display()))?;
    let path = newest.path().join("service-2.json.gz");
    let file = std::fs::File::open(&path).with_context(|| format!("failed to open {}", path.display()))?;
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text)?;
    serde_json::from_str(&text).with_context(|| format!("failed to parse {}", path.display()))
}
