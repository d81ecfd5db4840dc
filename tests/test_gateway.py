"""The port itself: health, limits, protocols, and refusals by name."""

import json
import socket
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import refused
from web import ask


@pytest.mark.parametrize("path", ["/_updraft/health", "/_localstack/health"])
def test_health(engine, path):
    reply = ask(engine.url + path)
    assert reply.status == 200
    services = reply.json["services"]
    assert {"s3", "dynamodb", "lambda", "iam", "sts", "cloudformation"} <= set(services)


def test_a_connection_serves_many_requests(engine):
    with socket.create_connection(("127.0.0.1", engine.port), 10) as connection:
        stream = connection.makefile("rwb")
        for _ in range(3):
            stream.write(b"GET /_updraft/health HTTP/1.1\r\nHost: x\r\n\r\n")
            stream.flush()
            assert stream.readline().startswith(b"HTTP/1.1 200")
            length = 0
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            json.loads(stream.read(length))


def test_a_request_that_is_none_is_answered_and_the_next_served(engine):
    with socket.create_connection(("127.0.0.1", engine.port), 10) as connection:
        connection.sendall(b"\x16\x03\x01 what\r\n\r\n")
        assert connection.recv(64)[:12] in (b"HTTP/1.1 400", b"")
    assert ask(f"{engine.url}/_updraft/health").status == 200


def test_an_unsigned_request_is_refused(engine):
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    request = urllib.request.Request(engine.url, body, {"content-type": "application/x-www-form-urlencoded"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    assert b"MissingAuthenticationToken" in caught.value.read()


UNLISTED = [
    ("dynamodb", "list_backups", {}),
    ("lambda", "list_layers", {}),
    ("iam", "list_users", {}),
    ("sts", "get_session_token", {}),
    ("logs", "describe_queries", {}),
    ("cloudformation", "list_types", {}),
    ("cloudwatch", "describe_anomaly_detectors", {}),
    ("apigatewayv2", "get_domain_names", {}),
]


@pytest.mark.parametrize(("service", "operation", "arguments"), UNLISTED)
def test_an_unlisted_operation_is_refused_by_its_name(aws, service, operation, arguments):
    with pytest.raises(ClientError) as caught:
        getattr(aws(service), operation)(**arguments)
    error = caught.value.response
    assert error["Error"]["Code"] == "NotImplemented", error
    named = "".join(part.capitalize() for part in operation.split("_"))
    assert named in error["Error"]["Message"]
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_service_that_is_not_there_is_refused_by_its_name(aws):
    with pytest.raises(ClientError) as caught:
        aws("sqs").list_queues()
    assert "sqs" in caught.value.response["Error"]["Message"].lower()


def test_input_is_checked_before_anything_is_done(aws):
    with refused("ValidationException", "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", 400):
        aws("dynamodb", parameter_validation=False).list_tables(Limit=0)
