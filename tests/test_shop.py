"""The shop, deployed by SAM with only the endpoint set, and walked through in a browser."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Aws, unique
from engine import until
from web import ask

ROOT = Path(__file__).resolve().parent.parent
DEV = Path(os.environ.get("UPDRAFT_DEV") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "updraft-dev")
SAM = Path(os.environ.get("UPDRAFT_SAM") or DEV / "sam/bin/sam")
ACCOUNT = "135792468000"
STACK = unique("shop")


def run(*command, cwd, env):
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=600)
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{said[-6000:]}"
    return said


@pytest.fixture(scope="module")
def aws(engine):
    return Aws(engine.url, ACCOUNT)


@pytest.fixture(scope="module")
def env(aws):
    kept = {name: value for name, value in os.environ.items() if name.startswith(("CARGO", "RUSTUP", "npm_", "NPM_", "PIP_"))}
    return kept | aws.environment() | {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, env):
    """The shop, built by SAM as its template says."""
    folder = tmp_path_factory.mktemp("shop") / "app"
    left = shutil.ignore_patterns("node_modules", "target", ".updraft", ".aws-sam", "__pycache__")
    shutil.copytree(ROOT / "examples/shop", folder, ignore=left)
    run(SAM, "build", "--parallel", cwd=folder, env=env)
    return folder


@pytest.fixture(scope="module")
def deploy(folder, env):
    def deploy():
        return run(
            SAM, "deploy", "--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM",
            "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar",
            "--parameter-overrides", "Stage=test", cwd=folder, env=env,
        )  # fmt: skip

    return deploy


@pytest.fixture(scope="module")
def outputs(deploy, aws):
    said = deploy()
    assert "Successfully created/updated stack" in said
    (stack,) = aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_the_smoke_check_passes(outputs, folder, env):
    said = run(sys.executable, "checks/smoke.py", cwd=folder, env=env | {"UPDRAFT_URL": outputs["Url"]})
    assert "OK" in said


def test_a_visitor_places_an_order_in_a_browser(outputs, folder, env, tmp_path):
    run("npm", "ci", "--no-audit", "--no-fund", cwd=folder / "checks", env=env)
    more = {"UPDRAFT_URL": outputs["Url"], "UPDRAFT_SCREENSHOTS": str(tmp_path)}
    for name in ("UPDRAFT_REQUIRE_BROWSER", "CHROMIUM"):
        if name in os.environ:
            more[name] = os.environ[name]
    said = run("node", "checks/e2e.mjs", cwd=folder, env=env | more)
    if "SKIPPED" in said:
        pytest.skip(said.strip())
    assert "from the catalogue to a placed order: passed" in said


def test_deploying_what_has_not_changed_changes_nothing(outputs, deploy, aws):
    before = aws("lambda").get_alias(FunctionName=outputs["CartFunctionName"], Name="live")
    assert "No changes to deploy" in deploy()
    assert aws("lambda").get_alias(FunctionName=outputs["CartFunctionName"], Name="live")["RevisionId"] == before["RevisionId"]


def test_every_function_is_behind_its_alias(outputs, aws):
    for name, function in outputs.items():
        if name.endswith("FunctionName"):
            assert aws("lambda").get_alias(FunctionName=function, Name="live")["FunctionVersion"] == "1"


def test_the_shop_works_only_because_its_template_grants_what_it_uses(outputs, aws):
    url = f"{outputs['Url'].rstrip('/')}/carts/without-a-grant"
    assert ask(url).status == 200
    client, iam = aws("lambda"), aws("iam")
    function = outputs["CartFunctionName"]
    role = client.get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        if "dynamodb:DeleteItem" not in json.dumps(document):
            continue
        iam.delete_role_policy(RoleName=role, PolicyName=name)
        try:
            reply = ask(url)
            assert (reply.status, reply.json) == (500, {"message": "Internal Server Error"})
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
        break
    else:
        pytest.fail("the cart has no policy for its table")
    logs = aws("logs")
    words = f"is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:{aws.region}:{ACCOUNT}:table/{outputs['CartsTableName']}"

    def told():
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="AccessDeniedException")
        return any(words in event["message"] for event in events["events"])

    until(told)
    assert ask(url).status == 200


def test_sam_takes_everything_away(outputs, folder, env, aws):
    run(SAM, "delete", "--stack-name", STACK, "--no-prompts", "--region", aws.region, cwd=folder, env=env)
    names = [summary["StackName"] for summary in aws("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])["StackSummaries"]]
    assert STACK not in names
    assert aws("dynamodb").list_tables()["TableNames"] == []
