//! How a function is built, and what its build depends on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Digest;
use crate::read::FunctionSource;

/// Changes with every change to how builds are done, so that old builds are not taken for new ones.
const BUILDER: &str = "updraft-build-1";

/// How a folder becomes a package's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// As it is.
    Copy,
    /// As it is, with the production dependencies of its lockfile.
    Npm,
    /// Bundled by esbuild.
    Esbuild(EsbuildOptions),
    /// As it is, with what `requirements.txt` names.
    Pip,
    /// `cargo build --release`, its program named `bootstrap`.
    Cargo {
        /// The program's name in the package, when it is not the folder's only one.
        binary: Option<String>,
    },
    /// `make build-<LogicalId>`, which fills `ARTIFACTS_DIR`.
    Makefile,
}

/// What the template asks of esbuild, by SAM's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EsbuildOptions {
    /// `EntryPoints`.
    pub entry_points: Vec<String>,
    /// The flags that follow from the other properties.
    pub flags: Vec<String>,
}

/// A function's build before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlan {
    /// The function.
    pub logical_id: String,
    /// How.
    pub method: Method,
    /// What it depends on.
    pub inputs: Inputs,
    /// Its name: the digest of what it depends on.
    pub key: Digest,
}

/// What a build depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Inputs {
    /// The method, the runtime and the like, by name.
    pub settings: BTreeMap<String, String>,
    /// The digest of each source file.
    pub files: BTreeMap<String, Digest>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildPlanError {
    /// A method this program does not know.
    #[error("{logical_id}: the build method `{method}` is not known")]
    UnknownMethod {
        /// The function.
        logical_id: String,
        /// What `Metadata.BuildMethod` says.
        method: String,
    },
    /// A property that is not what it should be.
    #[error("{logical_id}: the build property `{property}` {expected}")]
    Property {
        /// The function.
        logical_id: String,
        /// The property.
        property: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl BuildPlan {
    /// Plans a function's build from its description and its source files.
    pub fn new(
        function: &FunctionSource,
        package_json: Option<&Value>,
        files: BTreeMap<String, Digest>,
    ) -> Result<Self, BuildPlanError> {
        let method = Method::of(function, package_json, &files)?;
        let mut settings = BTreeMap::from([
            ("builder".to_owned(), BUILDER.to_owned()),
            ("method".to_owned(), method.describe()),
            ("runtime".to_owned(), function.runtime.clone()),
            ("architecture".to_owned(), function.architecture.clone()),
        ]);
        if method == Method::Makefile {
            settings.insert("target".to_owned(), function.logical_id.clone());
        }
        let inputs = Inputs { settings, files };
        Ok(Self { logical_id: function.logical_id.clone(), method, key: inputs.digest(), inputs })
    }
}

impl Method {
    fn of(
        function: &FunctionSource,
        package_json: Option<&Value>,
        files: &BTreeMap<String, Digest>,
    ) -> Result<Self, BuildPlanError> {
        match function.build_method.as_deref() {
            Some("esbuild") => Ok(Self::Esbuild(EsbuildOptions::of(function)?)),
            Some("makefile") => Ok(Self::Makefile),
            Some("rust-cargolambda") => {
                let binary = function.build_properties.get("Binary").and_then(Value::as_str);
                Ok(Self::Cargo { binary: binary.map(str::to_owned) })
            }
            // SAM lets a runtime's name stand for the runtime's own way.
            Some(method) if !method.starts_with("nodejs") && !method.starts_with("python") => {
                Err(BuildPlanError::UnknownMethod {
                    logical_id: function.logical_id.clone(),
                    method: method.to_owned(),
                })
            }
            _ if function.runtime.starts_with("nodejs") => {
                let has_dependencies = package_json
                    .and_then(|json| json["dependencies"].as_object())
                    .is_some_and(|dependencies| !dependencies.is_empty());
                let locked = files.contains_key("package-lock.json");
                Ok(if has_dependencies && locked { Self::Npm } else { Self::Copy })
            }
            _ if function.runtime.starts_with("python") && files.contains_key("requirements.txt") => {
                Ok(Self::Pip)
            }
            _ => Ok(Self::Copy),
        }
    }

    /// Folders of the source that the method makes itself, so that they are no source.
    #[must_use]
    pub fn own_folders(function: &FunctionSource, has_lockfile: bool) -> &'static [&'static str] {
        match function.build_method.as_deref() {
            Some("makefile" | "rust-cargolambda") => &["target"],
            _ if has_lockfile => &["node_modules"],
            _ => &[],
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Copy => "copy".to_owned(),
            Self::Npm => "npm".to_owned(),
            Self::Esbuild(options) => {
                format!("esbuild {} {}", options.flags.join(" "), options.entry_points.join(" "))
            }
            Self::Pip => "pip".to_owned(),
            Self::Cargo { binary } => format!("cargo {}", binary.as_deref().unwrap_or_default()),
            Self::Makefile => "makefile".to_owned(),
        }
    }
}

impl EsbuildOptions {
    /// Reads SAM's build properties ("Building Node.js Lambda functions with esbuild" of the SAM
    /// guide). Where SAM has a default, so have we: minified, for the runtime's own Node.
    fn of(function: &FunctionSource) -> Result<Self, BuildPlanError> {
        let properties = &function.build_properties;
        let wrong = |property: &str, expected: &'static str| BuildPlanError::Property {
            logical_id: function.logical_id.clone(),
            property: property.to_owned(),
            expected,
        };
        let entry_points = match properties.get("EntryPoints") {
            None => vec!["app.js".to_owned()],
            Some(list) => texts(list).ok_or_else(|| wrong("EntryPoints", "is a list of files"))?,
        };
        let mut flags = vec!["--bundle".to_owned(), "--platform=node".to_owned()];
        flags.push(format!("--format={}", text_or(properties, "Format", "cjs")));
        let target = format!("node{}", function.runtime.trim_start_matches("nodejs").trim_end_matches(".x"));
        flags.push(format!("--target={}", text_or(properties, "Target", &target).to_lowercase()));
        for (name, flag, default) in [
            ("Minify", "--minify", true),
            ("Sourcemap", "--sourcemap", false),
            ("KeepNames", "--keep-names", false),
        ] {
            match properties.get(name) {
                None if default => flags.push(flag.to_owned()),
                Some(Value::Bool(true)) => flags.push(flag.to_owned()),
                None | Some(Value::Bool(false)) => {}
                Some(_) => return Err(wrong(name, "is true or false")),
            }
        }
        for (name, flag) in [
            ("External", "--external:"),
            ("Loader", "--loader:"),
            ("OutExtension", "--out-extension:"),
            ("MainFields", "--main-fields="),
            ("SourcesContent", "--sources-content="),
        ] {
            if let Some(value) = properties.get(name) {
                let values = texts(value).ok_or_else(|| wrong(name, "is a text or a list of texts"))?;
                flags.extend(values.iter().map(|value| format!("{flag}{value}")));
            }
        }
        let known = [
            "EntryPoints",
            "Format",
            "Target",
            "Minify",
            "Sourcemap",
            "KeepNames",
            "External",
            "Loader",
            "OutExtension",
            "MainFields",
            "SourcesContent",
            "UseNpmCi",
        ];
        match properties.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(wrong(name, "is not known")),
            None => Ok(Self { entry_points, flags }),
        }
    }
}

