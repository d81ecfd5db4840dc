"""IAM: roles, inline and managed policies, and that they are enforced."""

import json

import pytest
from conftest import LAMBDA_TRUST, allow, refused, unique

MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_role_from_its_making_to_its_end(aws):
    iam = aws("iam")
    name = unique("role")
    made = iam.create_role(
        RoleName=name,
        Path="/apps/",
        AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST),
        Description="of a test",
        MaxSessionDuration=7200,
        Tags=[{"Key": "app", "Value": "shop"}],
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{aws.account}:role/apps/{name}"
    assert made["RoleId"].startswith("AROA")
    assert made["AssumeRolePolicyDocument"] == LAMBDA_TRUST
    iam.update_role(RoleName=name, Description="of another", MaxSessionDuration=3600)
    found = iam.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("of another", 3600)
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix="/apps/")["Roles"]] == [name]
    trust = json.loads(policy(allow("sts:AssumeRole", Principal={"Service": "events.amazonaws.com"}, Resource=None)))
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
    iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "sky"}])
    iam.untag_role(RoleName=name, TagKeys=["app"])
    assert iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "team", "Value": "sky"}]
    iam.delete_role(RoleName=name)
    with refused("NoSuchEntity", f"The role with name {name} cannot be found.", 404):
        iam.get_role(RoleName=name)


def test_inline_policies(aws):
    iam = aws("iam")
    name = aws.role()["RoleName"]
    document = policy(allow("s3:GetObject", Resource="arn:aws:s3:::bucket/*"))
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document)
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["read"]
    assert iam.get_role_policy(RoleName=name, PolicyName="read")["PolicyDocument"] == json.loads(document)
    with refused("DeleteConflict", "must delete policies first", 409):
        iam.delete_role(RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    with refused("NoSuchEntity", status=404):
        iam.get_role_policy(RoleName=name, PolicyName="read")


def test_managed_policies_and_their_versions(aws):
    iam = aws("iam")
    name = unique("policy")
    made = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("sqs:SendMessage")))["Policy"]
    arn = made["Arn"]
    assert (arn, made["DefaultVersionId"], made["AttachmentCount"]) == (
        f"arn:aws:iam::{aws.account}:policy/{name}",
        "v1",
        0,
    )
    second = iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy(allow("sqs:*")), SetAsDefault=True
    )["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", True)
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert version["Document"]["Statement"][0]["Action"] == ["sqs:*"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    with refused("DeleteConflict", status=409):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]
    assert name in [p["PolicyName"] for p in iam.list_policies(Scope="Local")["Policies"]]

    role = aws.role()["RoleName"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [
        {"PolicyName": name, "PolicyArn": arn}
    ]
    with refused("DeleteConflict", status=409):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    with refused("NoSuchEntity", status=404):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", status=404):
        iam.get_policy(PolicyArn=arn)


def test_awss_own_policies_can_be_attached(aws):
    iam = aws("iam")
    role = aws.role()["RoleName"]
    iam.attach_role_policy(RoleName=role, PolicyArn=MANAGED)
    found = iam.get_policy(PolicyArn=MANAGED)["Policy"]
    assert found["PolicyName"] == "AWSLambdaBasicExecutionRole"
    assert iam.get_policy_version(PolicyArn=MANAGED, VersionId=found["DefaultVersionId"])["PolicyVersion"]["Document"]


REFUSALS = [
    ("create_role", {"RoleName": "ROLE", "AssumeRolePolicyDocument": json.dumps(LAMBDA_TRUST)}, "EntityAlreadyExists", 409),
    ("create_role", {"RoleName": "x", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", 400),
    ("create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError", 400),
    ("put_role_policy", {"RoleName": "ROLE", "PolicyName": "p", "PolicyDocument": "no"}, "MalformedPolicyDocument", 400),
    ("put_role_policy", {"RoleName": "none", "PolicyName": "p", "PolicyDocument": policy(allow("s3:*"))}, "NoSuchEntity", 404),
    ("delete_role", {"RoleName": "none"}, "NoSuchEntity", 404),
    ("attach_role_policy", {"RoleName": "ROLE", "PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicyAtAll"}, "NoSuchEntity", 404),
    ("update_assume_role_policy", {"RoleName": "none", "PolicyDocument": json.dumps(LAMBDA_TRUST)}, "NoSuchEntity", 404),
]


@pytest.mark.parametrize(("operation", "arguments", "code", "status"), REFUSALS)
def test_refusals(aws, operation, arguments, code, status):
    if arguments.get("RoleName") == "ROLE":
        arguments = arguments | {"RoleName": aws.role()["RoleName"]}
    with refused(code, status=status):
        getattr(aws("iam"), operation)(**arguments)


def test_lists_page(aws):
    iam = aws("iam")
    names = sorted(aws.role(name=f"page-{n}")["RoleName"] for n in range(5))
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names


TABLE = "arn:aws:dynamodb:eu-central-1:{account}:table/{table}"

# statements of the role; whether it may then get an item of the table
DECISIONS = [
    ([], False),
    ([allow("dynamodb:GetItem")], True),
    ([allow("dynamodb:Get*")], True),
    ([allow("dynamodb:GetItem", Resource=TABLE)], True),
    ([allow("dynamodb:GetItem", Resource=TABLE + "x")], False),
    ([allow("dynamodb:*"), allow("dynamodb:GetItem", Effect="Deny")], False),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
    ([{"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "*"}], False),
    ([{"Effect": "Allow", "Action": "dynamodb:*", "NotResource": TABLE}], False),
    ([allow("dynamodb:GetItem", Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})], True),
    ([allow("dynamodb:GetItem", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})], False),
    ([allow("dynamodb:GetItem", Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}})], True),
    ([allow("dynamodb:GetItem", Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["yours"]}})], False),
    ([allow("dynamodb:GetItem", Condition={"StringLikeIfExists": {"aws:nosuchkey": "x"}})], True),
]


@pytest.mark.parametrize(("statements", "allowed"), DECISIONS)
def test_a_role_may_do_what_its_policies_say(aws, statements, allowed):
    table = unique("table")
    aws("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    aws("dynamodb").get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    text = json.dumps(statements).replace("{account}", aws.account).replace("{table}", table)
    dynamodb = aws.assume(json.loads(text))("dynamodb")
    ask = lambda: dynamodb.get_item(TableName=table, Key={"id": {"S": "mine"}})
    if allowed:
        assert "Item" not in ask()
        return
    with refused("AccessDeniedException", f"is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:{aws.region}:{aws.account}:table/{table}", 400):
        ask()


def test_passing_a_role_needs_the_permission_to(aws):
    role = aws.role()["Arn"]
    creator = aws.assume([allow("lambda:*")])
    with refused("AccessDeniedException", f"is not authorized to perform: iam:PassRole on resource: {role}", 403):
        creator("lambda").create_function(
            FunctionName="f", Role=role, Runtime="python3.11", Handler="a.b", Code={"ZipFile": b"PK\x05\x06" + b"\0" * 18}
        )
