"""What every test from outside uses: one engine, an account of its own, unmodified clients."""

import contextlib
import io
import itertools
import json
import os
import sys
import uuid
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

sys.path.insert(0, os.path.dirname(__file__))

from engine import Elsewhere, Engine  # noqa: E402

REGION = "eu-central-1"
ANY_SECRET = "not-checked-on-loopback"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

# What was called and answered without an error: {(service, operation)}.
ANSWERED = set()


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """The engine that the tests share."""
    elsewhere = os.environ.get("UPDRAFT_ENDPOINT")
    running = Elsewhere(elsewhere) if elsewhere else Engine(tmp_path_factory.mktemp("engine") / "data").start()
    yield running
    assert running.alive(), f"the engine ended before its tests; see {running.log}"
    running.stop()


class Aws:
    """Clients of one account of one engine."""

    def __init__(self, url, account, region=REGION):
        self.url = url
        self.account = account
        self.region = region
        self.credentials = {"aws_access_key_id": account, "aws_secret_access_key": ANY_SECRET}

    def as_(self, credentials):
        """The same engine with other credentials, as STS gives them."""
        other = Aws(self.url, self.account, self.region)
        other.credentials = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
        return other

    def __call__(self, service, **config):
        # Some operations put a word before the host (`sync-`), which no resolver knows here.
        usual = {"retries": {"total_max_attempts": 1}, "read_timeout": 120, "inject_host_prefix": False}
        config = usual | config
        session = boto3.Session(region_name=self.region, **self.credentials)
        client = session.client(service, endpoint_url=self.url, config=Config(**config))
        client.meta.events.register("after-call.*.*", note_answer)
        return client

    def environment(self):
        """The variables by which programs find the engine."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        names = {name.upper(): value for name, value in self.credentials.items()}
        return kept | names | {"AWS_DEFAULT_REGION": self.region, "AWS_ENDPOINT_URL": self.url, "AWS_PAGER": ""}

    def role(self, trust=None, statements=(), name=None):
        """A new role with one inline policy of these statements."""
        iam = self("iam")
        name = name or unique("role")
        trust = trust or LAMBDA_TRUST
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="grants", PolicyDocument=json.dumps(policy))
        return role

    def assume(self, statements=()):
        """Clients with the short-lived credentials of a new role that may do this and nothing else."""
        account = self("sts").get_caller_identity()["Account"]
        trust = allow("sts:AssumeRole", Principal={"AWS": account}, Resource=None)
        role = self.role({"Version": "2012-10-17", "Statement": [trust]}, statements)
        session = self("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="outside")
        return self.as_(session["Credentials"])

    def function(self, files, handler="app.handler", runtime="python3.11", statements=(), **settings):
        """A new function, active; its name."""
        name = unique("fn")
        client = self("lambda")
        role = self.role(statements=statements)
        # As SAM does: a function may write its log.
        self("iam").attach_role_policy(RoleName=role["RoleName"], PolicyArn=BASIC)
        client.create_function(
            FunctionName=name,
            Role=role["Arn"],
            Runtime=runtime,
            Handler=handler,
            Code={"ZipFile": package(files)},
            **settings,
        )
        wait(client, "function_active_v2", FunctionName=name)
        return name

    def invoke(self, name, event=None, **settings):
        """The reply of an invocation and its payload, read as JSON."""
        reply = self("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **settings)
        text = reply["Payload"].read()
        return reply, json.loads(text) if text else None


ACCOUNTS = itertools.count(int(uuid.uuid4().int % 10**9) + 100_000_000_000)


@pytest.fixture
def aws(engine):
    """Clients of an account that no other test uses."""
    return Aws(engine.url, str(next(ACCOUNTS)))


@pytest.fixture(scope="module")
def shared(engine):
    """Clients of an account that the tests of one file share."""
    return Aws(engine.url, str(next(ACCOUNTS)))


def note_answer(model, http_response, **_):
    if http_response.status_code < 400:
        ANSWERED.add((model.service_model.service_name, model.name))


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def allow(*actions, Resource="*", Effect="Allow", **more):
    statement = {"Effect": Effect, "Action": list(actions), "Resource": Resource, **more}
    return {key: value for key, value in statement.items() if value is not None}


def package(files):
    """A deployment package of these files: texts, or bytes of programs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if isinstance(contents, bytes) or name == "bootstrap" else 0o644) << 16
            archive.writestr(entry, contents)
    return out.getvalue()


def wait(client, waiter, **arguments):
    """A boto3 waiter that polls often."""
    client.get_waiter(waiter).wait(WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}, **arguments)


@contextlib.contextmanager
def refused(code, message="", status=None):
    """The call within must be refused with this code, a message that holds these words, this status."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response
    assert error["Error"]["Code"] == code, error["Error"]
    assert message in error["Error"].get("Message", ""), error["Error"]
    if status is not None:
        assert error["ResponseMetadata"]["HTTPStatusCode"] == status


def pytest_collection_modifyitems(items):
    """What looks back on all the others comes last."""
    items.sort(key=lambda item: item.path.name == "test_coverage.py")
