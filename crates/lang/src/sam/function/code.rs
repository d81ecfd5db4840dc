//! Where a function's code is: an object in a bucket, an image, or the template itself.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::super::intrinsics::{given, truthy};
use super::super::made::Made;
use super::super::problem::Fail;
use super::Function;

pub(super) fn construct(function: &Function<'_>) -> Result<Map<String, Value>, Fail> {
    let package = function.given("PackageType");
    let mut code = match package.and_then(Value::as_str).unwrap_or("Zip") {
        "Zip" => match (function.given.get("InlineCode"), function.given.get("CodeUri")) {
            (Some(inline), _) => Map::from_iter([("ZipFile".to_owned(), inline.clone())]),
            (None, Some(uri)) => location(uri)?,
            (None, None) => return Err("Only one of 'InlineCode' or 'CodeUri' can be set.".into()),
        },
        "Image" => match function.given.get("ImageUri") {
            Some(uri) if truthy(uri) => Map::from_iter([("ImageUri".to_owned(), uri.clone())]),
            Some(_) => {
                return Err("'ImageUri' requires that a image hosted at a registry be specified.".into());
            }
            None => return Err("'ImageUri' must be set.".into()),
        },
        other => return Err(format!("invalid 'PackageType' : {other}").into()),
    };
    if let Some(key) = function.given("SourceKMSKeyArn").filter(|_| !code.contains_key("ImageUri")) {
        code.insert("SourceKMSKeyArn".into(), key.clone());
    }
    Ok(code)
}

fn location(uri: &Value) -> Result<Map<String, Value>, Fail> {
    let (bucket, key, version) = match uri {
        Value::Object(parts) => {
            let (Some(bucket), Some(key)) = (given(parts, "Bucket"), given(parts, "Key")) else {
                return Err("'CodeUri' requires Bucket and Key properties to be specified.".into());
            };
            (bucket.clone(), key.clone(), parts.get("Version").cloned())
        }
        Value::String(uri) => parse(uri)?,
        _ => return Err("'CodeUri' must be of type dict or string.".into()),
    };
    let mut code = Map::from_iter([("S3Bucket".to_owned(), bucket), ("S3Key".to_owned(), key)]);
    if let Some(version) = version {
        code.insert("S3ObjectVersion".into(), version);
    }
    Ok(code)
}

/// Reads the URI of the code.
fn parse(uri: &str) -> Result<(Value, Value, Option<Value>), Fail> {
    static DYNAMIC: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):[a-zA-Z0-9_.\-/]+(:\d+)?\}\}")
            .expect("the pattern is well-formed")
    });
    if DYNAMIC.find(uri).is_some_and(|found| found.as_str().contains('/')) {
        let hint = "Please consider using alternative 'FunctionCode' object format.";
        return Err(format!("Unsupported dynamic reference detected in 'CodeUri'. {hint}").into());
    }
    let form = "'s3://bucket/key' with optional versionId query parameter.";
    object_uri(uri).ok_or_else(|| format!("'CodeUri' is not a valid S3 Uri of the form {form}").into())
}

/// Bucket, key and version of `s3://bucket/key?versionId=…`.
pub(crate) fn object_uri(uri: &str) -> Option<(Value, Value, Option<Value>)> {
    let rest = uri.strip_prefix("s3://")?.split('#').next()?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let sound = |bucket: &str| !bucket.is_empty() && !bucket.contains(['[', ']']);
    let (bucket, key) = path.split_once('/').filter(|(bucket, _)| sound(bucket))?;
    let mut versions =
        query.split('&').filter_map(|pair| pair.strip_prefix("versionId=")).filter(|v| !v.is_empty());
    let version = versions.next().filter(|_| versions.next().is_none());
    Some((json!(bucket), json!(key.trim_start_matches('/')), version.map(Value::from)))
}

/// What must be said, and must not, of each kind of package.
pub(super) fn check_package(made: &Made, code: &Map<String, Value>) -> Result<(), Fail> {
    let has = |name: &str| given(&made.properties, name).is_some();
    let image = made.properties.get("PackageType").is_some_and(|package| package == "Image");
    if image {
        if has("Handler") || has("Runtime") || has("Layers") {
            return Err(
                "Runtime, Handler, Layers cannot be present when PackageType is of type `Image`".into()
            );
        }
        return Ok(());
    }
    if !has("Runtime") || !has("Handler") {
        return Err("Runtime and Handler needs to be present when PackageType is of type `Zip`".into());
    }
    if code.contains_key("ImageUri") || has("ImageConfig") {
        return Err("ImageUri or ImageConfig cannot be present when PackageType is of type `Zip`".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_into_their_parts() {
        let read = |uri: &str| location(&json!(uri)).map(Value::Object).map_err(|_| ());
        assert_eq!(read("s3://b/k/l.zip"), Ok(json!({"S3Bucket": "b", "S3Key": "k/l.zip"})));
        let versioned = json!({"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"});
        assert_eq!(read("s3://b/k?versionId=v"), Ok(versioned.clone()));
        assert_eq!(
            location(&json!({"Bucket": "b", "Key": "k", "Version": "v"})).map(Value::Object).ok(),
            Some(versioned)
        );
        for wrong in
            ["src/", "https://b/k", "s3://b", "s3:///k", "s3://[TOKEN.25]/k", "s3://b/{{resolve:ssm:/a/b:1}}"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
