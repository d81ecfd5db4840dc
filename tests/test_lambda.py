"""Lambda: functions, versions, weighted aliases, permissions, invocations and what they write."""

import base64
import json
import re

import pytest
from conftest import allow, package, refused, unique, wait
from engine import until

ECHO = {
    "app.py": """
import json, os, sys, time

def handler(event, context):
    print("hello", event)
    if event.get("fail"):
        raise ValueError("asked to")
    if event.get("exit"):
        os._exit(3)
    time.sleep(event.get("sleep", 0))
    return {
        "event": event,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "env": {name: os.environ.get(name) for name in ("GREETING", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME")},
        "count": globals().__setitem__("COUNT", globals().get("COUNT", 0) + 1) or COUNT,
    }
"""
}
NODE = {
    "index.mjs": """
export const handler = async (event, context) => {
  console.log("hello", event);
  if (event.fail) throw new TypeError("asked to");
  return { event, version: context.functionVersion, node: process.version };
};
"""
}
SHELL = {
    "bootstrap": """#!/bin/sh
set -eu
base="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  head=/tmp/head
  body=$(curl -sS -D $head "$base/next")
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\\([^ \\r]*\\).*/\\1/p' $head)
  curl -sS -X POST "$base/$id/response" -d "{\\"from\\": \\"shell\\", \\"event\\": $body}" >/dev/null
done
"""
}


@pytest.fixture
def client(aws):
    return aws("lambda")


def test_a_function_from_its_making_to_its_end(aws, client):
    name = unique("fn")
    role = aws.role()["Arn"]
    made = client.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.11",
        Handler="app.handler",
        Code={"ZipFile": package(ECHO)},
        Description="of a test",
        Timeout=5,
        MemorySize=256,
        Environment={"Variables": {"GREETING": "hi"}},
        Tags={"app": "shop"},
    )
    assert made["FunctionArn"] == f"arn:aws:lambda:{aws.region}:{aws.account}:function:{name}"
    assert (made["Version"], made["PackageType"], made["Architectures"]) == ("$LATEST", "Zip", ["x86_64"])
    assert made["State"] in ("Pending", "Active")
    wait(client, "function_active_v2", FunctionName=name)
    found = client.get_function(FunctionName=name)
    assert found["Configuration"]["CodeSha256"] == made["CodeSha256"]
    assert found["Tags"] == {"app": "shop"}
    assert found["Code"]["RepositoryType"] == "S3"
    settings = client.get_function_configuration(FunctionName=name)
    assert (settings["Timeout"], settings["MemorySize"], settings["Role"]) == (5, 256, role)
    assert settings["Environment"]["Variables"] == {"GREETING": "hi"}
    assert [f["FunctionName"] for f in client.list_functions()["Functions"]] == [name]
    client.delete_function(FunctionName=name)
    with refused("ResourceNotFoundException", f"Function not found: {made['FunctionArn']}", 404):
        client.get_function(FunctionName=name)
    with refused("ResourceNotFoundException", "Function not found", 404):
        client.invoke(FunctionName=name)


