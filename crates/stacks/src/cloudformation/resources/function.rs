//! `AWS::Lambda::Function`.

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::lambda::ops;
use updraft_api::lambda::{
    CreateFunctionRequest, DeleteFunctionConcurrencyRequest, DeleteFunctionRequest, FunctionCode,
    PutFunctionConcurrencyRequest, TagResourceRequest, UntagResourceRequest, UpdateFunctionCodeRequest,
};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, pick, tag_map, tags_gone, text};
use crate::cloudformation::{input, refusals};

pub(crate) struct Function;

/// What `UpdateFunctionConfiguration` changes.
const CONFIGURATION: [&str; 15] = [
    "Role",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "VpcConfig",
    "Environment",
    "Runtime",
    "DeadLetterConfig",
    "KMSKeyArn",
    "TracingConfig",
    "Layers",
    "EphemeralStorage",
    "SnapStart",
    "LoggingConfig",
];

impl Provider for Function {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "Architectures",
            "Code",
            "DeadLetterConfig",
            "Description",
            "Environment",
            "EphemeralStorage",
            "FunctionName",
            "Handler",
            "KmsKeyArn",
            "Layers",
            "LoggingConfig",
            "MemorySize",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Role",
            "Runtime",
            "SnapStart",
            "Tags",
            "Timeout",
            "TracingConfig",
            "VpcConfig",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Code", "Role"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["FunctionName", "PackageType"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("FunctionName"), length_max: 64, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut input: CreateFunctionRequest = input::read(&configuration(properties))?;
            input.function_name = name.to_owned();
            input.code = code(properties)?;
            input.tags = Some(tag_map(properties)).filter(|tags| !tags.is_empty());
            input.package_type = properties.get("PackageType").and_then(Value::as_str).map(Into::into);
            let architectures = properties.get("Architectures").and_then(Value::as_array);
            input.architectures =
                architectures.map(|all| all.iter().filter_map(Value::as_str).map(Into::into).collect());
            let made = or_there(calls.call::<ops::CreateFunction>(input).await, again)?;
            let arn = match made {
                Some(function) => function.function_arn,
                None => {
                    let input = updraft_api::lambda::GetFunctionConfigurationRequest {
                        function_name: name.to_owned(),
                        ..Default::default()
                    };
                    calls.call::<ops::GetFunctionConfiguration>(input).await?.function_arn
                }
            };
            reserve(calls, name, properties).await?;
            Ok(Made::named(name).with("Arn", arn.unwrap_or_default()))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let name = &resource.physical_id;
            let old = &resource.properties;
            if configuration(old) != configuration(properties) {
                let mut wanted = configuration(properties);
                // What is left out goes back to its default.
                for (name, default) in
                    [("Description", Value::from("")), ("Timeout", 3.into()), ("MemorySize", 128.into())]
                {
                    if old.contains_key(name) && !properties.contains_key(name) {
                        wanted.insert(name.to_owned(), default);
                    }
                }
                if old.contains_key("Environment") && !properties.contains_key("Environment") {
                    wanted.insert("Environment".to_owned(), serde_json::json!({"Variables": {}}));
                }
                wanted.insert("FunctionName".to_owned(), Value::from(name.as_str()));
                calls.with::<ops::UpdateFunctionConfiguration>(wanted).await?;
            }
            if old.get("Code") != properties.get("Code")
                || old.get("Architectures") != properties.get("Architectures")
            {
                let code = code(properties)?;
                let input = UpdateFunctionCodeRequest {
                    function_name: name.clone(),
                    zip_file: code.zip_file,
                    s3_bucket: code.s3_bucket,
                    s3_key: code.s3_key,
                    s3_object_version: code.s3_object_version,
                    ..Default::default()
                };
                calls.call::<ops::UpdateFunctionCode>(input).await?;
            }
            if old.get("ReservedConcurrentExecutions") != properties.get("ReservedConcurrentExecutions") {
                reserve(calls, name, properties).await?;
            }
            retag(calls, resource, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input =
                DeleteFunctionRequest { function_name: resource.physical_id.clone(), ..Default::default() };
            calls.call::<ops::DeleteFunction>(input).await?;
            Ok(())
        })
    }
}

