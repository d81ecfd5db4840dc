"""STS: who calls, and credentials for a while."""

import json

import pytest
from conftest import Aws, allow, refused, unique


def test_the_caller_is_the_root_of_the_account_that_the_key_names(aws):
    identity = aws("sts").get_caller_identity()
    assert identity["Account"] == aws.account
    assert identity["Arn"] == f"arn:aws:iam::{aws.account}:root"
    assert identity["UserId"] == aws.account


def test_other_development_keys_are_the_default_account(engine):
    default = Aws(engine.url, "test")
    assert default("sts").get_caller_identity()["Account"] == "000000000000"


def test_an_assumed_role_is_who_its_credentials_say(aws):
    trust = {"Version": "2012-10-17", "Statement": [allow("sts:AssumeRole", Principal={"AWS": aws.account}, Resource=None)]}
    role = aws.role(trust)
    session = aws("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="deploy", DurationSeconds=900)
    assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/{role['RoleName']}/deploy"
    assert session["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:deploy"
    assert session["Credentials"]["AccessKeyId"].startswith("ASIA")
    # GetCallerIdentity needs no permission.
    identity = aws.as_(session["Credentials"])("sts").get_caller_identity()
    assert identity["Arn"] == session["AssumedRoleUser"]["Arn"]


def test_a_session_policy_narrows_the_role(aws):
    trust = {"Version": "2012-10-17", "Statement": [allow("sts:AssumeRole", Principal={"AWS": "*"}, Resource=None)]}
    role = aws.role(trust, [allow("dynamodb:*", "iam:ListRoles")])
    policy = {"Version": "2012-10-17", "Statement": [allow("dynamodb:ListTables")]}
    session = aws("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="narrow", Policy=json.dumps(policy))
    narrowed = aws.as_(session["Credentials"])
    assert narrowed("dynamodb").list_tables()["TableNames"] == []
    with refused("AccessDenied", "is not authorized to perform: iam:ListRoles", 403):
        narrowed("iam").list_roles()


def test_a_role_whose_trust_names_others_cannot_be_assumed(aws):
    role = aws.role()
    with refused("AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: " + role["Arn"], 403):
        aws("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="x1")


@pytest.mark.parametrize("duration", [899, 43201])
def test_durations_outside_of_the_bounds_are_refused(aws, duration):
    with refused("ValidationError", status=400):
        client = aws("sts", parameter_validation=False)
        client.assume_role(RoleArn=aws.role()["Arn"], RoleSessionName="x1", DurationSeconds=duration)


def test_a_wrong_token_is_refused(aws):
    session = aws.assume()
    session.credentials["aws_session_token"] += "x"
    with pytest.raises(Exception) as caught:
        session("sts").get_caller_identity()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_wrong_secret_is_refused(aws):
    session = aws.assume([allow("dynamodb:ListTables")])
    session.credentials["aws_secret_access_key"] = "x" * 40
    with refused("SignatureDoesNotMatch", "The request signature we calculated does not match", 403):
        session("sts").get_caller_identity()


def test_an_unknown_role_cannot_be_assumed(aws):
    with refused("AccessDenied", status=403):
        aws("sts").assume_role(RoleArn=f"arn:aws:iam::{aws.account}:role/{unique('none')}", RoleSessionName="x1")
