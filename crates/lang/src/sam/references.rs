//! References to what a serverless resource generates: `!Ref Function.Alias`, `!GetAtt
//! Function.Version.Version`, `${Api.Stage}`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::intrinsics::{replace_placeholders, sub_text};
use super::made::Made;

/// The names that may stand behind a resource's id, and the type each one finds.
const REFERABLE: [(&str, &str, &str); 6] = [
    ("AWS::Serverless::Function", "Alias", "AWS::Lambda::Alias"),
    ("AWS::Serverless::Function", "Version", "AWS::Lambda::Version"),
    ("AWS::Serverless::Function", "DestinationTopic", "AWS::SNS::Topic"),
    ("AWS::Serverless::Function", "DestinationQueue", "AWS::SQS::Queue"),
    ("AWS::Serverless::HttpApi", "Stage", "AWS::ApiGatewayV2::Stage"),
    ("AWS::Serverless::HttpApi", "DomainName", "AWS::ApiGatewayV2::DomainName"),
];

/// What the references come to, by resource and name.
#[derive(Debug, Default)]
pub(crate) struct References(BTreeMap<(String, &'static str), String>);

impl References {
    /// Notes what a serverless resource has become.
    pub(crate) fn note(&mut self, id: &str, serverless: &str, made: &[Made]) {
        for (_, name, kind) in REFERABLE.iter().filter(|(of, _, _)| *of == serverless) {
            if let Some(found) = made.iter().rfind(|made| made.kind == *kind) {
                self.0.insert((id.to_owned(), name), found.id.clone());
            }
        }
    }

    fn find(&self, id: &str, name: &str) -> Option<&String> {
        self.0.iter().find(|((of, named), _)| of == id && *named == name).map(|(_, made)| made)
    }

    /// Rewrites every reference in a value.
    pub(crate) fn rewrite(&self, value: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        if let Value::Object(map) = value
            && map.len() == 1
            && let Some((function, argument)) = map.iter_mut().next()
        {
            match function.as_str() {
                "Ref" => self.rewrite_ref(argument),
                "Fn::GetAtt" => self.rewrite_attribute(argument),
                "Fn::Sub" => self.rewrite_sub(argument),
                _ => {}
            }
        }
        match value {
            Value::Object(map) => map.values_mut().for_each(|value| self.rewrite(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item)),
            _ => {}
        }
    }

    fn rewrite_ref(&self, argument: &mut Value) {
        let made = argument
            .as_str()
            .and_then(|target| target.split_once('.'))
            .and_then(|(id, name)| self.find(id, name));
        if let Some(made) = made {
            *argument = Value::from(made.as_str());
        }
    }

    fn rewrite_attribute(&self, argument: &mut Value) {
        let dotted = match argument {
            Value::Array(parts) if parts.len() >= 2 && parts.iter().all(Value::is_string) => {
                parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
            }
            _ => return,
        };
        let mut parts = dotted.split('.');
        let (Some(id), Some(name)) = (parts.next(), parts.next()) else { return };
        if let Some(made) = self.find(id, name) {
            *argument = std::iter::once(made.as_str()).chain(parts).collect();
        }
    }

    fn rewrite_sub(&self, argument: &mut Value) {
        let Some(text) = sub_text(argument) else { return };
        *text = replace_placeholders(text, |target| {
            let (id, rest) = target.split_once('.')?;
            let (name, rest) = rest.split_once('.').map_or((rest, None), |(name, rest)| (name, Some(rest)));
            let made = self.find(id, name)?;
            Some(rest.map_or_else(|| format!("${{{made}}}"), |rest| format!("${{{made}.{rest}}}")))
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_to_what_is_generated_find_it() {
        let alias = Made::beside("FAliaslive", "AWS::Lambda::Alias", &Default::default());
        let version = Made::beside("FVersion1", "AWS::Lambda::Version", &Default::default());
        let mut references = References::default();
        references.note("F", "AWS::Serverless::Function", &[version, alias]);
        let mut value = json!([
            {"Ref": "F.Alias"}, {"Fn::GetAtt": ["F.Version", "Version"]}, {"Fn::GetAtt": ["F", "Version.Version"]},
            {"Fn::Sub": "${F.Alias}-${F.Version.Version}-${F.Arn}"}, {"Fn::Sub": ["${F.Alias}", {"x": {"Ref": "F.Alias"}}]},
            {"Ref": "G.Alias"}, {"Fn::GetAtt": ["F", "Arn"]},
        ]);
        references.rewrite(&mut value);
        let expected = json!([
            {"Ref": "FAliaslive"}, {"Fn::GetAtt": ["FVersion1", "Version"]}, {"Fn::GetAtt": ["FVersion1", "Version"]},
            {"Fn::Sub": "${FAliaslive}-${FVersion1.Version}-${F.Arn}"},
            {"Fn::Sub": ["${FAliaslive}", {"x": {"Ref": "FAliaslive"}}]},
            {"Ref": "G.Alias"}, {"Fn::GetAtt": ["F", "Arn"]},
        ]);
        assert_eq!(value, expected);
    }
}
