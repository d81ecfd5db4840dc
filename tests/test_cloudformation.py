"""CloudFormation: stacks and change sets, intrinsics, outputs, roll back, and SAM's transform."""

import json

import pytest
from botocore.exceptions import WaiterError
from conftest import package, refused, unique, wait
from web import ask


def template(resources, **more):
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources} | more)


TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/stacks/${AWS::StackName}"}}}


@pytest.fixture
def stacks(aws):
    return aws("cloudformation")


def create(stacks, body, **arguments):
    name = unique("stack")
    stacks.create_stack(StackName=name, TemplateBody=body, **arguments)
    wait(stacks, "stack_create_complete", StackName=name)
    return name


def outputs(stacks, name):
    (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def test_a_stack_from_its_making_to_its_end(aws, stacks):
    body = template(
        {"Table": TABLE, "Group": GROUP},
        Description="of a test",
        Parameters={"Stage": {"Type": "String", "Default": "test"}},
        Outputs={
            "Name": {"Value": {"Ref": "Table"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-table"}}},
            "Arn": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}},
            "Stage": {"Value": {"Ref": "Stage"}},
        },
    )
    name = unique("stack")
    id = stacks.create_stack(
        StackName=name,
        TemplateBody=body,
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "prod"}],
        Tags=[{"Key": "app", "Value": "shop"}],
    )["StackId"]
    assert id.startswith(f"arn:aws:cloudformation:{aws.region}:{aws.account}:stack/{name}/")
    wait(stacks, "stack_create_complete", StackName=name)
    (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
    assert (stack["StackId"], stack["StackStatus"], stack["Description"]) == (id, "CREATE_COMPLETE", "of a test")
    assert stack["Tags"] == [{"Key": "app", "Value": "shop"}]
    table = outputs(stacks, name)["Name"]
    assert table.startswith(f"{name}-Table-")
    assert outputs(stacks, name)["Arn"] == f"arn:aws:dynamodb:{aws.region}:{aws.account}:table/{table}"
    assert outputs(stacks, name)["Stage"] == "prod"
    assert aws("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"
    assert [export["Name"] for export in stacks.list_exports()["Exports"]] == [f"{name}-table"]

    resources = stacks.describe_stack_resources(StackName=name)["StackResources"]
    assert {r["LogicalResourceId"]: r["ResourceStatus"] for r in resources} == {
        "Table": "CREATE_COMPLETE",
        "Group": "CREATE_COMPLETE",
    }
    detail = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Table")["StackResourceDetail"]
    assert (detail["PhysicalResourceId"], detail["ResourceType"]) == (table, "AWS::DynamoDB::Table")
    listed = stacks.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert len(listed) == 2
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    assert (events[0]["LogicalResourceId"], events[0]["ResourceStatus"]) == (name, "CREATE_COMPLETE")
    assert (events[-1]["LogicalResourceId"], events[-1]["ResourceStatus"]) == (name, "CREATE_IN_PROGRESS")
    assert stacks.get_template(StackName=name)["TemplateBody"] == json.loads(body)
    assert name in [s["StackName"] for s in stacks.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]]
    with refused("AlreadyExistsException", f"Stack [{name}] already exists", 400):
        stacks.create_stack(StackName=name, TemplateBody=body)

    stacks.delete_stack(StackName=name)
    wait(stacks, "stack_delete_complete", StackName=id)
    with refused("ValidationError", f"Stack with id {name} does not exist", 400):
        stacks.describe_stacks(StackName=name)
    (gone,) = stacks.describe_stacks(StackName=id)["Stacks"]
    assert gone["StackStatus"] == "DELETE_COMPLETE"
    assert aws("dynamodb").list_tables()["TableNames"] == []


INTRINSICS = [
    ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}, "c"]]}, "a-{region}-c"),
    ({"Fn::Sub": ["${x}/${AWS::AccountId}/${!y}", {"x": "1"}]}, "1/{account}/${y}"),
    ({"Fn::Select": [1, {"Fn::Split": [",", "a,b,c"]}]}, "b"),
    ({"Fn::FindInMap": ["Sizes", "prod", "memory"]}, "512"),
    ({"Fn::If": ["IsProd", "yes", "no"]}, "yes"),
    ({"Fn::Base64": "hello"}, "aGVsbG8="),
    ({"Ref": "AWS::Partition"}, "aws"),
    ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
    ({"Fn::If": ["Both", {"Ref": "AWS::StackName"}, "no"]}, "no"),
    ({"Ref": "List"}, None),
]