def test_an_invocation_gets_its_event_context_and_environment(aws):
    name = aws.function(ECHO, MemorySize=192, Timeout=9, Environment={"Variables": {"GREETING": "hi"}})
    reply, payload = aws.invoke(name, {"a": [1, "ü"]}, LogType="Tail")
    assert (reply["StatusCode"], reply["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in reply
    assert payload["event"] == {"a": [1, "ü"]}
    assert payload["env"] == {"GREETING": "hi", "AWS_REGION": aws.region, "AWS_LAMBDA_FUNCTION_NAME": name}
    assert (payload["version"], int(payload["memory"])) == ("$LATEST", 192)
    assert payload["arn"].endswith(f":function:{name}")
    assert 0 < payload["left"] <= 9000
    assert payload["id"] == reply["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(reply["LogResult"]).decode()
    assert re.search(rf"START RequestId: {payload['id']} Version: \$LATEST\n", tail)
    assert "hello {'a': [1, 'ü']}\n" in tail
    assert f"END RequestId: {payload['id']}\n" in tail
    report = re.search(
        rf"REPORT RequestId: {payload['id']}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 192 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms",
        tail,
    )
    assert report, tail
    assert aws.invoke(name, {})[1]["count"] == 2, "the environment is used again"


def test_the_log_is_in_its_group(aws):
    name = aws.function(ECHO)
    _, payload = aws.invoke(name, {"mark": "xyzzy"})
    logs = aws("logs")

    def messages():
        try:
            return [e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []

    until(lambda: any(message.startswith("REPORT") for message in messages()))
    assert any("xyzzy" in message for message in messages())
    assert any(message.startswith(f"START RequestId: {payload['id']}") for message in messages())
    (stream,) = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream["logStreamName"])


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs22.x"])
def test_node(aws, runtime):
    name = aws.function(NODE, "index.handler", runtime)
    assert aws.invoke(name, {"n": 1})[1]["event"] == {"n": 1}
    reply, payload = aws.invoke(name, {"fail": True})
    assert reply["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("TypeError", "asked to")
    assert payload["trace"][0] == "TypeError: asked to"


def test_a_runtime_of_ones_own(aws):
    name = aws.function(SHELL, "bootstrap", "provided.al2023")
    assert aws.invoke(name, {"n": 1})[1] == {"from": "shell", "event": {"n": 1}}


FAILURES = [
    ({"fail": True}, {"errorType": "ValueError", "errorMessage": "asked to"}, ""),
    ({"exit": True}, {"errorType": "Runtime.ExitError"}, "exit status 3"),
    ({"sleep": 5}, {"errorType": "Sandbox.Timedout"}, "Task timed out after 1.00 seconds"),
]


@pytest.mark.parametrize(("event", "error", "words"), FAILURES)
def test_failures_are_told_and_the_next_event_is_served(aws, event, error, words):
    name = aws.function(ECHO, Timeout=1)
    reply, payload = aws.invoke(name, event)
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")
    assert error.items() <= payload.items(), payload
    assert words in payload["errorMessage"]
    assert aws.invoke(name, {})[1]["event"] == {}


def test_code_that_cannot_be_loaded(aws):
    name = aws.function({"app.py": "import nothing_of_that_name"})
    reply, payload = aws.invoke(name, {})
    assert reply["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert payload["errorMessage"].startswith("Unable to import module 'app': No module named 'nothing_of_that_name'")
    name = aws.function(ECHO, "app.missing")
    payload = aws.invoke(name, {})[1]
    assert payload["errorType"] == "Runtime.HandlerNotFound"


def test_versions_are_fixed_and_aliases_move_between_them(aws, client):
    name = aws.function({"app.py": "def handler(e, c): return 'one'"})
    first = client.publish_version(FunctionName=name, Description="the first")
    assert (first["Version"], first["FunctionArn"].rsplit(":", 1)[1]) == ("1", "1")
    assert client.publish_version(FunctionName=name)["Version"] == "1", "nothing changed, nothing new"
    client.update_function_code(FunctionName=name, ZipFile=package({"app.py": "def handler(e, c): return 'two'"}))
    wait(client, "function_updated_v2", FunctionName=name)
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert alias["AliasArn"].endswith(f"{name}:live")
    for qualifier, answer, version in [("1", "one", "1"), ("2", "two", "2"), ("live", "one", "1"), ("$LATEST", "two", "$LATEST")]:
        reply, payload = aws.invoke(name, {}, Qualifier=qualifier)
        assert (payload, reply["ExecutedVersion"]) == (answer, version)
    moved = client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert aws.invoke(f"{name}:live", {})[1] == "two"
    assert moved["RevisionId"] != alias["RevisionId"]
    with refused("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id", 412):
        client.update_alias(FunctionName=name, Name="live", FunctionVersion="1", RevisionId=alias["RevisionId"])
    assert [a["Name"] for a in client.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    with refused("ResourceConflictException", status=409):
        client.delete_function(FunctionName=name, Qualifier="2")
    client.delete_alias(FunctionName=name, Name="live")
    with refused("ResourceNotFoundException", "Cannot find alias arn", 404):
        client.get_alias(FunctionName=name, Name="live")
    client.delete_function(FunctionName=name, Qualifier="1")
    with refused("ResourceNotFoundException", status=404):
        client.get_function(FunctionName=name, Qualifier="1")


def test_a_weighted_alias_splits_by_its_weight(aws, client):
    name = aws.function({"app.py": "def handler(e, c): return c.function_version"})
    client.publish_version(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Description="another")
    wait(client, "function_updated_v2", FunctionName=name)
    client.publish_version(FunctionName=name)
    client.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.3}},
    )
    assert client.get_alias(FunctionName=name, Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.3}}
    replies = [aws.invoke(name, {}, Qualifier="live") for _ in range(200)]
    assert all(payload == reply["ExecutedVersion"] for reply, payload in replies)
    # 60 of 200 are expected; fewer than 30 or more than 95 would be five standard deviations off.
    assert 30 <= sum(payload == "2" for _, payload in replies) <= 95
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {aws.invoke(name, {}, Qualifier="live")[1] for _ in range(20)} == {"1"}


def test_an_event_is_taken_now_and_handled_later(aws):
    name = aws.function(ECHO)
    reply = aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"mark": "later"}')
    assert (reply["StatusCode"], reply["Payload"].read()) == (202, b"")
    logs = aws("logs")

    def done():
        try:
            return logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="later")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []

    assert until(done)


