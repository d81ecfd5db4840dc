"""CloudWatch: metrics that are put, and those that the engine makes; alarms and dashboards."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from conftest import refused, unique, wait
from engine import until

NOW = datetime.now(timezone.utc).replace(second=0, microsecond=0)
SINCE, TILL = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


@pytest.fixture
def metrics(aws):
    return aws("cloudwatch")


def statistics(metrics, name, dimensions, statistics=("Sum",), namespace="Shop", period=60):
    points = metrics.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=SINCE,
        EndTime=TILL,
        Period=period,
        Statistics=list(statistics),
    )["Datapoints"]
    return sorted(points, key=lambda point: point["Timestamp"])


def test_what_was_put_is_summed_by_period(metrics):
    dimensions = [{"Name": "Stage", "Value": "test"}]
    for minute, value in [(10, 1.0), (10, 3.0), (9, 5.0)]:
        at = NOW - timedelta(minutes=minute)
        metrics.put_metric_data(
            Namespace="Shop",
            MetricData=[{"MetricName": "Orders", "Dimensions": dimensions, "Value": value, "Timestamp": at, "Unit": "Count"}],
        )
    points = statistics(metrics, "Orders", {"Stage": "test"}, ["Sum", "Average", "Minimum", "Maximum", "SampleCount"])
    assert [(p["Sum"], p["Average"], p["Minimum"], p["Maximum"], p["SampleCount"]) for p in points] == [
        (4.0, 2.0, 1.0, 3.0, 2.0),
        (5.0, 5.0, 5.0, 5.0, 1.0),
    ]
    assert points[0]["Timestamp"] == NOW - timedelta(minutes=10)
    assert statistics(metrics, "Orders", {"Stage": "other"}) == []
    assert statistics(metrics, "Orders", {}) == []


def test_values_with_counts_and_statistic_sets(metrics):
    metrics.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Size", "Values": [1.0, 2.0], "Counts": [3.0, 1.0], "Timestamp": NOW},
            {
                "MetricName": "Size",
                "Timestamp": NOW,
                "StatisticValues": {"SampleCount": 2, "Sum": 20, "Minimum": 5, "Maximum": 15},
            },
        ],
    )
    (point,) = statistics(metrics, "Size", {}, ["Sum", "SampleCount", "Maximum"])
    assert (point["Sum"], point["SampleCount"], point["Maximum"]) == (25.0, 6.0, 15.0)


def test_metrics_are_listed(metrics):
    for stage in ("test", "prod"):
        metrics.put_metric_data(
            Namespace="Shop",
            MetricData=[{"MetricName": "Orders", "Dimensions": [{"Name": "Stage", "Value": stage}], "Value": 1}],
        )
    found = metrics.list_metrics(Namespace="Shop", MetricName="Orders")["Metrics"]
    assert sorted(metric["Dimensions"][0]["Value"] for metric in found) == ["prod", "test"]
    only = metrics.list_metrics(Dimensions=[{"Name": "Stage", "Value": "prod"}])["Metrics"]
    assert len(only) == 1


def test_metric_data_with_expressions_of_one_another(metrics):
    for name, value in [("Errors", 2.0), ("Calls", 8.0)]:
        metrics.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": name, "Value": value, "Timestamp": NOW}])

    def query(id, name):
        metric = {"Namespace": "Shop", "MetricName": name}
        return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": id == "e"}

    reply = metrics.get_metric_data(
        MetricDataQueries=[query("e", "Errors"), query("c", "Calls"), {"Id": "rate", "Expression": "e / c * 100"}],
        StartTime=SINCE,
        EndTime=TILL,
    )
    values = {result["Id"]: result["Values"] for result in reply["MetricDataResults"]}
    assert values == {"e": [2.0], "rate": [25.0]}


CODE = {"app.py": "def handler(event, context):\n    if event.get('fail'):\n        raise ValueError('asked to')\n    return 1\n"}


def test_invocations_are_counted_by_function_alias_and_executed_version(aws, metrics):
    name = aws.function(CODE)
    client = aws("lambda")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for fail in (False, True, False):
        aws.invoke(name, {"fail": fail}, Qualifier="live")
    aws.invoke(name, {})

    def sums(metric, dimensions):
        return sum(p["Sum"] for p in statistics(metrics, metric, dimensions, namespace="AWS/Lambda"))

    until(lambda: sums("Invocations", {"FunctionName": name}) == 4)
    live = {"FunctionName": name, "Resource": f"{name}:live"}
    assert sums("Invocations", live) == 3
    assert sums("Errors", live) == 1
    assert sums("Invocations", live | {"ExecutedVersion": "1"}) == 3
    assert sums("Errors", {"FunctionName": name}) == 1
    assert sums("Throttles", {"FunctionName": name}) == 0
    (point,) = statistics(
        metrics, "Duration", {"FunctionName": name}, ["Maximum", "SampleCount"], "AWS/Lambda", period=3600 * 24
    )
    assert point["SampleCount"] == 4
    assert 0 < point["Maximum"] < 10_000


ALARM = {
    "Namespace": "Shop",
    "MetricName": "Failures",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "ignore",
}


def state(metrics, name):
    reply = metrics.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (alarm,) = reply["MetricAlarms"] + reply["CompositeAlarms"]
    return alarm["StateValue"]


def history(metrics, name):
    items = metrics.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    return [item["HistorySummary"] for item in items]


def test_an_alarm_from_its_making_to_its_end(aws, metrics):
    name = unique("alarm")
    metrics.put_metric_alarm(AlarmName=name, **ALARM, Tags=[{"Key": "app", "Value": "shop"}])
    (alarm,) = metrics.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    assert alarm["AlarmArn"] == f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}"
    assert {key: alarm[key] for key in ALARM} == ALARM
    assert (alarm["StateValue"], alarm["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    (found,) = metrics.describe_alarms_for_metric(Namespace="Shop", MetricName="Failures")["MetricAlarms"]
    assert found["AlarmName"] == name

    metrics.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "stage", "Value": "test"}])
    metrics.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["app"])
    tags = metrics.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}]

    for operation, enabled in [(metrics.disable_alarm_actions, False), (metrics.enable_alarm_actions, True)]:
        operation(AlarmNames=[name])
        assert metrics.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"] is enabled
    metrics.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    assert state(metrics, name) == "ALARM"
    metrics.delete_alarms(AlarmNames=[name])
    assert metrics.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    assert history(metrics, name)[-2:] == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f'Alarm "{name}" deleted',
    ]


def test_an_alarm_goes_off_and_invokes_its_function(aws, metrics):
    writes = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n"
    function = aws.function({"app.py": writes})
    arn = aws("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    name = unique("alarm")
    aws("lambda").add_permission(
        FunctionName=function,
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}",
    )
    metric = {"MetricName": name, "Period": 10}
    metrics.put_metric_alarm(AlarmName=name, **ALARM | metric, AlarmActions=[arn])
    metrics.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": name, "Value": 5, "StorageResolution": 1}]
    )
    until(lambda: state(metrics, name) == "ALARM", 30)
    (alarm,) = metrics.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [5.0 (")
    until(lambda: f"Successfully executed action {arn}" in history(metrics, name))

    def events():
        found = aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="alarmData")
        return [json.loads(event["message"]) for event in found["events"]]

    until(events)
    (event,) = events()
    assert (event["source"], event["alarmArn"]) == ("aws.cloudwatch", alarm["AlarmArn"])
    assert event["alarmData"]["state"]["value"] == "ALARM"
    assert event["alarmData"]["previousState"]["value"] == "INSUFFICIENT_DATA"


def test_a_composite_alarm_follows_its_children(metrics):
    child, parent = unique("alarm"), unique("alarm")
    metrics.put_metric_alarm(AlarmName=child, **ALARM)
    metrics.put_composite_alarm(AlarmName=parent, AlarmRule=f'NOT OK("{child}") AND ALARM({child})')
    assert state(metrics, parent) == "OK"
    metrics.set_alarm_state(AlarmName=child, StateValue="ALARM", StateReason="drill")
    assert state(metrics, parent) == "ALARM"
    with refused("ValidationError", "depending on it"):
        metrics.delete_alarms(AlarmNames=[child])
    metrics.delete_alarms(AlarmNames=[parent, child])


def test_dashboards(metrics):
    name = unique("board")
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]})
    assert metrics.put_dashboard(DashboardName=name, DashboardBody=body)["DashboardValidationMessages"] == []
    assert metrics.get_dashboard(DashboardName=name)["DashboardBody"] == body
    (entry,) = metrics.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert entry["Size"] == len(body)
    metrics.delete_dashboards(DashboardNames=[name])
    with refused("ResourceNotFound"):
        metrics.get_dashboard(DashboardName=name)


def test_metrics_that_functions_write_to_their_logs(aws, metrics):
    code = """import json, time
