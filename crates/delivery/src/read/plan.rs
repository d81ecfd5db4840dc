//! Finding in a template the functions with code in this repository, and putting a package's place in
//! the code's stead.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A function whose code is a folder of the app's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSource {
    /// Its logical id in the template.
    pub logical_id: String,
    /// The folder, as the template has it, relative to the template.
    pub code: String,
    /// The runtime, such as `nodejs22.x`.
    pub runtime: String,
    /// The handler.
    pub handler: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `Metadata.BuildMethod`, lowercase.
    pub build_method: Option<String>,
    /// `Metadata.BuildProperties`.
    pub build_properties: Map<String, Value>,
    /// Which kind of resource it is.
    pub holder: CodeHolder,
}

/// How a resource type names its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeHolder {
    /// `AWS::Serverless::Function`: `CodeUri`, `{Bucket, Key}`.
    Sam,
    /// `AWS::Lambda::Function`: `Code`, `{S3Bucket, S3Key}`.
    Lambda,
}

/// What in a template cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not a template.
    #[error("the template has no `Resources`")]
    NoResources,
    /// An image, not a zip.
    #[error("{logical_id} is a container image; updraft delivers zip packages")]
    Image {
        /// The function.
        logical_id: String,
    },
    /// Something a function cannot be without.
    #[error("{logical_id} has no `{property}`")]
    Missing {
        /// The function.
        logical_id: String,
        /// The property.
        property: &'static str,
    },
}

impl ReadError {
    /// The resource it is about.
    #[must_use]
    pub fn logical_id(&self) -> Option<&str> {
        match self {
            Self::NoResources => None,
            Self::Image { logical_id } | Self::Missing { logical_id, .. } => Some(logical_id),
        }
    }
}

/// The functions of a template with code in the repository, by logical id.
pub fn functions(template: &Value) -> Result<Vec<FunctionSource>, ReadError> {
    let resources = template["Resources"].as_object().ok_or(ReadError::NoResources)?;
    let globals = &template["Globals"]["Function"];
    let mut functions = BTreeMap::new();
    for (logical_id, resource) in resources {
        let (holder, globals) = match resource["Type"].as_str() {
            Some("AWS::Serverless::Function") => (CodeHolder::Sam, globals),
            Some("AWS::Lambda::Function") => (CodeHolder::Lambda, &Value::Null),
            _ => continue,
        };
        if let Some(function) = function(logical_id, resource, globals, holder)? {
            functions.insert(logical_id.clone(), function);
        }
    }
    Ok(functions.into_values().collect())
}

fn function(
    logical_id: &str,
    resource: &Value,
    globals: &Value,
    holder: CodeHolder,
) -> Result<Option<FunctionSource>, ReadError> {
    let property = |name: &str| {
        let own = &resource["Properties"][name];
        if own.is_null() { &globals[name] } else { own }
    };
    if property("PackageType").as_str() == Some("Image") {
        return Err(ReadError::Image { logical_id: logical_id.to_owned() });
    }
    let code = match holder {
        CodeHolder::Sam => property("CodeUri"),
        CodeHolder::Lambda => property("Code"),
    };
    // Code that is elsewhere already (inline, or an object in a bucket) is not ours to build.
    let Some(code) = code.as_str().filter(|code| !code.starts_with("s3://")) else {
        let inline = !property("InlineCode").is_null() || !code.is_null();
        let missing = ReadError::Missing { logical_id: logical_id.to_owned(), property: "CodeUri" };
        return if inline { Ok(None) } else { Err(missing) };
    };
    let text = |name: &'static str| {
        let missing = || ReadError::Missing { logical_id: logical_id.to_owned(), property: name };
        property(name).as_str().map(str::to_owned).ok_or_else(missing)
    };
    let metadata = &resource["Metadata"];
    Ok(Some(FunctionSource {
        logical_id: logical_id.to_owned(),
        code: code.to_owned(),
        runtime: text("Runtime")?,
        handler: text("Handler")?,
        architecture: property("Architectures")[0].as_str().unwrap_or("x86_64").to_owned(),
        build_method: metadata["BuildMethod"].as_str().map(str::to_lowercase),
        build_properties: metadata["BuildProperties"].as_object().cloned().unwrap_or_default(),
        holder,
    }))
}

/// Puts the place of a function's package where its folder stood.
pub fn place_code(template: &mut Value, function: &FunctionSource, bucket: &str, key: &str) {
    let properties = &mut template["Resources"][&function.logical_id]["Properties"];
    match function.holder {
        CodeHolder::Sam => properties["CodeUri"] = json!({"Bucket": bucket, "Key": key}),
        CodeHolder::Lambda => properties["Code"] = json!({"S3Bucket": bucket, "S3Key": key}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        json!({
            "Globals": {"Function": {"Runtime": "nodejs22.x", "Handler": "index.handler"}},
            "Resources": {
                "Orders": {
                    "Type": "AWS::Serverless::Function",
                    "Properties": {"CodeUri": "orders/"},
                    "Metadata": {"BuildMethod": "ESBuild", "BuildProperties": {"Minify": true}}
                },
                "Cart": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {"Code": "cart", "Runtime": "python3.11", "Handler": "app.handler"}
                },
                "Elsewhere": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "s3://b/k"}},
                "Inline": {"Type": "AWS::Serverless::Function", "Properties": {"InlineCode": "x"}},
                "Table": {"Type": "AWS::DynamoDB::Table"}
            }
        })
    }

    #[test]
    fn functions_with_folders_are_found_with_their_globals() {
        let found = functions(&template()).unwrap();
        let ids: Vec<_> = found.iter().map(|function| function.logical_id.as_str()).collect();
        assert_eq!(ids, ["Cart", "Orders"]);
        assert_eq!(found[1].runtime, "nodejs22.x");
        assert_eq!(found[1].build_method.as_deref(), Some("esbuild"));
        assert_eq!(found[0].architecture, "x86_64");
    }

    #[test]
    fn what_cannot_be_built_is_named() {
        let mut image = template();
        image["Resources"]["Cart"]["Properties"]["PackageType"] = json!("Image");
        assert_eq!(functions(&image), Err(ReadError::Image { logical_id: "Cart".into() }));
        let mut bare = template();
        bare["Resources"]["Orders"]["Properties"] = json!({});
        let missing = ReadError::Missing { logical_id: "Orders".into(), property: "CodeUri" };
        assert_eq!(functions(&bare), Err(missing));
        assert_eq!(functions(&json!({})), Err(ReadError::NoResources));
    }

    #[test]
    fn a_package_takes_its_folders_place() {
        let mut template = template();
        for function in functions(&template.clone()).unwrap() {
            place_code(&mut template, &function, "bucket", "artifacts/1.zip");
        }
        let properties = |id: &str| template["Resources"][id]["Properties"].clone();
        assert_eq!(properties("Orders")["CodeUri"], json!({"Bucket": "bucket", "Key": "artifacts/1.zip"}));
        assert_eq!(properties("Cart")["Code"], json!({"S3Bucket": "bucket", "S3Key": "artifacts/1.zip"}));
    }
}
