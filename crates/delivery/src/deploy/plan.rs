//! What a deployment submits, and whether there is anything to submit.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Digest;
use crate::read::Commit;

/// An alias of the expanded template, and the version resource it takes its version from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasPlan {
    /// The alias's logical id.
    pub alias_id: String,
    /// The version's logical id.
    pub version_id: String,
}

/// What was deployed, as kept in the environment's bucket.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deployment {
    /// The form of this record.
    pub format: u32,
    /// The digest of template and parameters.
    pub fingerprint: Digest,
    /// The stack's id and when it was last changed; another change voids the fingerprint.
    pub stack_id: String,
    /// Milliseconds since the epoch.
    pub stack_changed_at: i64,
    /// The commit, when it was known.
    pub commit: Option<Commit>,
    /// The digest of each function's package.
    pub artifacts: BTreeMap<String, Digest>,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}

/// The aliases of an expanded template whose version is a resource of the template too.
#[must_use]
pub fn aliases(template: &Value) -> Vec<AliasPlan> {
    let mut aliases = Vec::new();
    for (alias_id, resource) in template["Resources"].as_object().into_iter().flatten() {
        if resource["Type"] != "AWS::Lambda::Alias" {
            continue;
        }
        let version = version_of(&resource["Properties"]["FunctionVersion"]);
        let published = version.filter(|id| template["Resources"][id]["Type"] == "AWS::Lambda::Version");
        if let Some(version_id) = published {
            aliases.push(AliasPlan { alias_id: alias_id.clone(), version_id });
        }
    }
    aliases
}

/// The logical id in `{"Fn::GetAtt": [id, "Version"]}`, in either of its two forms.
fn version_of(value: &Value) -> Option<String> {
    match &value["Fn::GetAtt"] {
        Value::Array(parts) if parts.len() == 2 && parts[1] == "Version" => {
            parts[0].as_str().map(str::to_owned)
        }
        Value::String(text) => text.strip_suffix(".Version").map(str::to_owned),
        _ => None,
    }
}

/// Pins an alias to the version that serves now.
pub fn pin(template: &mut Value, alias_id: &str, live_version: &str) {
    let resource = &mut template["Resources"][alias_id];
    resource["Properties"]["FunctionVersion"] = json!(live_version);
    // CodeDeploy must not move the alias beside us; a pinned version gives it nothing to do anyway.
    if let Some(resource) = resource.as_object_mut() {
        resource.remove("UpdatePolicy");
    }
}

/// The digest of what a deployment submits, but for the pins: with another live version the same app
/// is still the same.
#[must_use]
pub fn fingerprint(template: &Value, parameters: &BTreeMap<String, String>) -> Digest {
    let template = template.to_string();
    let parts = parameters.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    Digest::of_parts(std::iter::once(template.as_bytes()).chain(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        json!({"Resources": {
            "Cart": {"Type": "AWS::Lambda::Function"},
            "CartVersion1a2b": {"Type": "AWS::Lambda::Version"},
            "CartAliaslive": {
                "Type": "AWS::Lambda::Alias",
                "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}},
                "Properties": {"Name": "live", "FunctionVersion": {"Fn::GetAtt": ["CartVersion1a2b", "Version"]}}
            },
            "Fixed": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionVersion": "3"}},
            "Foreign": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {"FunctionVersion": {"Fn::GetAtt": "Cart.Version"}}
            }
        }})
    }

    #[test]
    fn only_aliases_of_published_versions_are_moved() {
        let plan = AliasPlan { alias_id: "CartAliaslive".into(), version_id: "CartVersion1a2b".into() };
        assert_eq!(aliases(&template()), [plan]);
    }

    #[test]
    fn a_pin_holds_the_version_and_the_fingerprint_does_not_see_it() {
        let mut pinned = template();
        pin(&mut pinned, "CartAliaslive", "7");
        let alias = &pinned["Resources"]["CartAliaslive"];
        assert_eq!(alias["Properties"]["FunctionVersion"], "7");
        assert!(alias["UpdatePolicy"].is_null());
        assert!(pinned["Resources"]["CartVersion1a2b"].is_object(), "the version is still published");
        let with = |name: &str| BTreeMap::from([("Stage".to_owned(), name.to_owned())]);
        assert_eq!(fingerprint(&template(), &with("a")), fingerprint(&template(), &with("a")));
        assert_ne!(fingerprint(&template(), &with("a")), fingerprint(&template(), &with("b")));
    }
}