def handler(event, context):
    directive = {"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": [{"Name": "Sold", "Unit": "Count"}]}
    meta = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": meta, "service": context.function_name, "Sold": [2, 3]}))
"""
    name = aws.function({"app.py": code})
    aws.invoke(name, {})
    until(lambda: statistics(metrics, "Sold", {"service": name}))
    (point,) = statistics(metrics, "Sold", {"service": name}, ["Sum", "SampleCount"])
    assert (point["Sum"], point["SampleCount"]) == (5.0, 2.0)


def test_calls_of_a_table_are_counted(aws, metrics):
    table = unique("table")
    tables = aws("dynamodb")
    tables.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    item = {"TableName": table, "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(id)"}
    tables.put_item(**item)
    with refused("ConditionalCheckFailedException"):
        tables.put_item(**item)

    def counted(name, dimensions, statistic):
        points = statistics(metrics, name, dimensions, [statistic], "AWS/DynamoDB")
        return sum(point[statistic] for point in points)

    latency = {"TableName": table, "Operation": "PutItem"}
    until(lambda: counted("SuccessfulRequestLatency", latency, "SampleCount") == 1)
    until(lambda: counted("ConditionalCheckFailedRequests", {"TableName": table}, "Sum") == 1)


def test_executions_of_a_state_machine_are_counted(aws, metrics):
    may = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [may]}
    states = aws("stepfunctions")
    definition = {
        "StartAt": "Choose",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "Fail"}],
                "Default": "Done",
            },
            "Fail": {"Type": "Fail", "Error": "asked"},
            "Done": {"Type": "Succeed"},
        },
    }
    machine = states.create_state_machine(
        name=unique("machine"), definition=json.dumps(definition), roleArn=aws.role(trust)["Arn"]
    )["stateMachineArn"]
    for fail in (False, True, False):
        states.start_execution(stateMachineArn=machine, input=json.dumps({"fail": fail}))

    def counted(name, statistic="Sum"):
        points = statistics(metrics, name, {"StateMachineArn": machine}, [statistic], "AWS/States")
        return sum(point[statistic] for point in points)

    until(lambda: counted("ExecutionsSucceeded") == 2 and counted("ExecutionsFailed") == 1)
    assert counted("ExecutionsStarted") == 3
    assert counted("ExecutionTime", "SampleCount") == 3


def test_alarms_and_dashboards_of_a_stack(aws, metrics):
    stacks = aws("cloudformation")
    name = unique("stack")
    texts = {key: str(value) if isinstance(value, (int, float)) else value for key, value in ALARM.items()}

    def body(threshold, tags):
        return json.dumps(
            {
                "Resources": {
                    "Failing": {
                        "Type": "AWS::CloudWatch::Alarm",
                        "Properties": texts
                        | {
                            "Threshold": threshold,
                            "Dimensions": [{"Name": "Stage", "Value": "test"}],
                            "Tags": [{"Key": key, "Value": "x"} for key in tags],
                        },
                    },
                    "Any": {
                        "Type": "AWS::CloudWatch::CompositeAlarm",
                        "Properties": {"AlarmRule": {"Fn::Sub": "ALARM(${Failing})"}},
                    },
                    "Board": {
                        "Type": "AWS::CloudWatch::Dashboard",
                        "Properties": {"DashboardName": name, "DashboardBody": '{"widgets": []}'},
                    },
                },
                "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Failing", "Arn"]}}},
            }
        )

    stacks.create_stack(StackName=name, TemplateBody=body(1, ["one", "two"]))
    wait(stacks, "stack_create_complete", StackName=name)
    (alarm,) = metrics.describe_alarms(AlarmNamePrefix=f"{name}-Failing-")["MetricAlarms"]
    (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == alarm["AlarmArn"]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1.0, 1)
    stacks.update_stack(StackName=name, TemplateBody=body(9, ["two", "three"]))
    wait(stacks, "stack_update_complete", StackName=name)
    (alarm,) = metrics.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    assert alarm["Threshold"] == 9.0
    tags = metrics.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert sorted(tag["Key"] for tag in tags if not tag["Key"].startswith("aws:")) == ["three", "two"]
    stacks.delete_stack(StackName=name)
    wait(stacks, "stack_delete_complete", StackName=name)
    assert metrics.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"] == []
    assert metrics.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"] == []


REFUSALS = [
    ("put_metric_alarm", ALARM | {"AlarmName": "a", "Period": 15}, "ValidationError"),
    ("put_metric_alarm", ALARM | {"AlarmName": "a", "DatapointsToAlarm": 2}, "ValidationError"),
    ("put_metric_alarm", ALARM | {"AlarmName": "a", "AlarmActions": ["arn:aws:sns:us-east-1:1:t"]}, "ValidationError"),
    ("put_metric_alarm", {"AlarmName": "a"}, "MissingParameter"),
    ("put_composite_alarm", {"AlarmName": "a", "AlarmRule": "ALARM(nobody)"}, "ValidationError"),
    ("put_dashboard", {"DashboardName": "a", "DashboardBody": "{}"}, "InvalidParameterInput"),
    ("describe_alarms", {"AlarmNames": ["a"], "AlarmNamePrefix": "a"}, "InvalidParameterCombination"),
    ("describe_alarms", {"NextToken": "!"}, "InvalidNextToken"),
    ("put_metric_data", {"Namespace": "Shop", "MetricData": [{"MetricName": "x", "Value": float("nan")}]}, "InvalidParameterValue"),
    ("put_metric_data", {"Namespace": "AWS/Shop", "MetricData": [{"MetricName": "x", "Value": 1}]}, "InvalidParameterValue"),
    ("get_metric_statistics", {"Period": 61, "Statistics": ["Sum"]}, "InvalidParameterValue"),
    ("get_metric_statistics", {"Period": 60, "Statistics": ["Sum"], "StartTime": TILL, "EndTime": SINCE}, "InvalidParameterValue"),
    ("get_metric_statistics", {"Period": 60}, "InvalidParameterCombination"),
]


@pytest.mark.parametrize(("operation", "arguments", "code"), REFUSALS)
def test_refusals(metrics, operation, arguments, code):
    if operation == "get_metric_statistics":
        arguments = {"Namespace": "Shop", "MetricName": "x", "StartTime": SINCE, "EndTime": TILL} | arguments
    with refused(code, status=400):
        getattr(metrics, operation)(**arguments)
