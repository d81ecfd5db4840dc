//! `AWS::Serverless::HttpApi`: the API with its document, its stage, domain and authorizers.

mod auth;
mod domain;

use serde_json::{Map, Value, json};

use super::intrinsics::{given, is_intrinsic, truthy};
use super::made::{Attributes, Made};
use super::problem::Fail;
use super::properties::{self, Property, any, checked, is_text_or_map, map, text, truth};
use super::{Context, ids, openapi, python};

const PROPERTIES: [Property; 17] = [
    any("Name"),
    checked("StageName", is_text_or_map),
    map("Tags"),
    truth("PropagateTags"),
    map("DefinitionBody"),
    checked("DefinitionUri", is_text_or_map),
    map("StageVariables"),
    checked("CorsConfiguration", |value| value.is_boolean() || value.is_object()),
    map("AccessLogSettings"),
    map("DefaultRouteSettings"),
    map("Auth"),
    map("RouteSettings"),
    map("Domain"),
    truth("FailOnWarnings"),
    text("Description"),
    truth("DisableExecuteApiEndpoint"),
    any("__MANAGE_SWAGGER"),
];

/// SAM's mark on what it makes for an API.
const CREATED_BY: &str = "httpapi:createdBy";

/// The members of `CorsConfiguration`, and their names in the document.
const CORS: [(&str, &str); 6] = [
    ("AllowMethods", "allowMethods"),
    ("AllowHeaders", "allowHeaders"),
    ("AllowOrigins", "allowOrigins"),
    ("MaxAge", "maxAge"),
    ("ExposeHeaders", "exposeHeaders"),
    ("AllowCredentials", "allowCredentials"),
];

/// An API in the making.
struct HttpApi<'a> {
    id: &'a str,
    given: Map<String, Value>,
    attributes: Attributes,
    document: Option<Value>,
    tags: Option<Map<String, Value>>,
}

pub(crate) fn transform(cx: &mut Context, id: &str, resource: &Value) -> Result<Vec<Made>, Fail> {
    let mut given = properties::check(&properties::of(resource), &PROPERTIES, super::HTTP_API)?;
    for property in ["CorsConfiguration", "Domain"] {
        if let Some(value) = given.get_mut(property) {
            *value = cx.parameters.resolve(value);
        }
    }
    let mut api = HttpApi {
        id,
        attributes: Attributes::of(resource),
        document: given.shift_remove("DefinitionBody").filter(truthy),
        tags: given.get("Tags").and_then(Value::as_object).filter(|tags| !tags.is_empty()).cloned(),
        given,
    };
    let mut made = vec![api.construct(&cx.partition)?];
    let domain = domain::construct(cx, &api)?;
    made.extend(auth::permissions(&api, &cx.partition)?);
    made.extend(domain);
    made.push(api.stage());
    Ok(made)
}

