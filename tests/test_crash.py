"""What was acknowledged is there after SIGKILL, and what was begun is finished."""

import json
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import REGION, Aws, package, wait
from engine import Engine, until

ROUNDS = 4
WRITERS = 4
ACCOUNT = "246813579000"


@pytest.fixture
def own(tmp_path):
    """An engine of this test's own."""
    engine = Engine(tmp_path / "data").start()
    yield engine
    engine.kill()


def clients(engine):
    return Aws(engine.url, ACCOUNT)


def again(engine):
    """Killed and started again on the same data."""
    engine.kill()
    return clients(engine.start())


def write(aws, writer, acknowledged, stop):
    """Writes to a table, a bucket and a log until the engine is gone; notes what it was told is done."""
    dynamo, s3, logs = aws("dynamodb"), aws("s3"), aws("logs")
    n = 0
    while not stop.is_set():
        key = f"{writer}-{n}"
        n += 1
        try:
            dynamo.put_item(TableName="kept", Item={"id": {"S": key}, "n": {"N": str(n)}})
            acknowledged.append(("item", key))
            s3.put_object(Bucket="kept-objects", Key=key, Body=key.encode() * 1000)
            acknowledged.append(("object", key))
            event = {"timestamp": int(time.time() * 1000), "message": key}
            logs.put_log_events(logGroupName="/kept", logStreamName=str(writer), logEvents=[event])
            acknowledged.append(("event", key))
        except (HTTPClientError, BotoCoreError, ClientError):
            return


def prepare(aws):
    aws("dynamodb").create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    wait(aws("dynamodb"), "table_exists", TableName="kept")
    aws("s3").create_bucket(Bucket="kept-objects", CreateBucketConfiguration={"LocationConstraint": REGION})
    aws("logs").create_log_group(logGroupName="/kept")
    for writer in range(WRITERS * ROUNDS):
        aws("logs").create_log_stream(logGroupName="/kept", logStreamName=str(writer))


def test_every_acknowledged_write_outlives_the_engine(own):
    aws = clients(own)
    prepare(aws)
    acknowledged = []
    for turn in range(ROUNDS):
        stop = threading.Event()
        threads = [
            threading.Thread(target=write, args=(aws, turn * WRITERS + n, acknowledged, stop)) for n in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 20)
        time.sleep(random.uniform(0, 0.5))
        own.kill()
        stop.set()
        for thread in threads:
            thread.join()
        aws = clients(own.start())
    pages = aws("dynamodb").get_paginator("scan").paginate(TableName="kept")
    found = {("item", item["id"]["S"]) for page in pages for item in page["Items"]}
    pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket="kept-objects")
    found |= {("object", item["Key"]) for page in pages for item in page.get("Contents", [])}
    pages = aws("logs").get_paginator("filter_log_events").paginate(logGroupName="/kept")
    found |= {("event", event["message"]) for page in pages for event in page["events"]}
    assert sorted(set(acknowledged) - found) == []
    assert len(acknowledged) > 20 * ROUNDS
    # Nothing is half there: what is listed can be read, whole.
    for kind, key in random.sample(sorted(found), min(100, len(found))):
        if kind == "object":
            assert aws("s3").get_object(Bucket="kept-objects", Key=key)["Body"].read() == key.encode() * 1000


def test_a_stack_that_was_begun_is_finished(own):
    aws = clients(own)
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    }
    body = json.dumps({"Resources": {f"Table{n}": table for n in range(40)}})
    aws("cloudformation").create_stack(StackName="begun", TemplateBody=body)
    aws = again(own)
    wait(aws("cloudformation"), "stack_create_complete", StackName="begun")
    assert len(aws("dynamodb").list_tables()["TableNames"]) == 40


def test_functions_versions_and_split_aliases_are_as_they_were(own):
    aws = clients(own)
    name = aws.function({"app.py": "def handler(e, c): return c.function_version"})
    client = aws("lambda")
    client.publish_version(FunctionName=name)
    alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName=name, ZipFile=package({"app.py": "def handler(e, c): return 'new'"}))
    wait(client, "function_updated_v2", FunctionName=name)
    client.publish_version(FunctionName=name)
    split = client.update_alias(
        FunctionName=name,
        Name="live",
        RevisionId=alias["RevisionId"],
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    aws = again(own)
    found = aws("lambda").get_alias(FunctionName=name, Name="live")
    for key in ("FunctionVersion", "RoutingConfig", "RevisionId"):
        assert found[key] == split[key]
    assert aws.invoke(name, {}, Qualifier="1")[1] == "1"


def test_an_event_that_was_taken_is_handled(own):
    aws = clients(own)
    name = aws.function({"app.py": "def handler(e, c): print('handled', e['n'])"})
    for n in range(20):
        aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"n": n}).encode())
    aws = again(own)
    logs = aws("logs")

    def handled():
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=f"/aws/lambda/{name}", filterPattern="handled"
            )
            return {int(event["message"].split()[1]) for page in pages for event in page["events"]}
        except logs.exceptions.ResourceNotFoundException:
            return set()

    # What was under way when the engine ended is tried again after a minute, as any failed event is.
    until(lambda: handled() == set(range(20)), secs=200)


def test_a_graceful_stop_answers_what_it_has_taken(own):
    aws = clients(own)
    name = aws.function({"app.py": "import time\ndef handler(e, c): time.sleep(4); return 'slept'"}, Timeout=10)
    client = aws("lambda")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(client.invoke(FunctionName=name)["Payload"].read()))
    thread.start()
    time.sleep(2)
    own.stop()
    thread.join()
    assert answers == [b'"slept"']
    assert own.process.returncode == 0