def test_intrinsics(aws, stacks):
    body = template(
        {"Group": GROUP},
        Parameters={"Stage": {"Type": "String", "Default": "prod"}, "List": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        Mappings={"Sizes": {"prod": {"memory": 512}}},
        Conditions={
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Not": [{"Condition": "IsProd"}]}]},
        },
        Outputs={
            f"O{n}": {"Value": value} for n, (value, expected) in enumerate(INTRINSICS) if expected is not None
        }
        | {"L": {"Value": {"Fn::Join": ["+", {"Ref": "List"}]}}, "Not": {"Condition": "Both", "Value": "x"}},
    )
    found = outputs(stacks, create(stacks, body))
    for n, (value, expected) in enumerate(INTRINSICS):
        if expected is not None:
            expected = expected.replace("{region}", aws.region).replace("{account}", aws.account)
            assert found[f"O{n}"] == expected, value
    assert found["L"] == "a+b"
    assert "Not" not in found


def test_an_update_changes_what_changed_and_nothing_else(aws, stacks):
    name = create(stacks, template({"Table": TABLE, "Group": GROUP}))
    before = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Table")["StackResourceDetail"]
    changed = GROUP | {"Properties": GROUP["Properties"] | {"RetentionInDays": 7}}
    stacks.update_stack(StackName=name, TemplateBody=template({"Table": TABLE, "Group": changed}))
    wait(stacks, "stack_update_complete", StackName=name)
    group = aws("logs").describe_log_groups(logGroupNamePrefix=f"/stacks/{name}")["logGroups"][0]
    assert group["retentionInDays"] == 7
    after = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Table")["StackResourceDetail"]
    assert after["PhysicalResourceId"] == before["PhysicalResourceId"]
    with refused("ValidationError", "No updates are to be performed.", 400):
        stacks.update_stack(StackName=name, TemplateBody=template({"Table": TABLE, "Group": changed}))
    stacks.update_stack(StackName=name, TemplateBody=template({"Group": changed}))
    wait(stacks, "stack_update_complete", StackName=name)
    assert aws("dynamodb").list_tables()["TableNames"] == []


BROKEN = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "x"}}}


def test_a_stack_that_cannot_be_made_is_taken_back(aws, stacks):
    name = unique("stack")
    body = template({"Group": GROUP, "Broken": BROKEN | {"DependsOn": "Group"}})
    stacks.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    with pytest.raises(WaiterError):
        wait(stacks, "stack_create_complete", StackName=name)
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    failed = [e for e in stacks.describe_stack_events(StackName=name)["StackEvents"] if e["ResourceStatus"] == "CREATE_FAILED"]
    assert "Broken" in [event["LogicalResourceId"] for event in failed]
    assert all(event["ResourceStatusReason"] for event in failed)
    assert aws("logs").describe_log_groups(logGroupNamePrefix="/stacks/")["logGroups"] == []


def test_an_update_that_fails_leaves_the_last_good_state(aws, stacks):
    name = create(stacks, template({"Group": GROUP}))
    changed = GROUP | {"Properties": GROUP["Properties"] | {"RetentionInDays": 7}}
    stacks.update_stack(
        StackName=name,
        TemplateBody=template({"Group": changed, "Broken": BROKEN | {"DependsOn": "Group"}}),
        Capabilities=["CAPABILITY_IAM"],
    )
    with pytest.raises(WaiterError):
        wait(stacks, "stack_update_complete", StackName=name)
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].startswith("UPDATE_ROLLBACK")
    wait(stacks, "stack_rollback_complete", StackName=name)
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    group = aws("logs").describe_log_groups(logGroupNamePrefix=f"/stacks/{name}")["logGroups"][0]
    assert "retentionInDays" not in group


