//! The items of a distributed Map that are somewhere else: objects in S3 and lists of them.
//!
//! Source: "ItemReader (Map)", developer guide (read 2026-11).

use serde_json::{Map, Value, json};
use updraft_api::s3::ops::{GetObject, ListObjectsV2};
use updraft_api::s3::{GetObjectRequest, ListObjectsV2Request};
use updraft_kernel::Error;
use updraft_lang::asl::{Failure, MapWork};

use super::Task;

/// The most items a reader takes ("MaxItems": up to 100,000,000).
const ITEMS_MAX: u64 = 100_000_000;

/// The largest object that is read.
const OBJECT_BYTES_MAX: u64 = 1 << 30;

fn failed(message: impl Into<String>) -> Failure {
    Failure::new("States.ItemReaderFailed", message)
}

/// Reads the items.
pub(super) async fn read(task: &Task, work: &MapWork) -> Result<Value, Failure> {
    let Some((resource, arguments, config, max_items)) = &work.reader else { return Ok(json!([])) };
    let most = max_items.filter(|most| *most > 0).unwrap_or(ITEMS_MAX).min(ITEMS_MAX);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let text = |name: &str| arguments[name].as_str().map(str::to_owned);
    let bucket = text("Bucket").ok_or_else(|| failed("The field 'Bucket' is required but was missing"))?;
    let mut items = if resource.ends_with("s3:listObjectsV2") {
        list(task, bucket, text("Prefix"), most).await?
    } else if resource.ends_with("s3:getObject") {
        let key = text("Key").ok_or_else(|| failed("The field 'Key' is required but was missing"))?;
        let body = object(task, bucket, key).await?;
        parse(&body, config)?
    } else {
        return Err(failed(format!("The resource '{resource}' cannot read items")));
    };
    items.truncate(most);
    Ok(Value::Array(items))
}

async fn object(task: &Task, bucket: String, key: String) -> Result<String, Failure> {
    let request = GetObjectRequest { bucket, key, ..GetObjectRequest::default() };
    let answer = task.cx.call::<GetObject>(task.who().await, request).await.map_err(told)?;
    let Some(body) = answer.body else { return Ok(String::new()) };
    let bytes = body.collect(OBJECT_BYTES_MAX).await.map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| failed("The object is not UTF-8 text"))
}

fn told(error: Error) -> Failure {
    match error {
        Error::Refused(refusal) => failed(format!("{}: {}", refusal.code, refusal.message)),
        Error::Fault(fault) => {
            tracing::error!(error = %fault, "items could not be read");
            failed("An internal error occurred; the engine's log tells of it.")
        }
    }
}

async fn list(
    task: &Task,
    bucket: String,
    prefix: Option<String>,
    most: usize,
) -> Result<Vec<Value>, Failure> {
    let mut items = Vec::new();
    let mut continuation_token = None;
    loop {
        let request = ListObjectsV2Request {
            bucket: bucket.clone(),
            prefix: prefix.clone(),
            continuation_token: continuation_token.take(),
            ..ListObjectsV2Request::default()
        };
        let page = task.cx.call::<ListObjectsV2>(task.who().await, request).await.map_err(told)?;
        for object in page.contents.unwrap_or_default() {
            items.push(json!({
                "Etag": object.e_tag,
                "Key": object.key,
                "LastModified": object.last_modified.map(|at| at.secs()),
                "Size": object.size,
                "StorageClass": object.storage_class.as_ref().map(|class| class.as_str()),
            }));
        }
        continuation_token = page.next_continuation_token;
        if continuation_token.is_none() || items.len() >= most {
            return Ok(items);
        }
    }
}

fn parse(body: &str, config: &Value) -> Result<Vec<Value>, Failure> {
    match config["InputType"].as_str().unwrap_or("JSON") {
        "JSON" => {
            let value: Value = serde_json::from_str(body)
                .map_err(|_| failed("Attempting to map over non-iterable node."))?;
            match pointed(value, config["ItemsPointer"].as_str())? {
                Value::Array(items) => Ok(items),
                Value::Object(members) => Ok(members
                    .into_iter()
                    .map(|(key, value)| json!({ "Key": key, "Value": value }))
                    .collect()),
                _ => Err(failed("Attempting to map over non-iterable node.")),
            }
        }
        "JSONL" => body
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).map_err(|error| failed(error.to_string())))
            .collect(),
        "CSV" => csv(body, config),
        other => Err(failed(format!("The input type '{other}' is not supported"))),
    }
}

fn pointed(value: Value, pointer: Option<&str>) -> Result<Value, Failure> {
    match pointer {
        None | Some("") => Ok(value),
        Some(pointer) => value
            .pointer(pointer)
            .cloned()
            .ok_or_else(|| failed(format!("ItemsPointer {pointer} leads nowhere"))),
    }
}

fn csv(body: &str, config: &Value) -> Result<Vec<Value>, Failure> {
    let delimiter = match config["CSVDelimiter"].as_str().unwrap_or("COMMA") {
        "COMMA" => ',',
        "PIPE" => '|',
        "SEMICOLON" => ';',
        "SPACE" => ' ',
        "TAB" => '\t',
        other => return Err(failed(format!("The delimiter '{other}' is not supported"))),
    };
    let mut rows = rows(body, delimiter).into_iter();
    let headers: Vec<String> = match config["CSVHeaderLocation"].as_str() {
        Some("GIVEN") => {
            let given = config["CSVHeaders"].as_array().cloned().unwrap_or_default();
            given.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => rows.next().unwrap_or_default(),
    };
    let item = |row: Vec<String>| {
        let mut cells = row.into_iter();
        let members = headers.iter().map(|header| {
            let cell = cells.next().unwrap_or_default();
            (header.clone(), Value::String(cell))
        });
        Value::Object(members.collect::<Map<_, _>>())
    };
    Ok(rows.map(item).collect())
}

/// Rows of cells; a cell in quotes may hold delimiters, line breaks and doubled quotes (RFC 4180).
fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut begun = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        begun = true;
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                begun = false;
            }
            letter if letter == delimiter && !quoted => row.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    if begun {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_rows_become_items() {
        let given = json!({ "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["H1", "H2"] });
        let items = csv("a,b,c\n,\n\"x, \"\"y\"\"\"\n", &given).unwrap();
        assert_eq!(
            items,
            [json!({"H1": "a", "H2": "b"}), json!({"H1": "", "H2": ""}), json!({"H1": "x, \"y\"", "H2": ""})]
        );
        let first = json!({ "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "PIPE" });
        assert_eq!(csv("k|v\n1|2", &first).unwrap(), [json!({"k": "1", "v": "2"})]);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert!(parse("1", &json!({ "InputType": "JSON" })).is_err());
        assert!(parse("{", &json!({ "InputType": "JSONL" })).is_err());
        assert!(parse("", &json!({ "InputType": "XML" })).is_err());
        assert_eq!(parse("[1]\n", &json!(null)).unwrap(), [json!(1)]);
    }
}
