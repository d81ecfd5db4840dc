"""DynamoDB: tables with indexes, items, expressions, pages, batches and transactions."""

from decimal import Decimal

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from conftest import refused, unique, wait

S = TypeSerializer()
D = TypeDeserializer()


def wire(values):
    return {name: S.serialize(value) for name, value in values.items()}


def plain(item):
    return {name: D.deserialize(value) for name, value in item.items()}


def create(aws, *, sort=False, index=False, **more):
    """A table with the key id, or id and at; with the index byCategory over category and price."""
    name = unique("table")
    attributes = {"id": "S"}
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    if sort:
        attributes["at"] = "N"
        keys.append({"AttributeName": "at", "KeyType": "RANGE"})
    if index:
        attributes |= {"category": "S", "price": "N"}
        more["GlobalSecondaryIndexes"] = [
            {
                "IndexName": "byCategory",
                "KeySchema": [
                    {"AttributeName": "category", "KeyType": "HASH"},
                    {"AttributeName": "price", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
            }
        ]
    client = aws("dynamodb")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in attributes.items()],
        **more,
    )
    wait(client, "table_exists", TableName=name)
    return name


@pytest.fixture
def dynamo(aws):
    return aws("dynamodb")


@pytest.fixture
def table(aws):
    return create(aws)


def test_a_table_from_its_making_to_its_end(aws, dynamo):
    name = create(aws, sort=True, index=True, Tags=[{"Key": "app", "Value": "shop"}])
    found = dynamo.describe_table(TableName=name)["Table"]
    assert found["TableArn"] == f"arn:aws:dynamodb:{aws.region}:{aws.account}:table/{name}"
    assert (found["TableStatus"], found["ItemCount"]) == ("ACTIVE", 0)
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    index = found["GlobalSecondaryIndexes"][0]
    assert (index["IndexName"], index["IndexStatus"]) == ("byCategory", "ACTIVE")
    assert index["IndexArn"] == f"{found['TableArn']}/index/byCategory"
    assert dynamo.list_tables()["TableNames"] == [name]
    assert dynamo.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"] == [{"Key": "app", "Value": "shop"}]
    dynamo.tag_resource(ResourceArn=found["TableArn"], Tags=[{"Key": "b", "Value": "2"}])
    dynamo.untag_resource(ResourceArn=found["TableArn"], TagKeys=["app"])
    assert dynamo.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"] == [{"Key": "b", "Value": "2"}]
    with refused("ResourceInUseException", f"Table already exists: {name}", 400):
        dynamo.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
    dynamo.delete_table(TableName=name)
    wait(dynamo, "table_not_exists", TableName=name)
    with refused("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found", 400):
        dynamo.describe_table(TableName=name)
    with refused("ResourceNotFoundException", "Requested resource not found", 400):
        dynamo.get_item(TableName=name, Key=wire({"id": "a"}))


def test_an_index_is_added_and_removed(aws, dynamo, table):
    dynamo.put_item(TableName=table, Item=wire({"id": "a", "kind": "kite"}))
    dynamo.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "kind", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "byKind",
                    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    wait(dynamo, "table_exists", TableName=table)
    from engine import until

    until(lambda: dynamo.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")
    found = dynamo.query(
        TableName=table,
        IndexName="byKind",
        KeyConditionExpression="kind = :k",
        ExpressionAttributeValues=wire({":k": "kite"}),
    )
    assert found["Count"] == 1
    dynamo.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byKind"}}])
    until(lambda: "GlobalSecondaryIndexes" not in dynamo.describe_table(TableName=table)["Table"])


EVERY_TYPE = {
    "id": "types",
    "text": "",
    "number": Decimal("-1.5E+3"),
    "long": Decimal("12345678901234567890123456789012345678"),
    "bytes": b"\x00\xff",
    "yes": True,
    "nothing": None,
    "list": [Decimal(1), "two", [None]],
    "map": {"deep": {"er": Decimal("0.1")}},
    "texts": {"a", "b"},
    "numbers": {Decimal(1), Decimal("2.5")},
}


def test_every_type_of_value_comes_back_as_it_went_in(dynamo, table):
    dynamo.put_item(TableName=table, Item=wire(EVERY_TYPE))
    assert plain(dynamo.get_item(TableName=table, Key=wire({"id": "types"}), ConsistentRead=True)["Item"]) == EVERY_TYPE


NUMBERS = [
    ("1.0", "1"),
    ("-0", "0"),
    ("1e3", "1000"),
    ("0.000100", "0.0001"),
    ("+5", "5"),
    ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
    ("9.9999999999999999999999999999999999999E+125", "9.9999999999999999999999999999999999999E+125"),
]


@pytest.mark.parametrize(("put", "got"), NUMBERS)
def test_numbers_are_exact(dynamo, table, put, got):
    dynamo.put_item(TableName=table, Item={"id": {"S": "n"}, "n": {"N": put}})
    found = dynamo.get_item(TableName=table, Key={"id": {"S": "n"}})["Item"]["n"]["N"]
    assert Decimal(found) == Decimal(got)
    assert len(found) <= 128


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("1e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        ("one", "The parameter cannot be converted to a numeric value: one"),
    ],
)
def test_numbers_that_are_none_are_refused(dynamo, table, number, message):
    with refused("ValidationException", message, 400):
        dynamo.put_item(TableName=table, Item={"id": {"S": "n"}, "n": {"N": number}})


