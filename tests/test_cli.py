"""The AWS CLI, unmodified, with only its usual variables set."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BASIC, LAMBDA_TRUST, package, unique
from engine import until

AWS = Path(sys.executable).parent / "aws"


@pytest.fixture
def cli(aws, tmp_path):
    """Runs `aws …`: its output as JSON, or what it said when it must fail."""

    def run(*arguments, fails=None, text=False):
        done = subprocess.run(
            [sys.executable, str(AWS), *map(str, arguments)],
            env=aws.environment() | {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if fails is not None:
            assert done.returncode != 0, done.stdout
            assert fails in done.stderr, done.stderr
            return None
        assert done.returncode == 0, done.stderr
        return done.stdout if text or not done.stdout.strip() else json.loads(done.stdout)

    return run


def test_identity_and_roles(cli, aws):
    assert cli("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{aws.account}:root"
    name = unique("role")
    role = cli("iam", "create-role", "--role-name", name, "--assume-role-policy-document", json.dumps(LAMBDA_TRUST))
    assert role["Role"]["RoleName"] == name
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    cli("iam", "attach-role-policy", "--role-name", name, "--policy-arn", managed)
    assert len(cli("iam", "list-attached-role-policies", "--role-name", name)["AttachedPolicies"]) == 1
    cli("iam", "delete-role", "--role-name", name, fails="DeleteConflict")
    cli("iam", "get-role", "--role-name", "none", fails="(NoSuchEntity) when calling the GetRole operation")


def test_files_go_to_a_bucket_and_come_back(cli, tmp_path):
    bucket = unique("cli")
    cli("s3", "mb", f"s3://{bucket}", text=True)
    (tmp_path / "tree/deep").mkdir(parents=True)
    for n in range(5):
        (tmp_path / f"tree/deep/{n}.txt").write_text(str(n) * 1000)
    (tmp_path / "tree/big.bin").write_bytes(bytes(range(256)) * 40_000)
    cli("s3", "sync", "tree", f"s3://{bucket}/tree", text=True)
    assert cli("s3", "sync", "tree", f"s3://{bucket}/tree", text=True) == "", "nothing changed, nothing sent"
    listed = cli("s3", "ls", f"s3://{bucket}/", "--recursive", text=True)
    assert len(listed.splitlines()) == 6
    cli("s3", "cp", f"s3://{bucket}/tree/big.bin", "back.bin", text=True)
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "tree/big.bin").read_bytes()
    cli("s3", "mv", f"s3://{bucket}/tree/deep/0.txt", f"s3://{bucket}/moved.txt", text=True)
    head = cli("s3api", "head-object", "--bucket", bucket, "--key", "moved.txt")
    assert head["ContentLength"] == 1000
    cli("s3", "rb", f"s3://{bucket}", fails="BucketNotEmpty")
    cli("s3", "rb", f"s3://{bucket}", "--force", text=True)
    cli("s3api", "head-bucket", "--bucket", bucket, fails="404")


def test_tables(cli):
    table = unique("cli")
    cli(
        "dynamodb", "create-table", "--table-name", table, "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=id,AttributeType=S", "--key-schema", "AttributeName=id,KeyType=HASH",
    )  # fmt: skip
    cli("dynamodb", "wait", "table-exists", "--table-name", table)
    cli("dynamodb", "put-item", "--table-name", table, "--item", '{"id": {"S": "a"}, "n": {"N": "1"}}')
    updated = cli(
        "dynamodb", "update-item", "--table-name", table, "--key", '{"id": {"S": "a"}}', "--update-expression",
        "ADD n :v", "--expression-attribute-values", '{":v": {"N": "41"}}', "--return-values", "ALL_NEW",
    )  # fmt: skip
    assert updated["Attributes"]["n"] == {"N": "42"}
    assert cli("dynamodb", "scan", "--table-name", table)["Count"] == 1
    cli(
        "dynamodb", "put-item", "--table-name", table, "--item", '{"id": {"S": "a"}}',
        "--condition-expression", "attribute_not_exists(id)", fails="ConditionalCheckFailedException",
    )  # fmt: skip
    cli("dynamodb", "delete-table", "--table-name", table)


def test_functions_and_their_logs(cli, aws, tmp_path):
    name = unique("cli")
    role = aws.role()
    aws("iam").attach_role_policy(RoleName=role["RoleName"], PolicyArn=BASIC)
    (tmp_path / "code.zip").write_bytes(package({"app.py": "def handler(e, c): print('said', e); return e['n'] + 1"}))
    cli(
        "lambda", "create-function", "--function-name", name, "--runtime", "python3.11", "--handler", "app.handler",
        "--role", role["Arn"], "--zip-file", "fileb://code.zip",
    )  # fmt: skip
    cli("lambda", "wait", "function-active-v2", "--function-name", name)
    reply = cli("lambda", "invoke", "--function-name", name, "--payload", '{"n": 41}', "out.json")
    assert (reply["StatusCode"], (tmp_path / "out.json").read_text()) == (200, "42")
    assert cli("lambda", "publish-version", "--function-name", name)["Version"] == "1"
    cli("lambda", "create-alias", "--function-name", name, "--name", "live", "--function-version", "1")
    moved = cli(
        "lambda", "update-alias", "--function-name", name, "--name", "live",
        "--routing-config", "AdditionalVersionWeights={}",
    )  # fmt: skip
    assert moved["FunctionVersion"] == "1"
    events = ("logs", "filter-log-events", "--log-group-name", f"/aws/lambda/{name}", "--filter-pattern", "said")
    assert "said {'n': 41}" in until(lambda: cli(*events)["events"])[0]["message"]
    cli("lambda", "get-function", "--function-name", "none", fails="ResourceNotFoundException")


def test_metrics(cli):
    cli("cloudwatch", "put-metric-data", "--namespace", "Shop", "--metric-name", "Orders", "--value", "3")
    assert cli("cloudwatch", "list-metrics", "--namespace", "Shop")["Metrics"][0]["MetricName"] == "Orders"


def test_a_template_is_packaged_and_deployed(cli, tmp_path):
    bucket, stack = unique("cli"), unique("cli")
    cli("s3", "mb", f"s3://{bucket}", text=True)
    (tmp_path / "code").mkdir()
    (tmp_path / "code/index.js").write_text("exports.handler = async () => 'deployed'")
    (tmp_path / "template.json").write_text(
        json.dumps(
            {
                "Transform": "AWS::Serverless-2016-10-31",
                "Resources": {
                    "Hello": {
                        "Type": "AWS::Serverless::Function",
                        "Properties": {"CodeUri": "code", "Handler": "index.handler", "Runtime": "nodejs22.x"},
                    }
                },
                "Outputs": {"Name": {"Value": {"Ref": "Hello"}}},
            }
        )
    )
    cli(
        "cloudformation", "package", "--template-file", "template.json", "--s3-bucket", bucket,
        "--use-json", "--output-template-file", "packaged.json", text=True,
    )  # fmt: skip
    deploy = (
        "cloudformation", "deploy", "--template-file", "packaged.json", "--stack-name", stack,
        "--capabilities", "CAPABILITY_IAM",
    )  # fmt: skip
    assert "Successfully created/updated stack" in cli(*deploy, text=True)
    # The CLI from PyPI takes an empty change set for a failure unless told otherwise.
    cli(*deploy, fails="No changes to deploy")
    name = cli("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"][0]["Outputs"][0]["OutputValue"]
    cli("lambda", "invoke", "--function-name", name, "out.json")
    assert (tmp_path / "out.json").read_text() == '"deployed"'
    cli("cloudformation", "delete-stack", "--stack-name", stack)
    cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", stack)


def test_http_apis(cli, aws):
    api = cli("apigatewayv2", "create-api", "--name", "cli", "--protocol-type", "HTTP")["ApiId"]
    cli("apigatewayv2", "create-stage", "--api-id", api, "--stage-name", "$default", "--auto-deploy")
    assert len(cli("apigatewayv2", "get-stages", "--api-id", api)["Items"]) == 1
    cli("apigatewayv2", "delete-api", "--api-id", api)
    cli("apigatewayv2", "get-api", "--api-id", api, fails="NotFoundException")
