"""HTTP APIs: their parts, and what a request becomes on its way to a function and back."""

import json

import pytest
from conftest import refused, unique
from web import ask

CODE = {
    "app.py": """
import json

def handler(event, context):
    path = event["rawPath"]
    if path == "/plain":
        return {"just": "data"}
    if path == "/text":
        return "text"
    if path == "/fail":
        raise ValueError("asked to")
    if path == "/bad":
        return {"statusCode": "teapot"}
    if path == "/binary":
        return {"statusCode": 200, "isBase64Encoded": True, "body": "aGVsbG8=", "headers": {"content-type": "x/y"}}
    return {
        "statusCode": 201,
        "headers": {"content-type": "application/json", "x-from": "function"},
        "cookies": ["a=1; Path=/", "b=2"],
        "body": json.dumps(event),
    }
"""
}


@pytest.fixture
def gateway(aws):
    return aws("apigatewayv2")


def arn_of(aws, name):
    return f"arn:aws:lambda:{aws.region}:{aws.account}:function:{name}"


def serve(aws, gateway, routes=("$default",), **settings):
    """An API whose routes all lead to one function; its address."""
    name = aws.function(CODE)
    api = gateway.create_api(Name=unique("api"), ProtocolType="HTTP", **settings)
    integration = gateway.create_integration(
        ApiId=api["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=arn_of(aws, name),
        PayloadFormatVersion="2.0",
    )
    for route in routes:
        gateway.create_route(ApiId=api["ApiId"], RouteKey=route, Target=f"integrations/{integration['IntegrationId']}")
    gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    aws("lambda").add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{aws.region}:{aws.account}:{api['ApiId']}/*",
    )
    return address(aws, api), api["ApiId"], name


def address(aws, api):
    return f"http://{api['ApiId']}.execute-api.localhost:{aws.url.rsplit(':', 1)[1]}"


def test_the_parts_of_an_api_from_their_making_to_their_end(aws, gateway):
    api = gateway.create_api(Name="shop", ProtocolType="HTTP", Description="one", Tags={"app": "shop"})
    id = api["ApiId"]
    assert api["RouteSelectionExpression"] == "$request.method $request.path"
    assert id in api["ApiEndpoint"]
    assert gateway.update_api(ApiId=id, Description="two")["Description"] == "two"
    assert gateway.get_api(ApiId=id)["Name"] == "shop"
    assert [item["ApiId"] for item in gateway.get_apis()["Items"]] == [id]

    integration = gateway.create_integration(
        ApiId=id, IntegrationType="AWS_PROXY", IntegrationUri=arn_of(aws, "f"), PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.update_integration(ApiId=id, IntegrationId=integration, TimeoutInMillis=5000)
    assert gateway.get_integration(ApiId=id, IntegrationId=integration)["TimeoutInMillis"] == 5000
    assert len(gateway.get_integrations(ApiId=id)["Items"]) == 1

    route = gateway.create_route(ApiId=id, RouteKey="GET /a", Target=f"integrations/{integration}")["RouteId"]
    gateway.update_route(ApiId=id, RouteId=route, RouteKey="GET /b")
    assert gateway.get_route(ApiId=id, RouteId=route)["RouteKey"] == "GET /b"
    assert len(gateway.get_routes(ApiId=id)["Items"]) == 1
    with refused("ConflictException", "Route with key GET /b already exists for this API", 409):
        gateway.create_route(ApiId=id, RouteKey="GET /b")

    gateway.create_stage(ApiId=id, StageName="live", StageVariables={"a": "1"})
    gateway.update_stage(ApiId=id, StageName="live", Description="stage")
    assert gateway.get_stage(ApiId=id, StageName="live")["Description"] == "stage"
    assert [stage["StageName"] for stage in gateway.get_stages(ApiId=id)["Items"]] == ["live"]
    deployment = gateway.create_deployment(ApiId=id, StageName="live")["DeploymentId"]
    assert gateway.get_deployment(ApiId=id, DeploymentId=deployment)["DeploymentStatus"] == "DEPLOYED"
    assert len(gateway.get_deployments(ApiId=id)["Items"]) == 1

    arn = f"arn:aws:apigateway:{aws.region}::/apis/{id}"
    gateway.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    gateway.untag_resource(ResourceArn=arn, TagKeys=["app"])
    assert gateway.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}

    gateway.delete_route(ApiId=id, RouteId=route)
    gateway.delete_integration(ApiId=id, IntegrationId=integration)
    gateway.delete_stage(ApiId=id, StageName="live")
    gateway.delete_deployment(ApiId=id, DeploymentId=deployment)
    gateway.delete_api(ApiId=id)
    with refused("NotFoundException", f"Invalid API identifier specified {aws.account}:{id}", 404):
        gateway.get_api(ApiId=id)


def test_a_request_becomes_an_event_of_version_2(aws, gateway):
    url, id, _ = serve(aws, gateway)
    reply = ask(
        f"{url}/some/path?b=2&a=1&a=3&empty=",
        "POST",
        "text=ü".encode(),
        {"content-type": "text/plain", "cookie": "c=1; d=2", "X-Mixed": "Case"},
    )
    assert (reply.status, reply.headers["x-from"]) == (201, "function")
    event = reply.json
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/some/path")
    assert event["rawQueryString"] == "b=2&a=1&a=3&empty="
    assert event["queryStringParameters"] == {"a": "1,3", "b": "2", "empty": ""}
    assert event["cookies"] == ["c=1", "d=2"]
    assert event["headers"]["x-mixed"] == "Case"
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("text=ü", False)
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["accountId"]) == (id, "$default", aws.account)
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/some/path"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["domainName"].startswith(id)
    assert context["timeEpoch"] > 0


ANSWERS = [
    ("/plain", 200, '{"just":"data"}', "application/json"),
    ("/text", 200, "text", "application/json"),
    ("/fail", 500, '{"message":"Internal Server Error"}', "application/json"),
    ("/bad", 500, '{"message":"Internal Server Error"}', "application/json"),
    ("/binary", 200, "hello", "x/y"),
]


@pytest.fixture(scope="module")
def served(shared):
    return serve(shared, shared("apigatewayv2"))[0]


@pytest.mark.parametrize(("path", "status", "body", "kind"), ANSWERS)
def test_what_a_function_answers_becomes_a_reply(served, path, status, body, kind):
    reply = ask(served + path)
    assert (reply.status, reply.headers["content-type"]) == (status, kind)
    assert reply.text.replace(" ", "").strip('"') == body.replace(" ", "")


def test_a_body_that_is_no_text_comes_in_base64(served):
    event = ask(f"{served}/x", "POST", b"\xff\x00", {"content-type": "application/octet-stream"}).json
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


# request; the route that takes it and its parameters, or none
ROUTES = ("GET /", "GET /pets", "GET /pets/{id}", "ANY /pets/{id}/toys", "GET /files/{path+}", "GET /pets/cat")
ROUTED = [
    ("GET", "/", "GET /", None),
    ("GET", "/pets", "GET /pets", None),
    ("GET", "/pets/7", "GET /pets/{id}", {"id": "7"}),
    ("GET", "/pets/a%20b", "GET /pets/{id}", {"id": "a b"}),
    ("GET", "/pets/cat", "GET /pets/cat", None),
    ("PUT", "/pets/7/toys", "ANY /pets/{id}/toys", {"id": "7"}),
    ("GET", "/files/a/b/c", "GET /files/{path+}", {"path": "a/b/c"}),
    ("POST", "/pets", None, None),
    ("GET", "/none", None, None),
]


@pytest.fixture(scope="module")
def routed(shared):
    return serve(shared, shared("apigatewayv2"), ROUTES)[0]


@pytest.mark.parametrize(("method", "path", "route", "parameters"), ROUTED)
def test_the_closest_route_takes_a_request(routed, method, path, route, parameters):
    reply = ask(routed + path, method)
    if route is None:
        assert (reply.status, reply.json) == (404, {"message": "Not Found"})
        return
    assert reply.json["routeKey"] == route
    assert reply.json.get("pathParameters") == parameters


def test_cors_is_answered_by_the_api_itself(aws, gateway):
    cors = {
        "AllowOrigins": ["https://shop.example"],
        "AllowMethods": ["GET", "PUT"],
        "AllowHeaders": ["content-type"],
        "MaxAge": 60,
    }
    url, id, _ = serve(aws, gateway, CorsConfiguration=cors)
    asks = {"origin": "https://shop.example", "access-control-request-method": "PUT"}
    preflight = ask(f"{url}/x", "OPTIONS", headers=asks)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-max-age"] == "60"
    simple = ask(f"{url}/plain", headers={"origin": "https://shop.example"})
    assert simple.headers["access-control-allow-origin"] == "https://shop.example"
    other = ask(f"{url}/plain", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    gateway.delete_cors_configuration(ApiId=id)
    assert "access-control-allow-origin" not in ask(f"{url}/plain", headers=asks).headers


def test_a_function_that_the_api_may_not_call_is_not_called(aws, gateway):
    url, _, name = serve(aws, gateway)
    aws("lambda").remove_permission(FunctionName=name, StatementId="api")
    reply = ask(f"{url}/plain")
    assert (reply.status, reply.json) == (500, {"message": "Internal Server Error"})


def test_a_stage_with_a_name_is_the_first_part_of_the_path(aws, gateway):
    url, id, _ = serve(aws, gateway, ("GET /a",))
    gateway.create_stage(ApiId=id, StageName="beta", AutoDeploy=True, StageVariables={"color": "red"})
    event = ask(f"{url}/beta/a").json
    assert (event["requestContext"]["stage"], event["rawPath"]) == ("beta", "/beta/a")
    assert event["stageVariables"] == {"color": "red"}


def test_an_api_that_is_not_there(aws):
    reply = ask(f"http://abcdefghij.execute-api.localhost:{aws.url.rsplit(':', 1)[1]}/")
    assert reply.status in (403, 404)
    assert "message" in reply.json


def test_an_api_is_imported_from_its_description(aws, gateway):
    name = aws.function(CODE)
    uri = f"arn:aws:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn_of(aws, name)}/invocations"
    proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}
    description = {
        "openapi": "3.0.1",
        "info": {"title": "imported", "version": "1"},
        "paths": {"/a/{id}": {"get": {"x-amazon-apigateway-integration": proxy, "responses": {}}}},
    }
    api = gateway.import_api(Body=json.dumps(description))
    assert api["Name"] == "imported"
    assert [route["RouteKey"] for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]] == ["GET /a/{id}"]
    description["paths"] = {"/b": description["paths"]["/a/{id}"]}
    gateway.reimport_api(ApiId=api["ApiId"], Body=json.dumps(description))
    assert [route["RouteKey"] for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]] == ["GET /b"]


REFUSALS = [
    ("create_api", {"Name": "x", "ProtocolType": "SMTP"}, "BadRequestException"),
    ("get_api", {"ApiId": "none"}, "NotFoundException"),
    ("create_route", {"ApiId": "API", "RouteKey": "FETCH /a"}, "BadRequestException"),
    ("create_route", {"ApiId": "none", "RouteKey": "GET /a"}, "NotFoundException"),
    ("get_route", {"ApiId": "API", "RouteId": "none"}, "NotFoundException"),
    ("get_stage", {"ApiId": "API", "StageName": "none"}, "NotFoundException"),
    ("create_stage", {"ApiId": "API", "StageName": "a b"}, "BadRequestException"),
    ("delete_integration", {"ApiId": "API", "IntegrationId": "none"}, "NotFoundException"),
]


@pytest.mark.parametrize(("operation", "arguments", "code"), REFUSALS)
def test_refusals(gateway, operation, arguments, code):
    if arguments.get("ApiId") == "API":
        arguments = arguments | {"ApiId": gateway.create_api(Name="x", ProtocolType="HTTP")["ApiId"]}
    with refused(code):
        getattr(gateway, operation)(**arguments)
