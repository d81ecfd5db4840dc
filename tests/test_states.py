"""Step Functions: machines, executions, tasks, callbacks, maps, and what survives SIGKILL."""

import json
import time

import pytest
from conftest import Aws, allow, refused, unique
from engine import Engine, until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
PASS = {"Type": "Pass", "End": True}
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def definition(first="Only", **states):
    return json.dumps({"StartAt": first, "States": states or {"Only": PASS}})


def create(aws, text=None, statements=(), **more):
    """A new machine; its ARN."""
    role = aws.role(TRUST, statements)["Arn"]
    made = aws("stepfunctions").create_state_machine(
        name=unique("machine"), definition=text or definition(), roleArn=role, **more
    )
    return made["stateMachineArn"]


def ended(sfn, arn):
    until(lambda: sfn.describe_execution(executionArn=arn)["status"] in ENDED)
    return sfn.describe_execution(executionArn=arn)


def run(aws, machine, data=None, **more):
    sfn = aws("stepfunctions")
    started = sfn.start_execution(stateMachineArn=machine, input=json.dumps(data or {}), **more)
    return ended(sfn, started["executionArn"])


def types(sfn, arn):
    return [event["type"] for event in sfn.get_execution_history(executionArn=arn)["events"]]


def test_a_machine_is_made_shown_changed_and_deleted(aws):
    sfn = aws("stepfunctions")
    arn = create(aws, tags=[{"key": "team", "value": "shop"}])
    shown = sfn.describe_state_machine(stateMachineArn=arn)
    assert (shown["type"], shown["status"], "revisionId" in shown) == ("STANDARD", "ACTIVE", False)
    changed = definition(Only=PASS | {"Result": 7})
    revision = sfn.update_state_machine(stateMachineArn=arn, definition=changed)["revisionId"]
    shown = sfn.describe_state_machine(stateMachineArn=arn)
    assert (shown["definition"], shown["revisionId"]) == (changed, revision)
    assert arn in [one["stateMachineArn"] for one in sfn.list_state_machines()["stateMachines"]]
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "dev"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "stage", "value": "dev"}]
    sfn.delete_state_machine(stateMachineArn=arn)
    with refused("StateMachineDoesNotExist"):
        sfn.describe_state_machine(stateMachineArn=arn)


def test_what_is_wrong_with_a_definition_is_told_with_its_place(aws):
    sfn = aws("stepfunctions")
    wrong = definition("One", One={"Type": "Pass", "Next": "Nowhere"})
    place = "Missing 'Next' target: Nowhere at /States/One/Next"
    with refused("InvalidDefinition", place):
        create(aws, wrong)
    found = sfn.validate_state_machine_definition(definition=wrong)
    assert found["result"] == "FAIL"
    assert found["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"
    assert sfn.validate_state_machine_definition(definition=definition())["result"] == "OK"
    with refused("InvalidArn"):
        sfn.describe_state_machine(stateMachineArn="nothing")


def test_an_execution_is_idempotent_by_its_name_and_has_its_history(aws):
    sfn = aws("stepfunctions")
    arn = create(aws, definition("Wait", Wait={"Type": "Wait", "Seconds": 60, "End": True}))
    first = sfn.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    again = sfn.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    assert (first["executionArn"], first["startDate"]) == (again["executionArn"], again["startDate"])
    with refused("ExecutionAlreadyExists"):
        sfn.start_execution(stateMachineArn=arn, name="once", input='{"a": 2}')
    with refused("InvalidExecutionInput"):
        sfn.start_execution(stateMachineArn=arn, input="{")
    execution = first["executionArn"]
    shown = sfn.describe_state_machine_for_execution(executionArn=execution)
    assert shown["stateMachineArn"] == arn
    sfn.stop_execution(executionArn=execution, error="Enough", cause="tested")
    described = sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "tested")
    listed = sfn.list_executions(stateMachineArn=arn, statusFilter="ABORTED")["executions"]
    assert [one["name"] for one in listed] == ["once"]
    page = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)
    assert page["events"][0]["type"] == "ExecutionAborted"
    rest = sfn.get_execution_history(executionArn=execution, reverseOrder=True, nextToken=page["nextToken"])
    assert [event["type"] for event in rest["events"]] == ["WaitStateEntered", "ExecutionStarted"]
    bare = sfn.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_tasks_call_as_the_machines_role_and_no_further(aws):
    function = aws.function({"app.py": "def handler(event, context):\n    return {'got': event['n'] + 1}\n"})
    invoke = {"FunctionName": function, "Payload.$": "$"}
    text = definition(
        "Call", Call={"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": invoke,
                      "OutputPath": "$.Payload", "End": True}
    )
    may = create(aws, text, [allow("lambda:InvokeFunction")])
    assert json.loads(run(aws, may, {"n": 1})["output"]) == {"got": 2}
    may_not = run(aws, create(aws, text, [allow("s3:GetObject")]), {"n": 1})
    assert (may_not["status"], may_not["error"]) == ("FAILED", "Lambda.AccessDeniedException")