def test_change_sets(aws, stacks):
    name = unique("stack")
    made = stacks.create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template({"Group": GROUP})
    )
    wait(stacks, "change_set_create_complete", StackName=name, ChangeSetName="first")
    found = stacks.describe_change_set(ChangeSetName=made["Id"])
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    (change,) = found["Changes"]
    assert (change["ResourceChange"]["Action"], change["ResourceChange"]["LogicalResourceId"]) == ("Add", "Group")
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert [s["ChangeSetName"] for s in stacks.list_change_sets(StackName=name)["Summaries"]] == ["first"]
    stacks.execute_change_set(StackName=name, ChangeSetName="first")
    wait(stacks, "stack_create_complete", StackName=name)

    stacks.create_change_set(StackName=name, ChangeSetName="none", TemplateBody=template({"Group": GROUP}))
    with pytest.raises(WaiterError):
        wait(stacks, "change_set_create_complete", StackName=name, ChangeSetName="none")
    empty = stacks.describe_change_set(StackName=name, ChangeSetName="none")
    assert (empty["Status"], empty["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert empty["StatusReason"].startswith("The submitted information didn't contain changes.")
    stacks.delete_change_set(StackName=name, ChangeSetName="none")
    with refused("ChangeSetNotFound", "ChangeSet [none] does not exist", 404):
        stacks.describe_change_set(StackName=name, ChangeSetName="none")

    stacks.create_change_set(StackName=name, ChangeSetName="both", TemplateBody=template({"Table": TABLE}))
    wait(stacks, "change_set_create_complete", StackName=name, ChangeSetName="both")
    changes = stacks.describe_change_set(StackName=name, ChangeSetName="both")["Changes"]
    assert {(c["ResourceChange"]["Action"], c["ResourceChange"]["LogicalResourceId"]) for c in changes} == {
        ("Add", "Table"),
        ("Remove", "Group"),
    }


def test_templates_are_checked_and_summed_up(stacks):
    body = template(
        {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}},
        Description="d",
        Parameters={"P": {"Type": "Number", "Default": 3}},
    )
    checked = stacks.validate_template(TemplateBody=body)
    assert checked["Capabilities"] == ["CAPABILITY_IAM"]
    assert (checked["Parameters"][0]["ParameterKey"], checked["Description"]) == ("P", "d")
    summary = stacks.get_template_summary(TemplateBody=body)
    assert summary["ResourceTypes"] == ["AWS::IAM::Role"]


def test_an_update_is_cancelled_only_while_it_goes_on(stacks):
    name = create(stacks, template({"Group": GROUP}))
    with refused("ValidationError", "CancelUpdateStack cannot be called from current stack status", 400):
        stacks.cancel_update_stack(StackName=name)
    # Enough to make that the call comes while it goes on; when it does not, once more.
    many = {"Group": GROUP} | {f"Table{n}": TABLE for n in range(100)}
    for _ in range(10):
        stacks.update_stack(StackName=name, TemplateBody=template(many))
        try:
            stacks.cancel_update_stack(StackName=name)
            break
        except stacks.exceptions.ClientError:
            wait(stacks, "stack_update_complete", StackName=name)
            stacks.update_stack(StackName=name, TemplateBody=template({"Group": GROUP}))
            wait(stacks, "stack_update_complete", StackName=name)
    else:
        pytest.fail("no update could be cancelled in ten tries")
    wait(stacks, "stack_rollback_complete", StackName=name)


REFUSALS = [
    ("{", "Template format error"),
    (template({}), "At least one Resources member must be defined"),
    (template({"A": {"Type": "AWS::No::Such"}}), "Unrecognized resource types: [AWS::No::Such]"),
    (template({"A": GROUP}, Outputs={"O": {"Value": {"Ref": "Missing"}}}), "Unresolved resource dependencies [Missing] in the Outputs block of the template"),
    (template({"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Missing"}}}}), "Unresolved resource dependencies [Missing] in the Resources block of the template"),
    (template({"A": GROUP | {"DependsOn": "B"}, "B": GROUP | {"DependsOn": "A"}}), "Circular dependency between resources"),
    (template({"A": GROUP}, Parameters={"P": {"Type": "String"}}), "Parameters: [P] must have values"),
]