impl HttpApi<'_> {
    /// A property that is there and not empty.
    fn given(&self, name: &str) -> Option<&Value> {
        given(&self.given, name)
    }

    /// The document, for a property that needs one.
    fn document_for(&mut self, property: &str) -> Result<&mut Value, Fail> {
        let needs =
            format!("{property} works only with inline OpenApi specified in the 'DefinitionBody' property.");
        self.document.as_mut().ok_or_else(|| needs.into())
    }

    fn construct(&mut self, partition: &str) -> Result<Made, Fail> {
        let uri = self.given("DefinitionUri").cloned();
        if uri.is_some() && self.document.is_some() {
            return Err("Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.".into());
        }
        self.add_cors()?;
        auth::add(self, partition)?;
        self.add_tags()?;
        self.disable_endpoint()?;
        self.add_title()?;
        self.add_description()?;
        let mut made = Made::main(self.id, "AWS::ApiGatewayV2::Api", &self.attributes);
        made.set_given("FailOnWarnings", self.given("FailOnWarnings"));
        self.rename_default_path();
        match (uri, &self.document) {
            (Some(uri), _) => made.set("BodyS3Location", location(&uri)?),
            (None, Some(document)) => made.set("Body", document.clone()),
            (None, None) => {
                return Err("'DefinitionUri' or 'DefinitionBody' are required properties of an \
                            'AWS::Serverless::HttpApi'. Add a value for one of these properties or add a 'HttpApi' \
                            event to an 'AWS::Serverless::Function'."
                    .into());
            }
        }
        Ok(made)
    }

    fn add_cors(&mut self) -> Result<(), Fail> {
        let Some(given) = self.given("CorsConfiguration").cloned() else { return Ok(()) };
        let Some(document) = &mut self.document else {
            return Err("Cors works only with inline OpenApi specified in 'DefinitionBody' property.".into());
        };
        let cors = cors(&given)?;
        if !openapi::is_valid(Some(document)) {
            return Err(
                "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid OpenApi definition."
                    .into(),
            );
        }
        if cors.get("allowCredentials") == Some(&json!(true))
            && cors.get("allowOrigins") == Some(&json!(["*"]))
        {
            return Err("Unable to add Cors configuration because 'AllowCredentials' can not be true when \
                        'AllowOrigin' is \"'*'\" or not set."
                .into());
        }
        let own = &mut document["x-amazon-apigateway-cors"];
        if own.is_null() {
            *own = json!({});
        }
        let Some(own) = own.as_object_mut() else {
            let message =
                "Value of 'x-amazon-apigateway-cors' must be a dictionary according to Swagger spec.";
            return Err(Fail::document(message));
        };
        own.extend(cors);
        Ok(())
    }

    fn add_tags(&mut self) -> Result<(), Fail> {
        if self.tags.is_some() {
            let document = self.document_for("Tags")?;
            if !openapi::is_valid(Some(document)) {
                return Err(
                    "Unable to add `Tags` because 'DefinitionBody' does not contain a valid OpenApi definition.".into()
                );
            }
        }
        let Some(document) = self.document.as_mut().filter(|document| openapi::is_valid(Some(document)))
        else {
            return Ok(());
        };
        let tags = self.tags.get_or_insert_default();
        tags.insert(CREATED_BY.to_owned(), json!("SAM"));
        let list = &mut document["tags"];
        if !truthy(list) {
            *list = json!([]);
        }
        if !list.is_array() {
            let (told, kind) = (python::repr(list), python::type_name(list));
            return Err(Fail::document(&format!(
                "Tags in OpenApi DefinitionBody needs to be a list. {told} is a {kind} not a list."
            )));
        }
        for (name, value) in tags {
            let Some(list) = list.as_array_mut() else { continue };
            match list.iter_mut().find(|tag| tag["name"] == **name) {
                Some(own) => own["x-amazon-apigateway-tag-value"] = value.clone(),
                None => list.push(json!({"name": name, "x-amazon-apigateway-tag-value": value})),
            }
        }
        Ok(())
    }

    /// The document says that the API has no address of API Gateway's own.
    fn disable_endpoint(&mut self) -> Result<(), Fail> {
        let Some(disabled) = self.given.get("DisableExecuteApiEndpoint").cloned() else { return Ok(()) };
        let Some(document) = &mut self.document else {
            return Err("DisableExecuteApiEndpoint works only within 'DefinitionBody' property.".into());
        };
        openapi::expect_valid(Some(document)).map_err(Fail::document)?;
        if document["servers"].is_null() {
            document["servers"] = json!([{}]);
        }
        for server in document["servers"].as_array_mut().into_iter().flatten() {
            if !server.is_object() {
                return Err(Fail::document(
                    "Value of 'servers' item must be a dictionary according to Swagger spec.",
                ));
            }
            server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"] =
                disabled.clone();
        }
        Ok(())
    }

    fn add_title(&mut self) -> Result<(), Fail> {
        let Some(name) = self.given("Name").cloned() else { return Ok(()) };
        let document = self.document_for("Name")?;
        if document["info"]["title"] != openapi::default_title() {
            return Err(
                "Unable to set Name because it is already defined within inline OpenAPI specified in the \
                        'DefinitionBody' property."
                    .into(),
            );
        }
        document["info"]["title"] = name;
        Ok(())
    }

    fn add_description(&mut self) -> Result<(), Fail> {
        let Some(description) = self.given("Description").cloned() else { return Ok(()) };
        let document = self.document_for("Description")?;
        if document["info"].get("description").is_some_and(truthy) {
            return Err(
                "Unable to set Description because it is already defined within inline OpenAPI specified in \
                        the 'DefinitionBody' property."
                    .into(),
            );
        }
        openapi::expect_valid(Some(document)).map_err(Fail::document)?;
        document["info"]["description"] = description;
        Ok(())
    }

    /// API Gateway warns of a path that does not begin with a slash.
    fn rename_default_path(&mut self) {
        let fails = self.given("FailOnWarnings").is_some();
        let paths =
            self.document.as_mut().filter(|_| fails).and_then(|document| document["paths"].as_object_mut());
        if let Some(paths) = paths
            && let Some(item) = paths.shift_remove(openapi::DEFAULT_PATH)
        {
            paths.insert(format!("/{}", openapi::DEFAULT_PATH), item);
        }
    }

    fn stage(&self) -> Made {
        let name = self.given("StageName").cloned().unwrap_or_else(|| json!("$default"));
        // A name that is not known yet is left out of the id: an API has one stage here.
        let text = name.as_str().unwrap_or_default();
        let id = if !text.is_empty() && text.chars().all(char::is_alphanumeric) {
            format!("{}{text}Stage", self.id)
        } else if text == "$default" {
            format!("{}ApiGatewayDefaultStage", self.id)
        } else {
            ids::hashed(&format!("{}Stage", self.id), &json!(text))
        };
        let mut stage = Made::beside(id, "AWS::ApiGatewayV2::Stage", &self.attributes);
        stage.set("ApiId", json!({"Ref": self.id}));
        stage.set("StageName", name);
        for property in ["StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"] {
            stage.set_given(property, self.given.get(property));
        }
        if let Some(tags) = &self.tags {
            stage.set("Tags", tags.clone());
        }
        stage.set("AutoDeploy", true);
        stage
    }
}