def test_errors_are_retried_caught_and_redriven(aws):
    sfn = aws("stepfunctions")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Parameters": {"TableName": "absent", "Key": {"id": {"S": "1"}}},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
    }
    caught = task | {"Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Mend"}], "Next": "Mend"}
    described = run(aws, create(aws, definition("Try", Try=caught, Mend=PASS), [allow("dynamodb:*")]))
    assert json.loads(described["output"])["Error"] == "DynamoDB.ResourceNotFoundException"
    assert types(sfn, described["executionArn"]).count("TaskFailed") == 2

    machine = create(aws, definition("Try", Try=task | {"End": True}), [allow("dynamodb:*")])
    failed = run(aws, machine)
    assert (failed["status"], failed["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    sfn.redrive_execution(executionArn=failed["executionArn"])
    again = ended(sfn, failed["executionArn"])
    assert again["redriveCount"] == 1
    assert "ExecutionRedriven" in types(sfn, failed["executionArn"])
    done = run(aws, create(aws))
    with refused("ExecutionNotRedrivable"):
        sfn.redrive_execution(executionArn=done["executionArn"])


def test_versions_and_aliases_route_executions(aws):
    sfn = aws("stepfunctions")
    machine = create(aws, definition(Only=PASS | {"Result": 1}), publish=True)
    two = sfn.update_state_machine(stateMachineArn=machine, definition=definition(Only=PASS | {"Result": 2}))
    published = sfn.publish_state_machine_version(stateMachineArn=machine, revisionId=two["revisionId"])
    second = published["stateMachineVersionArn"]
    first = f"{machine}:1"
    alias = sfn.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": first, "weight": 100}]
    )["stateMachineAliasArn"]
    assert run(aws, alias)["output"] == "1"
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": second, "weight": 100}]
    )
    routed = run(aws, alias)
    assert (routed["output"], routed["stateMachineAliasArn"]) == ("2", alias)
    shown = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert shown["routingConfiguration"] == [{"stateMachineVersionArn": second, "weight": 100}]
    assert len(sfn.list_state_machine_aliases(stateMachineArn=machine)["stateMachineAliases"]) == 1
    versions = sfn.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in versions] == [second, first]
    with refused("ConflictException"):
        sfn.delete_state_machine_version(stateMachineVersionArn=second)
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=second)


@pytest.fixture
def activity(aws):
    sfn = aws("stepfunctions")
    arn = sfn.create_activity(name=unique("work"))["activityArn"]
    assert sfn.describe_activity(activityArn=arn)["activityArn"] == arn
    assert arn in [one["activityArn"] for one in sfn.list_activities()["activities"]]
    yield arn
    sfn.delete_activity(activityArn=arn)


def test_workers_take_tasks_and_send_results_back(aws, activity):
    sfn = aws("stepfunctions")
    work = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 30, "TimeoutSeconds": 60, "End": True}
    machine = create(aws, definition("Work", Work=work))
    arn = sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
    task = sfn.get_activity_task(activityArn=activity, workerName="tester")
    assert json.loads(task["input"]) == {"n": 1}
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    with refused("InvalidOutput"):
        sfn.send_task_success(taskToken=task["taskToken"], output="{")
    sfn.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    assert json.loads(ended(sfn, arn)["output"]) == {"done": True}
    with refused("TaskTimedOut"):
        sfn.send_task_success(taskToken=task["taskToken"], output="{}")
    with refused("InvalidToken"):
        sfn.send_task_heartbeat(taskToken="none")
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    task = sfn.get_activity_task(activityArn=activity)
    sfn.send_task_failure(taskToken=task["taskToken"], error="Broken", cause="tested")
    failed = ended(sfn, arn)
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Broken", "tested")


