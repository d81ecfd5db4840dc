"""Nobody does anything without a grant: every listed operation, called by a role that has none."""

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from conftest import REGION, allow, unique
from listed import listed
from sample import sample

# "No permissions are required to perform this operation": STS API reference, GetCallerIdentity.
FREE = {("sts", "GetCallerIdentity")}
CODES = {"AccessDenied", "AccessDeniedException"}

OPERATIONS = [(service, operation) for service, names in listed().items() for operation in names]


@pytest.fixture(scope="module")
def nobody(shared):
    """A role without a policy, and a bucket that it may not touch."""
    bucket = unique("private")
    shared("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    shared("s3").put_object(Bucket=bucket, Key="sample", Body=b"")
    caller = shared.assume()
    caller.bucket = bucket
    return caller


def call(caller, service, operation):
    client = caller(service)
    model = client.meta.service_model
    words = {"account": caller.account, "region": caller.region, "bucket": caller.bucket}
    return getattr(client, xform_name(operation))(**sample(model, operation, **words))


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_a_role_without_a_grant_is_refused(nobody, service, operation):
    if (service, operation) in FREE:
        assert call(nobody, service, operation)["Account"] == nobody.account
        return
    with pytest.raises(ClientError) as caught:
        call(nobody, service, operation)
    error = caught.value.response["Error"]
    if operation.startswith("Head"):
        # The answer to HEAD has no body to name the code in.
        assert error["Code"] == "403", error
        return
    assert error["Code"] in CODES, error
    assert "is not authorized to perform" in error["Message"] or service == "s3", error


def test_what_is_granted_is_not_refused(shared, nobody):
    caller = shared.assume([allow("iam:ListRoles")])
    assert len(caller("iam").list_roles()["Roles"]) > 0
    with pytest.raises(ClientError) as caught:
        caller("iam").list_policies()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
