"""CloudWatch Logs: groups, streams, events, patterns, retention, following."""

import time

import pytest
from conftest import refused, unique


def now():
    return int(time.time() * 1000)


@pytest.fixture
def logs(aws):
    return aws("logs")


@pytest.fixture
def group(logs):
    name = f"/tests/{unique('group')}"
    logs.create_log_group(logGroupName=name)
    return name


def put(logs, group, stream, messages, begun=None):
    begun = begun or now() - 60_000
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": begun + n, "message": message} for n, message in enumerate(messages)],
    )
    return begun


def test_a_group_from_its_making_to_its_end(logs, aws):
    name = f"/tests/{unique('group')}"
    logs.create_log_group(logGroupName=name, tags={"app": "shop"})
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert [group["logGroupName"] for group in found] == [name]
    arn = f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{name}"
    assert (found[0]["arn"], found[0].get("logGroupArn", arn)) == (f"{arn}:*", arn)
    assert "retentionInDays" not in found[0]
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    logs.tag_resource(resourceArn=arn, tags={"team": "sky"})
    logs.untag_resource(resourceArn=arn, tagKeys=["app"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "sky"}
    with refused("ResourceAlreadyExistsException", "The specified log group already exists", 400):
        logs.create_log_group(logGroupName=name)
    logs.delete_log_group(logGroupName=name)
    with refused("ResourceNotFoundException", "The specified log group does not exist.", 400):
        logs.delete_log_group(logGroupName=name)


def test_streams(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="b")
    logs.create_log_stream(logGroupName=group, logStreamName="a")
    found = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [stream["logStreamName"] for stream in found] == ["a", "b"]
    with refused("ResourceAlreadyExistsException", "The specified log stream already exists", 400):
        logs.create_log_stream(logGroupName=group, logStreamName="a")
    logs.delete_log_stream(logGroupName=group, logStreamName="a")
    with refused("ResourceNotFoundException", "The specified log stream does not exist.", 400):
        logs.get_log_events(logGroupName=group, logStreamName="a")
    with refused("ResourceNotFoundException", "The specified log group does not exist.", 400):
        logs.create_log_stream(logGroupName="/none", logStreamName="a")


def test_events_come_back_in_order_from_either_end(logs, group):
    begun = put(logs, group, "s", [f"m{n}" for n in range(10)])
    first = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True, limit=4)
    assert [event["message"] for event in first["events"]] == ["m0", "m1", "m2", "m3"]
    assert first["events"][0]["timestamp"] == begun
    second = logs.get_log_events(
        logGroupName=group, logStreamName="s", startFromHead=True, nextToken=first["nextForwardToken"]
    )
    assert [event["message"] for event in second["events"]] == ["m4", "m5", "m6", "m7", "m8", "m9"]
    # At the end the token stays the same.
    end = logs.get_log_events(
        logGroupName=group, logStreamName="s", startFromHead=True, nextToken=second["nextForwardToken"]
    )
    assert (end["events"], end["nextForwardToken"]) == ([], second["nextForwardToken"])
    last = logs.get_log_events(logGroupName=group, logStreamName="s", limit=2)
    assert [event["message"] for event in last["events"]] == ["m8", "m9"]
    between = logs.get_log_events(
        logGroupName=group, logStreamName="s", startTime=begun + 2, endTime=begun + 4, startFromHead=True
    )
    assert [event["message"] for event in between["events"]] == ["m2", "m3"]


MESSAGES = [
    "ERROR the kite is gone",
    "INFO the kite is up",
    "ERROR wind 12 kn",
    '{"level": "error", "wind": 12, "where": {"hill": "A"}}',
    '{"level": "info", "wind": 30}',
    '127.0.0.1 - ada [10/Oct/2026] "GET /kites" 404 17',
]
PATTERNS = [
    ("", [0, 1, 2, 3, 4, 5]),
    ("ERROR", [0, 2]),
    ("kite up", [1]),
    ('"kite is up"', [1]),
    ("?gone ?up", [0, 1]),
    ("ERROR -kite", [2]),
    ('{ $.level = "error" }', [3]),
    ("{ $.wind > 12 }", [4]),
    ('{ $.wind >= 12 && $.level = "e*" }', [3]),
    ('{ $.where.hill = "A" || $.wind = 30 }', [3, 4]),
    ("{ $.where.hill NOT EXISTS }", [4]),
    ('[ip, id, user, time, request, status = 4*, size]', [5]),
]


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS)
def test_filter_patterns(logs, group, pattern, expected):
    put(logs, group, "s", MESSAGES)
    found = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    assert [MESSAGES.index(event["message"]) for event in found] == expected


def test_filtering_over_streams_in_pages(logs, group):
    begun = now() - 60_000
    put(logs, group, "a/1", ["x"] * 3, begun)
    put(logs, group, "a/2", ["x"] * 3, begun)
    put(logs, group, "b/1", ["x"] * 3, begun)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNamePrefix="a/", PaginationConfig={"PageSize": 4}
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["logStreamName"] for event in events].count("a/1") == 3
    assert len({event["eventId"] for event in events}) == 6
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)


def test_following_with_a_start_time(logs, group):
    begun = put(logs, group, "s", ["one"])
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": begun + 10, "message": "two"}]
    )
    found = logs.filter_log_events(logGroupName=group, startTime=begun + 1)["events"]
    assert [event["message"] for event in found] == ["two"]


def test_events_out_of_order_or_too_old(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    where = {"logGroupName": group, "logStreamName": "s"}
    events = [{"timestamp": now(), "message": "b"}, {"timestamp": now() - 1000, "message": "a"}]
    with refused("InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.", 400):
        logs.put_log_events(**where, logEvents=events)
    old = now() - 15 * 24 * 3600 * 1000
    reply = logs.put_log_events(
        **where, logEvents=[{"timestamp": old, "message": "old"}, {"timestamp": now(), "message": "new"}]
    )
    assert reply["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] == 1
    found = logs.get_log_events(**where, startFromHead=True)["events"]
    assert [event["message"] for event in found] == ["new"]


REFUSALS = [
    ("create_log_group", {"logGroupName": "a b"}, "InvalidParameterException"),
    ("put_retention_policy", {"logGroupName": "/none", "retentionInDays": 7}, "ResourceNotFoundException"),
    ("put_retention_policy", {"logGroupName": "GROUP", "retentionInDays": 8}, "InvalidParameterException"),
    ("filter_log_events", {"logGroupName": "GROUP", "filterPattern": "{ $.a = "}, "InvalidParameterException"),
    ("filter_log_events", {"logGroupName": "/none"}, "ResourceNotFoundException"),
    ("create_log_stream", {"logGroupName": "GROUP", "logStreamName": "a:b"}, "InvalidParameterException"),
    ("describe_log_streams", {"logGroupName": "/none"}, "ResourceNotFoundException"),
]


@pytest.mark.parametrize(("operation", "arguments", "code"), REFUSALS)
def test_refusals(logs, group, operation, arguments, code):
    arguments = {key: group if value == "GROUP" else value for key, value in arguments.items()}
    with refused(code, status=400):
        getattr(logs, operation)(**arguments)
