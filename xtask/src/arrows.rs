//! Which crate may depend on which: `arrows.toml` against what cargo says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// `arrows.toml`: crate to the crates it may depend on.
#[derive(Deserialize)]
struct Arrows {
    arrows: BTreeMap<String, BTreeSet<String>>,
}

/// The part of `cargo metadata` that matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` for what only tests use.
    kind: Option<String>,
}

/// Fails with every arrow that the file does not allow, and every crate it does not know.
pub(crate) fn run() -> Result<()> {
    let text = std::fs::read_to_string("arrows.toml").context("failed to read arrows.toml")?;
    let allowed: Arrows = toml::from_str(&text).context("failed to parse arrows.toml")?;
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .context("failed to run cargo metadata")?;
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("failed to read cargo metadata")?;
    let wrong = wrong_arrows(&allowed.arrows, &metadata.packages);
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}\nhint: a new arrow is a change to arrows.toml, seen in review", wrong.join("\n"));
}

fn wrong_arrows(allowed: &BTreeMap<String, BTreeSet<String>>, packages: &[Package]) -> Vec<String> {
    let ours = |name: &str| name.strip_prefix("updraft-").map(str::to_owned);
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| package.name != "xtask") {
        let name = ours(&package.name).unwrap_or_else(|| package.name.clone());
        let Some(targets) = allowed.get(&name) else {
            wrong.push(format!("crate {name} is not in arrows.toml"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind.is_none()) {
            if let Some(target) = ours(&dependency.name).filter(|target| !targets.contains(target)) {
                wrong.push(format!("{name} must not depend on {target}"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).into(), kind: kind.map(Into::into) })
            .collect();
        Package { name: name.into(), dependencies }
    }

    #[test]
    fn an_arrow_outside_the_list_is_named_and_a_test_only_one_is_not() {
        let allowed = BTreeMap::from([("a".to_owned(), BTreeSet::from(["b".to_owned()]))]);
        let packages = [
            package("updraft-a", &[("updraft-b", None), ("updraft-c", None), ("updraft-d", Some("dev"))]),
            package("updraft-e", &[]),
        ];
        assert_eq!(
            wrong_arrows(&allowed, &packages),
            ["a must not depend on c", "crate e is not in arrows.toml"]
        );
    }
}