fn text_or(properties: &Map<String, Value>, name: &str, default: &str) -> String {
    properties.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

impl Inputs {
    fn digest(&self) -> Digest {
        let digests: Vec<_> =
            self.files.iter().map(|(name, digest)| (name.as_bytes(), digest.to_string())).collect();
        let settings = self.settings.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let files = digests.iter().flat_map(|(name, digest)| [*name, digest.as_bytes()]);
        Digest::of_parts(settings.chain(files))
    }
}

/// How many changed files are named.
const NAMED_MAX: usize = 2;

/// Why a build is not the last one, in words.
#[must_use]
pub fn why(last: Option<&Inputs>, now: &Inputs) -> String {
    let Some(last) = last else { return "first build".to_owned() };
    let mut changes = Vec::new();
    for (name, value) in &now.settings {
        match last.settings.get(name) {
            Some(old) if old != value => changes.push(format!("{name} is {value}, was {old}")),
            None => changes.push(format!("{name} is {value}")),
            Some(_) => {}
        }
    }
    for (name, digest) in &now.files {
        match last.files.get(name) {
            None => changes.push(format!("{name} is new")),
            Some(old) if old != digest => changes.push(format!("{name} changed")),
            Some(_) => {}
        }
    }
    let gone = last.files.keys().filter(|name| !now.files.contains_key(*name));
    changes.extend(gone.map(|name| format!("{name} is gone")));
    match changes.len() {
        0 => "the last build is not kept".to_owned(),
        n if n > NAMED_MAX => format!("{} and {} more", changes[..NAMED_MAX].join(", "), n - NAMED_MAX),
        _ => changes.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::read::CodeHolder;

    fn function(runtime: &str, method: Option<&str>, properties: Value) -> FunctionSource {
        FunctionSource {
            logical_id: "F".into(),
            code: "f".into(),
            runtime: runtime.into(),
            handler: "index.handler".into(),
            architecture: "x86_64".into(),
            build_method: method.map(str::to_owned),
            build_properties: properties.as_object().cloned().unwrap_or_default(),
            holder: CodeHolder::Sam,
        }
    }

    fn files(names: &[&str]) -> BTreeMap<String, Digest> {
        names.iter().map(|name| ((*name).into(), Digest::of(name.as_bytes()))).collect()
    }

    fn plan(function: &FunctionSource, names: &[&str]) -> Result<BuildPlan, BuildPlanError> {
        BuildPlan::new(function, Some(&json!({"dependencies": {"a": "1"}})), files(names))
    }

    #[test]
    fn each_folder_has_its_method() {
        let locked = ["index.js", "package.json", "package-lock.json"];
        let table: [(&str, Option<&str>, &[&str], Method); 7] = [
            ("nodejs22.x", None, &locked, Method::Npm),
            ("nodejs22.x", None, &["index.js"], Method::Copy),
            ("python3.11", None, &["app.py", "requirements.txt"], Method::Pip),
            ("python3.11", None, &["app.py"], Method::Copy),
            ("provided.al2023", Some("makefile"), &["Makefile"], Method::Makefile),
            ("provided.al2023", Some("rust-cargolambda"), &["Cargo.toml"], Method::Cargo { binary: None }),
            ("provided.al2023", None, &["bootstrap"], Method::Copy),
        ];
        for (runtime, method, names, expected) in table {
            let found = plan(&function(runtime, method, Value::Null), names).unwrap().method;
            assert_eq!(found, expected, "{runtime} {method:?}");
        }
        let unknown = plan(&function("go1.x", Some("go1.x"), Value::Null), &[]);
        assert!(matches!(unknown, Err(BuildPlanError::UnknownMethod { .. })));
    }

    #[test]
    fn esbuild_is_asked_as_sam_asks_it() {
        let properties = json!({
            "EntryPoints": ["src/index.mjs"], "Format": "esm", "Target": "es2020", "Minify": false,
            "Sourcemap": true, "External": ["@aws-sdk/*"], "OutExtension": [".js=.mjs"]
        });
        let built = plan(&function("nodejs22.x", Some("esbuild"), properties), &[]).unwrap();
        let Method::Esbuild(options) = built.method else { panic!("{:?}", built.method) };
        assert_eq!(
            options.flags.join(" "),
            "--bundle --platform=node --format=esm --target=es2020 --sourcemap --external:@aws-sdk/* \
             --out-extension:.js=.mjs"
        );
        let wrong = function("nodejs22.x", Some("esbuild"), json!({"Minfy": true}));
        assert_eq!(plan(&wrong, &[]).unwrap_err().to_string(), "F: the build property `Minfy` is not known");
    }

    #[test]
    fn what_goes_in_names_the_build() {
        let node = function("nodejs22.x", None, Value::Null);
        let key = plan(&node, &["index.js"]).unwrap().key;
        assert_eq!(plan(&node, &["index.js"]).unwrap().key, key);
        assert_ne!(plan(&node, &["index.js", "b.js"]).unwrap().key, key);
        assert_ne!(plan(&function("nodejs20.x", None, Value::Null), &["index.js"]).unwrap().key, key);
    }

    #[test]
    fn a_rebuild_says_why() {
        let node = function("nodejs22.x", None, Value::Null);
        let last = plan(&node, &["a.js", "b.js"]).unwrap().inputs;
        let mut now = last.clone();
        now.files.insert("a.js".into(), Digest::of(b"other"));
        assert_eq!(why(Some(&last), &now), "a.js changed");
        now.files.remove("b.js");
        now.files.insert("c.js".into(), Digest::of(b"c"));
        assert_eq!(why(Some(&last), &now), "a.js changed, c.js is new and 1 more");
        assert_eq!(why(None, &now), "first build");
        now = last.clone();
        now.settings.insert("runtime".into(), "nodejs20.x".into());
        assert_eq!(why(Some(&last), &now), "runtime is nodejs20.x, was nodejs22.x");
    }
}