# item before; update expression, its names and values; item after
UPDATES = [
    ({}, "SET a = :v", {}, {":v": 1}, {"a": 1}),
    ({"a": 1}, "SET a = a + :v", {}, {":v": 2}, {"a": 3}),
    ({"a": 1}, "SET a = a - :v, b = a", {}, {":v": 2}, {"a": -1, "b": 1}),
    ({"a": 1}, "SET a = if_not_exists(a, :v), b = if_not_exists(b, :v)", {}, {":v": 9}, {"a": 1, "b": 9}),
    ({"l": [1]}, "SET l = list_append(l, :v), l2 = list_append(:v, l)", {}, {":v": [2]}, {"l": [1, 2], "l2": [2, 1]}),
    ({"l": [1, 2, 3]}, "REMOVE l[1]", {}, None, {"l": [1, 3]}),
    ({"l": [1]}, "SET l[9] = :v", {}, {":v": 5}, {"l": [1, 5]}),
    ({"m": {"x": 1}}, "SET m.#n = :v REMOVE m.x", {"#n": "y z"}, {":v": 2}, {"m": {"y z": 2}}),
    ({"a": 1, "b": 2}, "REMOVE a, c", {}, None, {"b": 2}),
    ({}, "ADD n :v", {}, {":v": 4}, {"n": 4}),
    ({"n": 1, "s": {"a"}}, "ADD n :v, s :w", {}, {":v": 4, ":w": {"b"}}, {"n": 5, "s": {"a", "b"}}),
    ({"s": {"a", "b"}}, "DELETE s :v", {}, {":v": {"b", "c"}}, {"s": {"a"}}),
    ({"s": {"a"}}, "DELETE s :v", {}, {":v": {"a"}}, {}),
]


@pytest.mark.parametrize(("before", "expression", "names", "values", "after"), UPDATES)
def test_update_expressions(dynamo, table, before, expression, names, values, after):
    dynamo.put_item(TableName=table, Item=wire({"id": "u", **before}))
    arguments = {"ExpressionAttributeNames": names} if names else {}
    if values is not None:
        arguments["ExpressionAttributeValues"] = wire(values)
    reply = dynamo.update_item(
        TableName=table, Key=wire({"id": "u"}), UpdateExpression=expression, ReturnValues="ALL_NEW", **arguments
    )
    assert plain(reply["Attributes"]) == {"id": "u", **after}


def test_what_an_update_returns(dynamo, table):
    dynamo.put_item(TableName=table, Item=wire({"id": "r", "a": 1, "b": 1}))

    def update(returns, value):
        return plain(
            dynamo.update_item(
                TableName=table,
                Key=wire({"id": "r"}),
                UpdateExpression="SET a = :v",
                ExpressionAttributeValues=wire({":v": value}),
                ReturnValues=returns,
            ).get("Attributes", {})
        )

    assert update("NONE", 2) == {}
    assert update("UPDATED_OLD", 3) == {"a": 2}
    assert update("UPDATED_NEW", 4) == {"a": 4}
    assert update("ALL_OLD", 5) == {"id": "r", "a": 4, "b": 1}