/// The configuration under the API's names.
fn configuration(properties: &Map<String, Value>) -> Map<String, Value> {
    let mut picked = pick(properties, &CONFIGURATION);
    if let Some(key) = properties.get("KmsKeyArn") {
        picked.insert("KMSKeyArn".to_owned(), key.clone());
    }
    picked
}

async fn reserve(calls: &Calls, name: &str, properties: &Map<String, Value>) -> Result<()> {
    let function_name = name.to_owned();
    match properties.get("ReservedConcurrentExecutions") {
        Some(value) => {
            let mut wanted = Map::new();
            wanted.insert("FunctionName".to_owned(), Value::from(name));
            wanted.insert("ReservedConcurrentExecutions".to_owned(), value.clone());
            let input: PutFunctionConcurrencyRequest = input::read(&wanted)?;
            calls.call::<ops::PutFunctionConcurrency>(input).await?;
        }
        None => {
            let input = DeleteFunctionConcurrencyRequest { function_name };
            calls.call::<ops::DeleteFunctionConcurrency>(input).await?;
        }
    }
    Ok(())
}

async fn retag(calls: &Calls, resource: &Resource, properties: &Map<String, Value>) -> Result<()> {
    let arn = resource.attributes.get("Arn").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (old, new) = (tag_map(&resource.properties), tag_map(properties));
    if old == new {
        return Ok(());
    }
    let gone = tags_gone(&resource.properties, properties);
    if !gone.is_empty() {
        calls
            .call::<ops::UntagResource>(UntagResourceRequest { resource: arn.clone(), tag_keys: gone })
            .await?;
    }
    if !new.is_empty() {
        calls.call::<ops::TagResource>(TagResourceRequest { resource: arn, tags: new }).await?;
    }
    Ok(())
}

/// Where the code is: in a bucket, or written out in the template.
fn code(properties: &Map<String, Value>) -> Result<FunctionCode> {
    let code = properties.get("Code").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(unknown) =
        code.keys().find(|key| !["S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile"].contains(&key.as_str()))
    {
        return Err(refusals::not_supported(&format!("Code.{unknown} of AWS::Lambda::Function")).into());
    }
    if code.contains_key("ZipFile") {
        let file = inline_file(text(properties, "Runtime"), text(properties, "Handler"));
        let zip = stored_zip(&file, text(&code, "ZipFile").as_bytes());
        return Ok(FunctionCode { zip_file: Some(zip), ..Default::default() });
    }
    Ok(input::read(&code)?)
}

/// The file that inline code becomes: `index` with the runtime's ending ("AWS::Lambda::Function
/// Code", CloudFormation guide).
fn inline_file(runtime: &str, handler: &str) -> String {
    let module = handler.split('.').next().filter(|m| !m.is_empty()).unwrap_or("index");
    let ending = if runtime.starts_with("python") { "py" } else { "js" };
    format!("{module}.{ending}")
}

/// A zip archive of one file, not compressed (PKWARE APPNOTE 4.3).
fn stored_zip(name: &str, content: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(content.len() + 128);
    let crc = crc32(content);
    let (length, name_length) = (content.len() as u32, name.len() as u16);
    let common = |out: &mut Vec<u8>| {
        // Version 2.0, UTF-8 names, stored, 1980-01-01.
        out.extend_from_slice(&20_u16.to_le_bytes());
        out.extend_from_slice(&0x0800_u16.to_le_bytes());
        out.extend_from_slice(&[0, 0, 0, 0, 0x21, 0]);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&name_length.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
    };
    out.extend_from_slice(b"PK\x03\x04");
    common(&mut out);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(content);
    let directory = out.len() as u32;
    out.extend_from_slice(b"PK\x01\x02");
    // Made on Unix, so that the mode in the high half of the attributes counts.
    out.extend_from_slice(&0x0314_u16.to_le_bytes());
    common(&mut out);
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&(0o100_644_u32 << 16).to_le_bytes());
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend_from_slice(name.as_bytes());
    let size = out.len() as u32 - directory;
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&directory.to_le_bytes());
    out.extend_from_slice(&0_u16.to_le_bytes());
    out.into()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_code_becomes_a_file_of_its_runtime() {
        assert_eq!(inline_file("python3.11", "app.handler"), "app.py");
        assert_eq!(inline_file("nodejs20.x", "index.handler"), "index.js");
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let zip = stored_zip("index.js", b"x");
        assert_eq!(zip.len(), 30 + 8 + 1 + 46 + 8 + 22);
    }
}