def test_a_dry_run_only_asks(aws):
    name = aws.function(ECHO)
    assert aws("lambda").invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    with refused("AccessDeniedException", status=403):
        aws.assume()("lambda").invoke(FunctionName=name, InvocationType="DryRun")


def test_permissions_let_others_invoke(aws, client, engine):
    name = aws.function(ECHO)
    other = type(aws)(engine.url, "777777777777")
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    with refused("AccessDeniedException", status=403):
        other("lambda").invoke(FunctionName=arn)
    with refused("ResourceNotFoundException", "The resource you requested does not exist.", 404):
        client.get_policy(FunctionName=name)
    statement = client.add_permission(
        FunctionName=name, StatementId="other", Action="lambda:InvokeFunction", Principal="777777777777"
    )["Statement"]
    assert json.loads(statement)["Principal"] == {"AWS": "arn:aws:iam::777777777777:root"}
    assert json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"][0]["Sid"] == "other"
    assert other("lambda").invoke(FunctionName=arn, Payload=b"{}")["StatusCode"] == 200
    with refused("ResourceConflictException", "The statement id (other) provided already exists", 409):
        client.add_permission(
            FunctionName=name, StatementId="other", Action="lambda:InvokeFunction", Principal="777777777777"
        )
    client.remove_permission(FunctionName=name, StatementId="other")
    with refused("AccessDeniedException", status=403):
        other("lambda").invoke(FunctionName=arn)


def test_tags(aws, client):
    name = aws.function(ECHO)
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}


def test_reserved_concurrency_throttles(aws, client):
    name = aws.function(ECHO)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 0
    with refused("TooManyRequestsException", "Rate Exceeded.", 429):
        client.invoke(FunctionName=name)
    client.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)
    assert aws.invoke(name, {})[0]["StatusCode"] == 200
    assert client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] > 0


def test_settings_of_asynchronous_invocation(aws, client):
    name = aws.function(ECHO)
    put = client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=120
    )
    assert (put["MaximumRetryAttempts"], put["MaximumEventAgeInSeconds"]) == (1, 120)
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    client.delete_function_event_invoke_config(FunctionName=name)
    with refused("ResourceNotFoundException", status=404):
        client.get_function_event_invoke_config(FunctionName=name)


def test_settings_change_what_the_next_invocation_sees(aws, client):
    name = aws.function(ECHO)
    aws.invoke(name, {})
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"GREETING": "new"}}, MemorySize=320
    )
    wait(client, "function_updated_v2", FunctionName=name)
    payload = aws.invoke(name, {})[1]
    assert (payload["env"]["GREETING"], int(payload["memory"]), payload["count"]) == ("new", 320, 1)


def test_code_from_a_bucket(aws, client):
    bucket = unique("code")
    aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    aws("s3").put_object(Bucket=bucket, Key="code.zip", Body=package(ECHO))
    name = unique("fn")
    client.create_function(
        FunctionName=name,
        Role=aws.role()["Arn"],
        Runtime="python3.11",
        Handler="app.handler",
        Code={"S3Bucket": bucket, "S3Key": "code.zip"},
    )
    wait(client, "function_active_v2", FunctionName=name)
    assert aws.invoke(name, {})[0]["StatusCode"] == 200
    with refused("InvalidParameterValueException", "Error occurred while GetObject. S3 Error Code: NoSuchKey", 400):
        client.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key="none.zip")