# condition, its values; whether it holds for ITEM
ITEM = {"id": "c", "n": 5, "t": "kite", "l": [1, 2], "m": {"x": "y"}, "s": {"a", "b"}, "nil": None}
CONDITIONS = [
    ("attribute_exists(n)", None, True),
    ("attribute_not_exists(n)", None, False),
    ("attribute_not_exists(m.z)", None, True),
    ("n = :v", {":v": 5}, True),
    ("n <> :v", {":v": 5}, False),
    ("n < :v", {":v": 5}, False),
    ("n <= :v", {":v": 5}, True),
    ("n > :v", {":v": "text"}, False),
    ("n BETWEEN :a AND :b", {":a": 5, ":b": 6}, True),
    ("t IN (:a, :b)", {":a": "box", ":b": "kite"}, True),
    ("begins_with(t, :v)", {":v": "ki"}, True),
    ("contains(t, :v)", {":v": "it"}, True),
    ("contains(s, :v)", {":v": "a"}, True),
    ("contains(l, :v)", {":v": 2}, True),
    ("size(t) = :v", {":v": 4}, True),
    ("size(l) > :v", {":v": 2}, False),
    ("attribute_type(nil, :v)", {":v": "NULL"}, True),
    ("NOT n = :v", {":v": 6}, True),
    ("n = :a OR n = :b AND t = :a", {":a": 5, ":b": 5}, True),
    ("(n = :a OR n = :b) AND t = :a", {":a": 5, ":b": 5}, False),
    ("m.x = :v", {":v": "y"}, True),
    ("l[1] = :v", {":v": 2}, True),
]


@pytest.mark.parametrize(("condition", "values", "holds"), CONDITIONS)
def test_condition_expressions(dynamo, table, condition, values, holds):
    dynamo.put_item(TableName=table, Item=wire(ITEM))
    arguments = {"ExpressionAttributeValues": wire(values)} if values else {}
    put = lambda: dynamo.put_item(TableName=table, Item=wire({"id": "c"}), ConditionExpression=condition, **arguments)
    if holds:
        put()
        return
    with refused("ConditionalCheckFailedException", "The conditional request failed", 400):
        put()
    assert plain(dynamo.get_item(TableName=table, Key=wire({"id": "c"}))["Item"]) == ITEM