/// The document's form of `CorsConfiguration`.
fn cors(given: &Value) -> Result<Map<String, Value>, Fail> {
    let rename =
        |name: &str| CORS.iter().find(|(given, _)| *given == name).map(|(_, name)| (*name).to_owned());
    match given {
        Value::Bool(_) => Ok(Map::from_iter([("allowOrigins".to_owned(), json!(["*"]))])),
        function if is_intrinsic(function) => Ok(renamed_throughout(function, &rename)),
        Value::Object(map) => {
            let mut cors = Map::new();
            for (key, value) in map {
                let Some(name) = rename(key) else {
                    return Err(format!("Invalid key '{key}' for 'Cors' property.").into());
                };
                let kept = match name.as_str() {
                    "maxAge" => !value.is_null(),
                    "allowCredentials" => *value == json!(true),
                    _ => truthy(value),
                };
                if kept {
                    cors.insert(name, value.clone());
                }
            }
            Ok(cors)
        }
        _ => Err("Invalid value for 'Cors' property.".into()),
    }
}

/// The members under an intrinsic function renamed, since which of them hold is not known yet.
fn renamed_throughout(value: &Value, rename: &dyn Fn(&str) -> Option<String>) -> Map<String, Value> {
    fn walk(value: &Value, rename: &dyn Fn(&str) -> Option<String>) -> Value {
        match value {
            Value::Object(map) => {
                let members = map
                    .iter()
                    .map(|(key, value)| (rename(key).unwrap_or_else(|| key.clone()), walk(value, rename)));
                Value::Object(members.collect())
            }
            Value::Array(items) => items.iter().map(|item| walk(item, rename)).collect(),
            scalar => scalar.clone(),
        }
    }
    walk(value, rename).as_object().cloned().unwrap_or_default()
}

/// Where a document that is not in the template is.
fn location(uri: &Value) -> Result<Value, Fail> {
    let (bucket, key, version) = match uri {
        Value::Object(parts) => {
            let (Some(bucket), Some(key)) = (given(parts, "Bucket"), given(parts, "Key")) else {
                return Err("'DefinitionUri' requires Bucket and Key properties to be specified.".into());
            };
            (bucket.clone(), key.clone(), parts.get("Version").cloned())
        }
        other => super::function::object_uri(other.as_str().unwrap_or_default()).ok_or(
            "'DefinitionUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.",
        )?,
    };
    let mut place = json!({"Bucket": bucket, "Key": key});
    if let Some(version) = version {
        place["Version"] = version;
    }
    Ok(place)
}