CALLS = {
    "app.py": """
import datetime, hashlib, hmac, json, os, urllib.error, urllib.request

def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()

def handler(event, context):
    '''ListTables, signed by hand: the sandbox has no SDK.'''
    region, url = os.environ["AWS_REGION"], os.environ["AWS_ENDPOINT_URL"]
    host, body = url.split("//")[1], "{}"
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.0", "host": host, "x-amz-date": at,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"], "x-amz-target": "DynamoDB_20120810.ListTables",
    }
    names = ";".join(sorted(headers))
    canonical = "POST\\n/\\n\\n" + "".join(f"{n}:{headers[n]}\\n" for n in sorted(headers)) + f"\\n{names}\\n" + hashlib.sha256(body.encode()).hexdigest()
    scope = f"{at[:8]}/{region}/dynamodb/aws4_request"
    text = f"AWS4-HMAC-SHA256\\n{at}\\n{scope}\\n" + hashlib.sha256(canonical.encode()).hexdigest()
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in (at[:8], region, "dynamodb", "aws4_request"):
        key = sign(key, part)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={names}, Signature={signature}"
    request = urllib.request.Request(url + "/", body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return {"status": reply.status, "body": json.load(reply)}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": json.load(error)}
"""
}


def test_a_function_may_do_what_its_role_grants(aws):
    name = aws.function(CALLS, statements=[allow("dynamodb:ListTables")])
    assert aws.invoke(name, {})[1] == {"status": 200, "body": {"TableNames": []}}


def test_a_function_whose_role_grants_nothing_is_refused_in_awss_words(aws):
    name = aws.function(CALLS)
    answer = aws.invoke(name, {})[1]
    assert answer["status"] == 400
    assert answer["body"]["__type"].endswith("#AccessDeniedException")
    message = answer["body"].get("Message") or answer["body"].get("message")
    assert re.fullmatch(
        rf"User: arn:aws:sts::{aws.account}:assumed-role/role-\w+/{name} is not authorized to perform: "
        rf"dynamodb:ListTables on resource: (arn:aws:dynamodb:{aws.region}:{aws.account}:table/)?\* "
        "because no identity-based policy allows the dynamodb:ListTables action",
        message,
    ), message


REFUSALS = [
    ({"Role": "arn:aws:iam::{account}:role/none"}, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
    # FIXME: Lambda answers InvalidParameterValueException here, the engine its general refusal of an enum.
    ({"Runtime": "cobol74"}, "ValidationException", "at 'runtime' failed to satisfy constraint"),
    ({"MemorySize": 127}, "ValidationException", "at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"),
    ({"Timeout": 901}, "ValidationException", "at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"),
    ({"FunctionName": "a b"}, "ValidationException", "at 'functionName' failed to satisfy constraint"),
    ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."),
    ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys"),
    ({"Environment": {"Variables": {"BIG": "x" * 4100}}}, "InvalidParameterValueException", "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit."),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSALS)
def test_functions_that_cannot_be_made(aws, arguments, code, message):
    whole = {
        "FunctionName": unique("fn"),
        "Role": aws.role()["Arn"],
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Code": {"ZipFile": package(ECHO)},
    } | arguments
    whole["Role"] = whole["Role"].replace("{account}", aws.account)
    with refused(code, message, 400):
        aws("lambda", parameter_validation=False).create_function(**whole)


def test_what_an_invocation_may_not_be(aws, client):
    name = aws.function(ECHO)
    with refused("InvalidRequestContentException", "Could not parse request body into json", 400):
        client.invoke(FunctionName=name, Payload=b"{")
    with refused("ResourceNotFoundException", "Function not found", 404):
        client.invoke(FunctionName=name, Qualifier="9")
    with refused("RequestEntityTooLargeException", status=413):
        client.invoke(FunctionName=name, Payload=b'"' + b"x" * (6 * 1024 * 1024) + b'"')
