"""CloudFormation: what stacks make, take back and leave alone."""

import pytest
from botocore.exceptions import WaiterError
from conftest import LAMBDA_TRUST, refused, unique, wait
from test_cloudformation import GROUP, TABLE, create, outputs, stacks, template  # noqa: F401

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": LAMBDA_TRUST}}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Handler": "index.handler",
        "Runtime": "python3.12",
        "Code": {"ZipFile": "def handler(event, context):\n    return event\n"},
    },
}
IAM = {"Capabilities": ["CAPABILITY_IAM"]}


def policy(action):
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {"PolicyName": "own", "PolicyDocument": document, "Roles": [{"Ref": "Role"}]}
    return {"Type": "AWS::IAM::Policy", "Properties": properties}


def invoke_config(retries):
    properties = {
        "FunctionName": {"Ref": "Function"},
        "Qualifier": "live",
        "MaximumRetryAttempts": retries,
    }
    return {"Type": "AWS::Lambda::EventInvokeConfig", "DependsOn": "Alias", "Properties": properties}


def function_stack(action, retries):
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}
    alias = {
        "Name": "live",
        "FunctionName": {"Ref": "Function"},
        "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
    }
    resources = {
        "Config": invoke_config(retries),
        "Alias": {"Type": "AWS::Lambda::Alias", "Properties": alias},
        "Version": version,
        "Function": FUNCTION,
        "Policy": policy(action),
        "Role": ROLE,
    }
    shown = {"Function": {"Value": {"Ref": "Function"}}, "Role": {"Value": {"Ref": "Role"}}}
    return template(resources, Outputs=shown)


def test_a_function_with_all_about_it_is_made_changed_and_deleted(aws, stacks):  # noqa: F811
    name = create(stacks, function_stack("logs:PutLogEvents", 1), **IAM)
    made = outputs(stacks, name)
    configured = {"FunctionName": made["Function"], "Qualifier": "live"}
    functions, iam = aws("lambda"), aws("iam")
    assert functions.get_function_event_invoke_config(**configured)["MaximumRetryAttempts"] == 1

    stacks.update_stack(StackName=name, TemplateBody=function_stack("s3:GetObject", 0), **IAM)
    wait(stacks, "stack_update_complete", StackName=name)
    assert functions.get_function_event_invoke_config(**configured)["MaximumRetryAttempts"] == 0
    document = iam.get_role_policy(RoleName=made["Role"], PolicyName="own")["PolicyDocument"]
    assert document["Statement"][0]["Action"] == "s3:GetObject"

    # The alias goes before the version it points at, the policy before the role it hangs on.
    stacks.delete_stack(StackName=name)
    wait(stacks, "stack_delete_complete", StackName=name)
    assert functions.list_functions()["Functions"] == []
    with refused("NoSuchEntity"):
        iam.get_role(RoleName=made["Role"])


def test_a_stack_is_deleted_while_it_is_made(aws, stacks):  # noqa: F811
    name = unique("stack")
    tables = {f"Table{number}": TABLE for number in range(60)}
    stack_id = stacks.create_stack(StackName=name, TemplateBody=template(tables))["StackId"]
    stacks.delete_stack(StackName=name)
    wait(stacks, "stack_delete_complete", StackName=stack_id)
    assert aws("dynamodb").list_tables()["TableNames"] == []


def test_what_belongs_to_somebody_else_is_left_alone(aws, stacks):  # noqa: F811
    name = unique("stack")
    aws("logs").create_log_group(logGroupName=f"/stacks/{name}")
    stacks.create_stack(StackName=name, TemplateBody=template({"Group": GROUP}))
    with pytest.raises(WaiterError):
        wait(stacks, "stack_create_complete", StackName=name)
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix="/stacks/")["logGroups"]
    assert group["logGroupName"] == f"/stacks/{name}"


def test_what_was_made_by_half_is_taken_back(aws, stacks):  # noqa: F811
    # The function is made before its concurrency is refused.
    beyond = FUNCTION["Properties"] | {"ReservedConcurrentExecutions": 100000}
    name = unique("stack")
    body = template({"Role": ROLE, "Function": FUNCTION | {"Properties": beyond}})
    stacks.create_stack(StackName=name, TemplateBody=body, **IAM)
    with pytest.raises(WaiterError):
        wait(stacks, "stack_create_complete", StackName=name)
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws("lambda").list_functions()["Functions"] == []


def test_a_name_is_exported_by_one_stack(stacks):  # noqa: F811
    export = unique("export")
    exporting = template({"Group": GROUP}, Outputs={"O": {"Value": "v", "Export": {"Name": export}}})
    first = create(stacks, exporting)
    second = unique("stack")
    stacks.create_stack(StackName=second, TemplateBody=exporting)
    with pytest.raises(WaiterError):
        wait(stacks, "stack_create_complete", StackName=second)
    reasons = [event.get("ResourceStatusReason", "") for event in stacks.describe_stack_events(StackName=second)["StackEvents"]]
    assert any(f"Export with name {export} is already exported by stack {first}." in reason for reason in reasons)


def test_a_stack_under_update_is_not_deleted(stacks):  # noqa: F811
    name = create(stacks, template({"Group": GROUP}))
    many = {"Group": GROUP} | {f"Table{number}": TABLE for number in range(60)}
    stacks.update_stack(StackName=name, TemplateBody=template(many))
    status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    if status == "UPDATE_IN_PROGRESS":
        with refused("ValidationError", "cannot be deleted while in status UPDATE_IN_PROGRESS"):
            stacks.delete_stack(StackName=name)
    wait(stacks, "stack_update_complete", StackName=name)
