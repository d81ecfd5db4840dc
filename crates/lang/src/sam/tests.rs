//! The transform as a whole: the cases that the shop and `sam deploy` live on.

use serde_json::json;

use super::*;

fn transformed(template: Value) -> Result<Value, String> {
    transform(&template, &BTreeMap::new(), &"us-east-1".parse().unwrap()).map_err(|error| error.to_string())
}

#[test]
fn a_function_with_an_alias_and_an_event_becomes_what_the_official_transform_makes() {
    let made = transformed(json!({
        "Transform": TRANSFORM,
        "Resources": {"F": {"Type": FUNCTION, "Properties": {
            "CodeUri": {"Bucket": "b", "Key": "k"}, "Handler": "h", "Runtime": "nodejs22.x", "AutoPublishAlias": "live",
            "Events": {"Get": {"Type": "HttpApi", "Properties": {"Path": "/things/{id}", "Method": "GET"}}},
        }}},
        "Outputs": {"Alias": {"Value": {"Ref": "F.Alias"}}},
    }))
    .unwrap();
    let ids: Vec<&String> = made["Resources"].as_object().unwrap().keys().collect();
    let expected = [
        "F",
        "ServerlessHttpApi",
        "FVersion03ba323aca",
        "FRole",
        "FGetPermission",
        "FAliaslive",
        "ServerlessHttpApiApiGatewayDefaultStage",
    ];
    assert_eq!(ids, expected);
    assert_eq!(made["Outputs"]["Alias"]["Value"], json!({"Ref": "FAliaslive"}));
    let route = &made["Resources"]["ServerlessHttpApi"]["Properties"]["Body"]["paths"]["/things/{id}"]["get"];
    assert_eq!(route["parameters"], json!([{"name": "id", "in": "path", "required": true}]));
    let uri = route["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].as_str().unwrap();
    assert!(uri.ends_with("functions/${FAliaslive}/invocations"), "{uri}");
    let source =
        made["Resources"]["FGetPermission"]["Properties"]["SourceArn"]["Fn::Sub"][0].as_str().unwrap();
    assert!(source.ends_with("${__ApiId__}/${__Stage__}/GET/things/*"), "{source}");
    assert!(made.get("Transform").is_none());
}

#[test]
fn every_wrong_resource_is_told_once() {
    let told = transformed(json!({"Resources": {
        "A": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "h"}},
        "B": {"Type": "AWS::Serverless::Api"},
        "C": {"Type": "AWS::Serverless::SimpleTable", "Properties": {"PrimaryKey": {"Name": "id"}}},
    }}))
    .unwrap_err();
    assert_eq!(
        told,
        "Invalid Serverless Application Specification document. Number of errors found: 3. \
         Resource with id [A] is invalid. Only one of 'InlineCode' or 'CodeUri' can be set. \
         Resource with id [B] is invalid. AWS::Serverless::Api is not supported by this engine yet; declare the \
         resources it stands for. \
         Resource with id [C] is invalid. Property 'PrimaryKey.Type' is required."
    );
    assert!(transformed(json!({"Resources": {}})).unwrap_err().ends_with("'Resources' section is required"));
}

#[test]
fn ids_that_are_taken_are_refused() {
    let told = transformed(json!({"Resources": {
        "F": {"Type": FUNCTION, "Properties": {"InlineCode": "x", "Handler": "h", "Runtime": "r"}},
        "FRole": {"Type": "AWS::IAM::Role"},
    }}))
    .unwrap_err();
    assert!(
        told.contains("attempts to create a new resource with id [FRole] and type \"AWS::IAM::Role\""),
        "{told}"
    );
}