def test_an_express_execution_is_waited_for(aws):
    sfn = aws("stepfunctions")
    machine = create(aws, definition(Only=PASS | {"Result": {"ok": True}}), type="EXPRESS")
    done = sfn.start_sync_execution(stateMachineArn=machine, input="{}")
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"ok": True})
    with refused("StateMachineTypeNotSupported"):
        sfn.start_sync_execution(stateMachineArn=create(aws))


def test_maps_run_their_items_inside_and_in_children(aws):
    sfn = aws("stepfunctions")
    processor = {"StartAt": "Item", "States": {"Item": PASS}}
    inline = {"Type": "Map", "ItemProcessor": processor, "End": True}
    assert json.loads(run(aws, create(aws, definition("Map", Map=inline)), [1, 2, 3])["output"]) == [1, 2, 3]
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    spread = inline | {"ItemProcessor": processor | config, "Label": "spread", "MaxConcurrency": 2}
    done = run(aws, create(aws, definition("Map", Map=spread)), [1, 2, 3])
    assert json.loads(done["output"]) == [1, 2, 3]
    (one,) = sfn.list_map_runs(executionArn=done["executionArn"])["mapRuns"]
    shown = sfn.describe_map_run(mapRunArn=one["mapRunArn"])
    assert (shown["status"], shown["itemCounts"]["succeeded"]) == ("SUCCEEDED", 3)
    assert len(sfn.list_executions(mapRunArn=one["mapRunArn"])["executions"]) == 3
    sfn.update_map_run(mapRunArn=one["mapRunArn"], maxConcurrency=5)
    assert sfn.describe_map_run(mapRunArn=one["mapRunArn"])["maxConcurrency"] == 5


def test_a_single_state_is_tested_with_a_mocked_answer(aws):
    state = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "ResultPath": "$.row", "Next": "More",
             "Parameters": {"TableName": "t", "Key": {"id": {"S.$": "$.id"}}}}
    tested = aws("stepfunctions").test_state(
        definition=json.dumps(state), input='{"id": "7"}', inspectionLevel="DEBUG", mock={"result": '{"Item": {}}'}
    )
    assert (tested["status"], tested["nextState"]) == ("SUCCEEDED", "More")
    assert json.loads(tested["output"]) == {"id": "7", "row": {"Item": {}}}
    assert json.loads(tested["inspectionData"]["afterParameters"])["Key"] == {"id": {"S": "7"}}


def test_child_executions_are_waited_for(aws):
    child = create(aws, definition(Only=PASS | {"Result": {"n": 1}}))
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
             "Parameters": {"StateMachineArn": child}, "OutputPath": "$.Output"}
    parent = create(aws, definition("Start", Start=start), [allow("states:*")])
    assert json.loads(run(aws, parent)["output"]) == {"n": 1}


def test_executions_go_on_after_sigkill(tmp_path):
    engine = Engine(tmp_path / "data").start()
    try:
        aws = Aws(engine.url, "246813579001")
        sfn = aws("stepfunctions")
        machine = create(aws, definition("Wait", Wait={"Type": "Wait", "Seconds": 3, "Next": "Only"}, Only=PASS))
        begun = time.monotonic()
        arns = [
            sfn.start_execution(stateMachineArn=machine, input=json.dumps({"n": n}))["executionArn"]
            for n in range(20)
        ]
        engine.kill()
        sfn = Aws(engine.start().url, "246813579001")("stepfunctions")
        for n, arn in enumerate(arns):
            done = ended(sfn, arn)
            assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"n": n})
            assert types(sfn, arn) == [
                "ExecutionStarted", "WaitStateEntered", "WaitStateExited", "PassStateEntered", "PassStateExited",
                "ExecutionSucceeded",
            ]
        assert time.monotonic() - begun < 60
    finally:
        engine.kill()
