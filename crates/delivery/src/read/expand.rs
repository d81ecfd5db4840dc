//! The SAM transform, done here: the aliases that SAM makes must be seen, and pinned, before the stack
//! sees them.

use std::collections::BTreeMap;

use serde_json::Value;
use updraft_lang::sam;
use updraft_types::Region;

use super::template::TemplateSource;
use crate::{ExitCode, Outcome, Problem};

/// Expands a template that asks for the SAM transform; any other is taken as it is. `source` is where
/// the template's parts stand, for telling what is wrong with them.
pub fn expand(
    source: &TemplateSource,
    template: &Value,
    parameters: &BTreeMap<String, String>,
    region: &Region,
) -> Outcome<Value> {
    if !sam::is_sam(template) {
        return Ok(template.clone());
    }
    sam::transform(template, parameters, region).map_err(|error| {
        let Some((first, others)) = error.0.split_first() else {
            return Problem::new(ExitCode::Config, error.to_string());
        };
        let path: Vec<&str> = first.resource.iter().flat_map(|id| ["Resources", id.as_str()]).collect();
        let problem = Problem::new(ExitCode::Config, first.message.clone()).at(source.place(&path));
        others.iter().fold(problem, |problem, other| match &other.resource {
            Some(id) => problem.hint(format!("also wrong: {id}: {}", other.message)),
            None => problem.hint(format!("also wrong: {}", other.message)),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::deploy::aliases;

    const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Cart:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {Bucket: b, Key: k.zip}
      Handler: app.handler
      Runtime: python3.11
      AutoPublishAlias: live
";

    fn expanded(text: &str) -> Outcome<Value> {
        let source = TemplateSource::parse(Path::new("t.yaml"), text.to_owned())?;
        expand(&source, &source.value, &BTreeMap::new(), &"us-east-1".parse().unwrap())
    }

    #[test]
    fn a_functions_alias_and_version_are_seen() {
        let template = expanded(TEMPLATE).unwrap();
        let aliases = aliases(&template);
        assert_eq!(aliases.len(), 1, "{template:#}");
        assert_eq!(aliases[0].alias_id, "CartAliaslive");
        assert!(aliases[0].version_id.starts_with("CartVersion"));
    }

    #[test]
    fn only_new_code_makes_a_new_version() {
        let version = |text: &str| aliases(&expanded(text).unwrap())[0].version_id.clone();
        assert_eq!(version(TEMPLATE), version(&format!("{TEMPLATE}      Timeout: 9\n")));
        assert_ne!(version(TEMPLATE), version(&TEMPLATE.replace("k.zip", "l.zip")));
    }

    #[test]
    fn what_is_wrong_is_said_at_its_resource() {
        let problem = expanded(&TEMPLATE.replace("live", "[1]")).unwrap_err();
        assert_eq!(problem.exit, ExitCode::Config);
        assert_eq!(problem.place.map(|place| place.line), Some(3));
    }

    #[test]
    fn a_template_without_the_transform_stays_as_it_is() {
        let plain = "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n";
        assert_eq!(expanded(plain).unwrap()["Resources"]["T"]["Type"], "AWS::DynamoDB::Table");
    }
}