@pytest.mark.parametrize(("body", "message"), REFUSALS)
def test_templates_that_are_wrong(stacks, body, message):
    with refused("ValidationError", message, 400):
        stacks.create_stack(StackName=unique("stack"), TemplateBody=body)


def test_roles_need_the_capability(stacks):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    with refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]", 400):
        stacks.create_stack(StackName=unique("stack"), TemplateBody=template({"R": role}))


def test_a_sam_template(aws, stacks):
    bucket = unique("code")
    aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    code = "import os\ndef handler(e, c): return os.environ['STAGE'] + ' ' + c.function_version + ' ' + e['rawPath']"

    def deploy(key, text):
        aws("s3").put_object(Bucket=bucket, Key=key, Body=package({"app.py": text}))
        return template(
            {
                "Function": {
                    "Type": "AWS::Serverless::Function",
                    "Properties": {
                        "CodeUri": f"s3://{bucket}/{key}",
                        "Handler": "app.handler",
                        "AutoPublishAlias": "live",
                        "Policies": [{"DynamoDBReadPolicy": {"TableName": {"Ref": "Table"}}}],
                        "Events": {"All": {"Type": "HttpApi", "Properties": {"Path": "/{path+}", "Method": "GET"}}},
                    },
                },
                "Table": {"Type": "AWS::Serverless::SimpleTable"},
            },
            Transform="AWS::Serverless-2016-10-31",
            Globals={"Function": {"Runtime": "python3.11", "Environment": {"Variables": {"STAGE": "test"}}}},
            Outputs={
                "Api": {"Value": {"Ref": "ServerlessHttpApi"}},
                "Name": {"Value": {"Ref": "Function"}},
                "Version": {"Value": {"Ref": "Function.Version"}},
                "Alias": {"Value": {"Ref": "Function.Alias"}},
            },
        )

    name = unique("sam")
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    first = deploy("1.zip", code)
    stacks.create_stack(StackName=name, TemplateBody=first, Capabilities=capabilities)
    wait(stacks, "stack_create_complete", StackName=name)
    found = outputs(stacks, name)
    assert found["Alias"].endswith(f":{found['Name']}:live")
    assert found["Version"].endswith(f":{found['Name']}:1")
    url = f"http://{found['Api']}.execute-api.localhost:{aws.url.rsplit(':', 1)[1]}"
    assert ask(f"{url}/a/b").text == "test 1 /a/b"
    kinds = [r["ResourceType"] for r in stacks.list_stack_resources(StackName=name)["StackResourceSummaries"]]
    assert {"AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::IAM::Role"} <= set(kinds)
    assert not [kind for kind in kinds if kind.startswith("AWS::Serverless")]
    stages = {stage: stacks.get_template(StackName=name, TemplateStage=stage)["TemplateBody"] for stage in ("Original", "Processed")}
    assert "Transform" in stages["Original"]
    assert "Transform" not in stages["Processed"]

    stacks.update_stack(StackName=name, TemplateBody=deploy("2.zip", code + " + '!'"), Capabilities=capabilities)
    wait(stacks, "stack_update_complete", StackName=name)
    assert ask(f"{url}/a").text == "test 2 /a!"
    versions = aws("lambda").list_versions_by_function(FunctionName=found["Name"])["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"], "the old version is kept"
    stacks.delete_stack(StackName=name)
    wait(stacks, "stack_delete_complete", StackName=name)
    assert aws("lambda").list_functions()["Functions"] == []
