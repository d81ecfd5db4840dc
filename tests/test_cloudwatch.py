"""CloudWatch: metrics that are put, and those that Lambda's invocations make."""

from datetime import datetime, timedelta, timezone

import pytest
from conftest import refused
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


REFUSALS = [
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