def test_a_failed_condition_may_show_the_item(dynamo, table):
    dynamo.put_item(TableName=table, Item=wire({"id": "c", "n": 1}))
    with refused("ConditionalCheckFailedException") as caught:
        dynamo.delete_item(
            TableName=table,
            Key=wire({"id": "c"}),
            ConditionExpression="n = :v",
            ExpressionAttributeValues=wire({":v": 2}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert plain(caught.value.response["Item"]) == {"id": "c", "n": 1}
    old = dynamo.delete_item(TableName=table, Key=wire({"id": "c"}), ReturnValues="ALL_OLD")
    assert plain(old["Attributes"]) == {"id": "c", "n": 1}


@pytest.fixture
def filled(aws, dynamo):
    """Ten items of one key, in order of `at`, every other one of the category even."""
    name = create(aws, sort=True, index=True)
    for at in range(10):
        item = {"id": "h", "at": at, "category": "odd" if at % 2 else "even", "price": 100 - at, "name": f"n{at}", "x": 1}
        dynamo.put_item(TableName=name, Item=wire(item))
    return name


# key condition, values, other arguments; the values of `at` in order
QUERIES = [
    ("id = :h", {}, {}, range(10)),
    ("id = :h", {}, {"ScanIndexForward": False}, range(9, -1, -1)),
    ("id = :h AND #at = :v", {":v": 4}, {}, [4]),
    ("id = :h AND #at < :v", {":v": 3}, {}, [0, 1, 2]),
    ("id = :h AND #at >= :v", {":v": 8}, {}, [8, 9]),
    ("id = :h AND #at BETWEEN :v AND :w", {":v": 2, ":w": 4}, {}, [2, 3, 4]),
    ("id = :h", {":c": "odd"}, {"FilterExpression": "category = :c"}, [1, 3, 5, 7, 9]),
    ("id = :h", {}, {"Limit": 3}, [0, 1, 2]),
]


@pytest.mark.parametrize(("key", "values", "arguments", "expected"), QUERIES)
def test_queries(dynamo, filled, key, values, arguments, expected):
    names = {"ExpressionAttributeNames": {"#at": "at"}} if "#at" in key else {}
    reply = dynamo.query(
        TableName=filled,
        KeyConditionExpression=key,
        ExpressionAttributeValues=wire({":h": "h", **values}),
        **names,
        **arguments,
    )
    assert [int(plain(item)["at"]) for item in reply["Items"]] == list(expected)
    assert reply["Count"] == len(list(expected))


def test_a_query_of_an_index_shows_what_it_projects_in_its_order(dynamo, filled):
    reply = dynamo.query(
        TableName=filled,
        IndexName="byCategory",
        KeyConditionExpression="category = :c AND price > :p",
        ExpressionAttributeValues=wire({":c": "even", ":p": 94}),
    )
    assert [plain(item) for item in reply["Items"]] == [
        {"id": "h", "at": 4, "category": "even", "price": 96, "name": "n4"},
        {"id": "h", "at": 2, "category": "even", "price": 98, "name": "n2"},
        {"id": "h", "at": 0, "category": "even", "price": 100, "name": "n0"},
    ]
    with refused("ValidationException", "Consistent reads are not supported on global secondary indexes", 400):
        dynamo.query(
            TableName=filled,
            IndexName="byCategory",
            ConsistentRead=True,
            KeyConditionExpression="category = :c",
            ExpressionAttributeValues=wire({":c": "even"}),
        )
    with refused("ValidationException", "The table does not have the specified index: none", 400):
        dynamo.query(
            TableName=filled,
            IndexName="none",
            KeyConditionExpression="category = :c",
            ExpressionAttributeValues=wire({":c": "even"}),
        )


def test_pages_of_queries_and_scans(dynamo, filled):
    for operation, arguments in [
        ("query", {"KeyConditionExpression": "id = :h", "ExpressionAttributeValues": wire({":h": "h"})}),
        ("scan", {}),
    ]:
        pages = list(
            dynamo.get_paginator(operation).paginate(
                TableName=filled, PaginationConfig={"PageSize": 4}, **arguments
            )
        )
        assert sum(page["Count"] for page in pages) == 10
        assert "LastEvaluatedKey" in pages[0]
        assert "LastEvaluatedKey" not in pages[-1]


def test_scans_count_filter_project_and_split(dynamo, filled):
    assert dynamo.scan(TableName=filled, Select="COUNT")["Count"] == 10
    found = dynamo.scan(
        TableName=filled,
        FilterExpression="#at > :v",
        ProjectionExpression="#at, category",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues=wire({":v": 8}),
    )
    assert (found["ScannedCount"], [plain(item) for item in found["Items"]]) == (10, [{"at": 9, "category": "odd"}])
    parts = [dynamo.scan(TableName=filled, Segment=n, TotalSegments=3)["Count"] for n in range(3)]
    assert sum(parts) == 10


def test_a_page_is_a_megabyte(dynamo, aws):
    name = create(aws, sort=True)
    for at in range(5):
        dynamo.put_item(TableName=name, Item=wire({"id": "h", "at": at, "body": "x" * 300_000}))
    first = dynamo.query(
        TableName=name, KeyConditionExpression="id = :h", ExpressionAttributeValues=wire({":h": "h"})
    )
    assert 3 <= first["Count"] <= 4
    assert "LastEvaluatedKey" in first


def test_batches(dynamo, table):
    puts = [{"PutRequest": {"Item": wire({"id": f"b{n}"})}} for n in range(25)]
    assert dynamo.batch_write_item(RequestItems={table: puts})["UnprocessedItems"] == {}
    keys = [wire({"id": f"b{n}"}) for n in range(0, 30, 5)]
    found = dynamo.batch_get_item(RequestItems={table: {"Keys": keys}})
    assert len(found["Responses"][table]) == 5
    dynamo.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": wire({"id": "b0"})}}]})
    assert "Item" not in dynamo.get_item(TableName=table, Key=wire({"id": "b0"}))
    with refused("ValidationException", "Provided list of item keys contains duplicates", 400):
        dynamo.batch_write_item(RequestItems={table: puts[:1] * 2})
    with refused("ValidationException", status=400):
        dynamo.batch_write_item(RequestItems={table: puts + [{"PutRequest": {"Item": wire({"id": "more"})}}]})


def test_transactions_are_whole_or_nothing(dynamo, table):
    def put(id, **more):
        return {"Put": {"TableName": table, "Item": wire({"id": id, "n": 1}), **more}}

    dynamo.transact_write_items(TransactItems=[put("t1"), put("t2")])
    with refused("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons", 400) as caught:
        dynamo.transact_write_items(
            TransactItems=[put("t3"), put("t1", ConditionExpression="attribute_not_exists(id)")]
        )
    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert "Item" not in dynamo.get_item(TableName=table, Key=wire({"id": "t3"}))
    dynamo.transact_write_items(
        TransactItems=[
            {"Update": {"TableName": table, "Key": wire({"id": "t1"}), "UpdateExpression": "ADD n :v", "ExpressionAttributeValues": wire({":v": 1})}},
            {"Delete": {"TableName": table, "Key": wire({"id": "t2"})}},
            {"ConditionCheck": {"TableName": table, "Key": wire({"id": "t9"}), "ConditionExpression": "attribute_not_exists(id)"}},
        ]
    )
    found = dynamo.transact_get_items(
        TransactItems=[{"Get": {"TableName": table, "Key": wire({"id": id})}} for id in ("t1", "t2")]
    )["Responses"]
    assert (plain(found[0]["Item"]), found[1].get("Item")) == ({"id": "t1", "n": 2}, None)
    with refused("ValidationException", "Transaction request cannot include multiple operations on one item", 400):
        dynamo.transact_write_items(TransactItems=[put("t1"), put("t1")])


def test_a_transaction_sent_again_with_its_token_is_done_once(dynamo, table):
    add = {"Update": {"TableName": table, "Key": wire({"id": "once"}), "UpdateExpression": "ADD n :v", "ExpressionAttributeValues": wire({":v": 1})}}
    for _ in range(2):
        dynamo.transact_write_items(TransactItems=[add], ClientRequestToken="the-same-token")
    assert plain(dynamo.get_item(TableName=table, Key=wire({"id": "once"}))["Item"])["n"] == 1
    add["Update"]["ExpressionAttributeValues"] = wire({":v": 2})
    with refused("IdempotentParameterMismatchException", status=400):
        dynamo.transact_write_items(TransactItems=[add], ClientRequestToken="the-same-token")


def test_items_have_a_largest_size(dynamo, table):
    dynamo.put_item(TableName=table, Item=wire({"id": "x", "b": "x" * (400 * 1024 - 4)}))
    with refused("ValidationException", "Item size has exceeded the maximum allowed size", 400):
        dynamo.put_item(TableName=table, Item=wire({"id": "x", "b": "x" * (400 * 1024 - 3)}))


REFUSALS = [
    ("put_item", {"Item": wire({"other": 1})}, "One or more parameter values were invalid: Missing the key id in the item"),
    ("put_item", {"Item": wire({"id": 1})}, "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"),
    ("put_item", {"Item": wire({"id": ""})}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id"),
    ("get_item", {"Key": wire({"id": "a", "b": 1})}, "The provided key element does not match the schema"),
    ("get_item", {"Key": wire({"other": "a"})}, "The provided key element does not match the schema"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET"}, "Invalid UpdateExpression"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET a = :v"}, "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :v"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET #a = :v", "ExpressionAttributeValues": wire({":v": 1})}, "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; attribute name: #a"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET a = :v", "ExpressionAttributeValues": wire({":v": 1, ":w": 2})}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET id = :v", "ExpressionAttributeValues": wire({":v": "b"})}, "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET a = b", }, "The provided expression refers to an attribute that does not exist in the item"),
    ("update_item", {"Key": wire({"id": "a"}), "UpdateExpression": "SET name = :v", "ExpressionAttributeValues": wire({":v": 1})}, "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name"),
    ("query", {"KeyConditionExpression": "thing = :v", "ExpressionAttributeValues": wire({":v": 1})}, "Query condition missed key schema element: id"),
    ("query", {"KeyConditionExpression": "id > :v", "ExpressionAttributeValues": wire({":v": "a"})}, "Query key condition not supported"),
    ("put_item", {"Item": wire({"id": "a"}), "ConditionExpression": "a ="}, "Invalid ConditionExpression: Syntax error"),
]


@pytest.mark.parametrize(("operation", "arguments", "message"), REFUSALS)
def test_refusals(dynamo, table, operation, arguments, message):
    with refused("ValidationException", message, 400):
        getattr(dynamo, operation)(TableName=table, **arguments)


def test_time_to_live_and_backups_are_kept(dynamo, table):
    assert dynamo.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    ttl = {"Enabled": True, "AttributeName": "expires"}
    assert dynamo.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)["TimeToLiveSpecification"] == ttl
    assert dynamo.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["AttributeName"] == "expires"
    backups = dynamo.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    dynamo.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    backups = dynamo.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamo.describe_limits()["AccountMaxReadCapacityUnits"] > 0


def test_capacity_is_told_when_asked(dynamo, table):
    reply = dynamo.put_item(TableName=table, Item=wire({"id": "a", "b": "x" * 2000}), ReturnConsumedCapacity="TOTAL")
    assert reply["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 2.0}


def test_boto3s_resources_work(aws, table, engine):
    resource = boto3.resource("dynamodb", region_name=aws.region, endpoint_url=engine.url, **aws.credentials).Table(table)
    with resource.batch_writer() as batch:
        for n in range(30):
            batch.put_item(Item={"id": f"r{n}", "n": n})
    assert resource.scan(Select="COUNT")["Count"] == 30
