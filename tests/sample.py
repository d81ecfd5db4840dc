"""Input for any operation, made from the client's own model: valid, and of nothing that exists."""

import json

NAMED = {
    "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "Policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "TemplateBody": json.dumps({"Resources": {"A": {"Type": "AWS::Logs::LogGroup"}}}),
    "Role": "arn:aws:iam::{account}:role/sample",
    "RoleArn": "arn:aws:iam::{account}:role/sample",
    "PolicyArn": "arn:aws:iam::{account}:policy/sample",
    "Resource": "arn:aws:lambda:{region}:{account}:function:sample",
    "ResourceArn": "arn:aws:dynamodb:{region}:{account}:table/sample",
    "resourceArn": "arn:aws:logs:{region}:{account}:log-group:/sample",
    "StackName": "sample",
    "ChangeSetName": "sample",
    "CopySource": "{bucket}/sample",
    "Bucket": "{bucket}",
    "Key": "sample",
    "AttributeName": "id",
    "UpdateExpression": "SET a = b",
    "RouteKey": "GET /sample",
    "FunctionVersion": "1",
    "Action": "lambda:InvokeFunction",
    "Principal": "s3.amazonaws.com",
    "VersionId": "v1",
    "Handler": "app.handler",
    "ContentMD5": None,
    "ChecksumAlgorithm": None,
}
FOR = {
    ("cloudwatch", "ResourceARN"): "arn:aws:cloudwatch:{region}:{account}:alarm:sample",
    ("apigatewayv2", "ResourceArn"): "arn:aws:apigateway:{region}::/apis/sample",
    ("s3", "VersionId"): None,
    ("dynamodb", "Key"): {"id": {"S": "sample"}},
    ("apigatewayv2", "Body"): json.dumps({"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {}}),
    ("s3", "Body"): b"sample",
    ("s3", "UploadId"): "sample",
    ("s3", "Policy"): json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::{bucket}"}]}),
}
# What is not required by the model but by the service.
ALSO = {
    ("lambda", "CreateFunction"): {"Runtime": "python3.11", "Handler": "app.handler", "Code": {"ZipFile": b"x"}},
    ("lambda", "UpdateFunctionCode"): {"ZipFile": b"x"},
    ("cloudformation", "CreateStack"): {"TemplateBody": NAMED["TemplateBody"]},
    ("cloudformation", "UpdateStack"): {"TemplateBody": NAMED["TemplateBody"]},
    ("cloudformation", "CreateChangeSet"): {"TemplateBody": NAMED["TemplateBody"]},
    ("cloudformation", "DescribeChangeSet"): {"StackName": "sample"},
    ("cloudformation", "ExecuteChangeSet"): {"StackName": "sample"},
    ("cloudformation", "DeleteChangeSet"): {"StackName": "sample"},
    ("cloudformation", "ListStackResources"): {"StackName": "sample"},
    ("cloudformation", "GetTemplate"): {"StackName": "sample"},
    ("cloudformation", "GetTemplateSummary"): {"TemplateBody": NAMED["TemplateBody"]},
    ("cloudformation", "ValidateTemplate"): {"TemplateBody": NAMED["TemplateBody"]},
    ("cloudformation", "DescribeStackResources"): {"StackName": "sample"},
    ("cloudformation", "DescribeStackEvents"): {"StackName": "sample"},
    ("cloudwatch", "GetMetricStatistics"): {"Statistics": ["Sum"], "Period": 60},
    ("cloudwatch", "PutMetricData"): {"MetricData": [{"MetricName": "x", "Value": 1.0}]},
    ("dynamodb", "CreateTable"): {"BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]},
    ("dynamodb", "Query"): {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}},
    ("dynamodb", "UpdateTable"): {"BillingMode": "PAY_PER_REQUEST"},
    ("dynamodb", "BatchWriteItem"): {"RequestItems": {"sample": [{"DeleteRequest": {"Key": {"id": {"S": "x"}}}}]}},
    ("dynamodb", "BatchGetItem"): {"RequestItems": {"sample": {"Keys": [{"id": {"S": "x"}}]}}},
    ("dynamodb", "TransactWriteItems"): {"TransactItems": [{"Delete": {"TableName": "sample", "Key": {"id": {"S": "x"}}}}]},
    ("dynamodb", "PutItem"): {"Item": {"id": {"S": "x"}}},
    ("iam", "UpdateRole"): {"Description": "x"},
    ("logs", "DescribeLogStreams"): {"logGroupName": "/sample"},
    ("logs", "GetLogEvents"): {"logGroupName": "/sample"},
    ("logs", "FilterLogEvents"): {"logGroupName": "/sample"},
    ("logs", "PutRetentionPolicy"): {"retentionInDays": 7},
    ("logs", "PutLogEvents"): {"logEvents": [{"timestamp": 1, "message": "x"}]},
    ("s3", "CompleteMultipartUpload"): {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": '"x"'}]}},
    ("s3", "CreateBucket"): {"Bucket": "{bucket}-new", "CreateBucketConfiguration": {"LocationConstraint": "{region}"}},
    ("s3", "DeleteObjects"): {"Delete": {"Objects": [{"Key": "sample"}]}},
    ("s3", "GetObjectAttributes"): {"ObjectAttributes": ["ETag"]},
    ("s3", "PutObject"): {"Body": b"sample"},
    ("s3", "UploadPart"): {"Body": b"sample"},
}


def sample(service, operation, **words):
    """Arguments for one operation of a botocore service model."""
    model = service.operation_model(operation)
    name = service.service_name
    shape = model.input_shape
    arguments = {}
    for member in getattr(shape, "required_members", []):
        value = _member(name, member, shape.members[member])
        if value is not None:
            arguments[member] = value
    return _filled(arguments | ALSO.get((name, operation), {}), words)


def _member(service, name, shape):
    given = FOR.get((service, name))
    if (service, name) in FOR and not (isinstance(given, dict) and shape.type_name != "map"):
        return given
    if name in NAMED and shape.type_name in ("string", "blob"):
        return NAMED[name]
    return _value(service, shape)


def _value(service, shape):
    kind = shape.type_name
    if kind == "structure":
        return {name: _member(service, name, shape.members[name]) for name in shape.required_members}
    if kind == "list":
        return [_value(service, shape.member)] * max(1, shape.metadata.get("min", 1))
    if kind == "map":
        return {"sample": _value(service, shape.value)}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return "sample"[: shape.metadata.get("max", 6)].ljust(shape.metadata.get("min", 0), "x")
    if kind == "blob":
        return b"sample"
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 1_700_000_000
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    return 1.0


def _filled(value, words):
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace("{" + word + "}", text)
        return value
    if isinstance(value, dict):
        return {_filled(key, words): _filled(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, words) for item in value]
    return value
