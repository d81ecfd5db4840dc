"""S3: buckets, objects, uploads in parts, conditions, and the ways in."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

import pytest
from conftest import REGION, allow, refused, unique

MIB = 1024 * 1024
PART = 5 * MIB
EMPTY_MD5 = '"d41d8cd98f00b204e9800998ecf8427e"'


@pytest.fixture
def bucket(aws):
    name = unique("bucket")
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def etag(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


def fetch(url, method="GET", body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_bucket_from_its_making_to_its_end(aws):
    s3 = aws("s3")
    name = unique("bucket")
    made = s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert name in made["Location"]
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == REGION
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == REGION
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [name]
    s3.put_object(Bucket=name, Key="a", Body=b"")
    with refused("BucketNotEmpty", "The bucket you tried to delete is not empty", 409):
        s3.delete_bucket(Bucket=name)
    s3.delete_object(Bucket=name, Key="a")
    s3.delete_bucket(Bucket=name)
    with refused("404", status=404):
        s3.head_bucket(Bucket=name)
    with refused("NoSuchBucket", "The specified bucket does not exist", 404):
        s3.list_objects_v2(Bucket=name)


@pytest.mark.parametrize("name", ["ab", "Upper", "under_score", "a" * 64, "dot..dot", "-dash", "192.168.0.1"])
def test_names_that_no_bucket_may_have(aws, name):
    client = aws("s3")
    # boto3 checks names itself; what is asked here is the engine.
    client.meta.events.unregister("before-parameter-build.s3", __import__("botocore").handlers.validate_bucket_name)
    with refused("InvalidBucketName", status=400):
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def test_a_bucket_has_one_owner(aws, bucket, engine):
    with refused("BucketAlreadyOwnedByYou", status=409):
        aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    other = type(aws)(engine.url, "999999999999")
    with refused("BucketAlreadyExists", status=409):
        other("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    with refused("AccessDenied", status=403):
        other("s3").list_objects_v2(Bucket=bucket)


def test_an_object_keeps_what_it_was_given(aws, bucket):
    s3 = aws("s3")
    put = s3.put_object(
        Bucket=bucket,
        Key="a/b c+ü.txt",
        Body=b"hello",
        ContentType="text/plain",
        CacheControl="max-age=5",
        ContentDisposition="inline",
        ContentEncoding="identity",
        ContentLanguage="de",
        Metadata={"color": "blue", "shape": "delta kite"},
    )
    assert put["ETag"] == etag(b"hello")
    for reply in (s3.get_object(Bucket=bucket, Key="a/b c+ü.txt"), s3.head_object(Bucket=bucket, Key="a/b c+ü.txt")):
        assert reply["ETag"] == etag(b"hello")
        assert reply["ContentLength"] == 5
        assert (reply["ContentType"], reply["CacheControl"], reply["ContentLanguage"]) == ("text/plain", "max-age=5", "de")
        assert reply["Metadata"] == {"color": "blue", "shape": "delta kite"}
    assert s3.get_object(Bucket=bucket, Key="a/b c+ü.txt")["Body"].read() == b"hello"


def test_an_empty_object(aws, bucket):
    s3 = aws("s3")
    assert s3.put_object(Bucket=bucket, Key="empty")["ETag"] == EMPTY_MD5
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


BODY = bytes(range(256)) * 4

RANGES = [
    ("bytes=0-9", BODY[:10], "bytes 0-9/1024"),
    ("bytes=1000-", BODY[1000:], "bytes 1000-1023/1024"),
    ("bytes=-24", BODY[-24:], "bytes 1000-1023/1024"),
    ("bytes=1000-5000", BODY[1000:], "bytes 1000-1023/1024"),
]


@pytest.mark.parametrize(("asked", "body", "told"), RANGES)
def test_ranges(aws, bucket, asked, body, told):
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=BODY)
    reply = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert (reply["Body"].read(), reply["ContentRange"]) == (body, told)
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_beyond_the_end_is_refused(aws, bucket):
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=BODY)
    with refused("InvalidRange", "The requested range is not satisfiable", 416):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=1024-")


def test_writes_with_conditions(aws, bucket):
    s3 = aws("s3")
    first = s3.put_object(Bucket=bucket, Key="lock", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412):
        s3.put_object(Bucket=bucket, Key="lock", Body=b"2", IfNoneMatch="*")
    second = s3.put_object(Bucket=bucket, Key="lock", Body=b"3", IfMatch=first)["ETag"]
    with refused("PreconditionFailed", status=412):
        s3.put_object(Bucket=bucket, Key="lock", Body=b"4", IfMatch=first)
    with refused("NoSuchKey", status=404):
        s3.put_object(Bucket=bucket, Key="other", Body=b"4", IfMatch=first)
    assert s3.get_object(Bucket=bucket, Key="lock", IfMatch=second)["Body"].read() == b"3"


def test_reads_with_conditions(aws, bucket):
    s3 = aws("s3")
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    with refused("304", status=304):
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=tag)
    with refused("PreconditionFailed", status=412):
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')
    with refused("412", status=412):
        s3.head_object(Bucket=bucket, Key="k", IfMatch='"other"')


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"])
def test_checksums_are_kept_and_checked(aws, bucket, algorithm):
    s3 = aws("s3")
    name = f"Checksum{algorithm}"
    if algorithm in ("CRC32C", "CRC64NVME"):
        # boto3 computes these only with a native extension, so the right ones are given by hand.
        right = {"CRC32C": "mnG7TA==", "CRC64NVME": "M3eFcAZSQlc="}[algorithm]
        put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", **{name: right})
    else:
        put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    assert put[name] == s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[name]
    with refused("BadDigest", status=400):
        wrong = base64.b64encode(bytes(len(base64.b64decode(put[name])))).decode()
        s3.put_object(Bucket=bucket, Key="k2", Body=b"hello", **{name: wrong})
    with refused("404", status=404):
        s3.head_object(Bucket=bucket, Key="k2")


def test_a_wrong_md5_is_refused(aws, bucket):
    with refused("BadDigest", status=400):
        aws("s3").put_object(Bucket=bucket, Key="k", Body=b"hello", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    with refused("InvalidDigest", status=400):
        aws("s3").put_object(Bucket=bucket, Key="k", Body=b"hello", ContentMD5="short")


def test_lists_with_prefix_delimiter_and_pages(aws, bucket):
    s3 = aws("s3")
    keys = ["a/1", "a/2", "a/b/3", "c", "d/4", "e"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    whole = s3.list_objects_v2(Bucket=bucket)
    assert [item["Key"] for item in whole["Contents"]] == keys
    assert (whole["KeyCount"], whole["IsTruncated"]) == (6, False)
    assert whole["Contents"][0]["ETag"] == etag(b"a/1")
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [item["Key"] for item in folders["Contents"]] == ["c", "e"]
    assert [item["Prefix"] for item in folders["CommonPrefixes"]] == ["a/", "d/"]
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="a/", Delimiter="/")
    assert [item["Key"] for item in inside["Contents"]] == ["a/1", "a/2"]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, StartAfter="c")["Contents"]] == ["d/4", "e"]
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}))
    assert [[item["Key"] for item in page["Contents"]] for page in pages] == [keys[:4], keys[4:]]
    old = s3.list_objects(Bucket=bucket, MaxKeys=2)
    assert ([item["Key"] for item in old["Contents"]], old["IsTruncated"]) == (["a/1", "a/2"], True)
    assert [i["Key"] for i in s3.list_objects(Bucket=bucket, Marker="a/2", MaxKeys=1)["Contents"]] == ["a/b/3"]


def test_deleting_is_idempotent_one_by_one_and_many_at_once(aws, bucket):
    s3 = aws("s3")
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for _ in range(2):
        assert s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"] == 204
    many = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in "bcd"]})
    assert sorted(item["Key"] for item in many["Deleted"]) == ["b", "c", "d"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "x"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_copies(aws, bucket):
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="from", Body=b"x", Metadata={"a": "1"}, ContentType="text/x")
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from"})
    assert copied["CopyObjectResult"]["ETag"] == etag(b"x")
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"a": "1"}
    s3.copy_object(
        Bucket=bucket, Key="to", CopySource=f"{bucket}/from", MetadataDirective="REPLACE", Metadata={"b": "2"}
    )
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"b": "2"}
    with refused("InvalidRequest", "This copy request is illegal", 400):
        s3.copy_object(Bucket=bucket, Key="from", CopySource=f"{bucket}/from")
    with refused("NoSuchKey", status=404):
        s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/none")


def test_an_upload_in_parts(aws, bucket):
    s3 = aws("s3")
    bodies = [b"a" * PART, b"b" * PART, b"tail"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", Metadata={"m": "1"}, ContentType="x/y")["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=body)
        assert part["ETag"] == etag(body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    listed = s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, PART), (2, PART), (3, 4)]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
    with refused("404", status=404):
        s3.head_object(Bucket=bucket, Key="big")
    done = s3.complete_multipart_upload(
        Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    whole = s3.get_object(Bucket=bucket, Key="big")
    assert (whole["ContentType"], whole["Metadata"]) == ("x/y", {"m": "1"})
    assert hashlib.sha256(whole["Body"].read()).digest() == hashlib.sha256(b"".join(bodies)).digest()
    across = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={PART - 2}-{PART + 1}")["Body"].read()
    assert across == b"aabb"
    assert s3.get_object(Bucket=bucket, Key="big", PartNumber=3)["Body"].read() == b"tail"
    with refused("NoSuchUpload", status=404):
        s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)


def test_an_upload_of_parts_that_are_copies_and_its_refusals(aws, bucket):
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="from", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
    where = {"Bucket": bucket, "Key": "to", "UploadId": upload}
    one = s3.upload_part_copy(**where, PartNumber=1, CopySource=f"{bucket}/from", CopySourceRange="bytes=2-5")
    two = s3.upload_part(**where, PartNumber=2, Body=b"xy")
    first = {"PartNumber": 1, "ETag": one["CopyPartResult"]["ETag"]}
    second = {"PartNumber": 2, "ETag": two["ETag"]}
    for parts, code in [
        ([second, first], "InvalidPartOrder"),
        ([{"PartNumber": 1, "ETag": etag(b"other")}], "InvalidPart"),
        ([first, {"PartNumber": 3, "ETag": two["ETag"]}], "InvalidPart"),
        # Every part but the last holds at least 5 MiB.
        ([first, second], "EntityTooSmall"),
    ]:
        with refused(code, status=400):
            s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [first]})
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"2345"


def test_an_upload_that_is_given_up_is_gone(aws, bucket):
    s3 = aws("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    s3.upload_part(**where, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**where)
    with refused("NoSuchUpload", status=404):
        s3.upload_part(**where, PartNumber=2, Body=b"x")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_boto3s_own_transfer_of_a_large_file(aws, bucket, tmp_path):
    body = bytes(range(256)) * (20 * MIB // 256)
    (tmp_path / "up").write_bytes(body)
    s3 = aws("s3")
    s3.upload_file(str(tmp_path / "up"), bucket, "large")
    s3.download_file(bucket, "large", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == body
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-3"')


def test_versions(aws, bucket):
    s3 = aws("s3")
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    with refused("NoSuchKey", status=404):
        s3.get_object(Bucket=bucket, Key="k")
    listed = s3.list_object_versions(Bucket=bucket)
    assert [(v["VersionId"], v["IsLatest"]) for v in listed["Versions"]] == [(second, False), (first, False)]
    assert [(m["VersionId"], m["IsLatest"]) for m in listed["DeleteMarkers"]] == [(marker["VersionId"], True)]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    with refused("NoSuchVersion", status=404):
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])


def test_tags_of_buckets_and_objects(aws, bucket):
    s3 = aws("s3")
    with refused("NoSuchTagSet", "The TagSet does not exist", 404):
        s3.get_bucket_tagging(Bucket=bucket)
    tags = {"TagSet": [{"Key": "app", "Value": "shop"}]}
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tags)
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=tags)
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 1
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_settings_of_a_bucket(aws, bucket):
    s3 = aws("s3")
    # Buckets are made private, encrypted, and without ACLs since 2023.
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
    s3.delete_bucket_encryption(Bucket=bucket)
    block = {name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    s3.delete_public_access_block(Bucket=bucket)
    with refused("NoSuchPublicAccessBlockConfiguration", status=404):
        s3.get_public_access_block(Bucket=bucket)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == rules
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    with refused("OwnershipControlsNotFoundError", status=404):
        s3.get_bucket_ownership_controls(Bucket=bucket)


def test_attributes(aws, bucket):
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    found = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["ETag", "ObjectSize", "Checksum", "StorageClass"]
    )
    assert (found["ETag"], found["ObjectSize"]) == (etag(b"hello").strip('"'), 5)
    assert found["Checksum"]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"hello").digest()).decode()


def test_a_buckets_policy_lets_others_in(aws, bucket, engine):
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"open")
    other = type(aws)(engine.url, "888888888888")
    with refused("NoSuchBucketPolicy", "The bucket policy does not exist", 404):
        s3.get_bucket_policy(Bucket=bucket)
    with refused("AccessDenied", status=403):
        other("s3").get_object(Bucket=bucket, Key="k")
    policy = {
        "Version": "2012-10-17",
        "Statement": [allow("s3:GetObject", Principal={"AWS": "888888888888"}, Resource=f"arn:aws:s3:::{bucket}/*")],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    assert other("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"open"
    with refused("AccessDenied", status=403):
        other("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    s3.delete_bucket_policy(Bucket=bucket)
    with refused("AccessDenied", status=403):
        other("s3").get_object(Bucket=bucket, Key="k")
    with refused("MalformedPolicy", status=400):
        s3.put_bucket_policy(Bucket=bucket, Policy="{}")


def test_presigned_addresses(aws, bucket):
    s3 = aws("s3", signature_version="s3v4")
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert fetch(put, "PUT", b"by url")[0] == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert fetch(get) == (200, b"by url")
    named = {"Bucket": bucket, "Key": "k", "ResponseContentType": "x/y"}
    assert fetch(s3.generate_presigned_url("get_object", Params=named))[0] == 200


def test_presigned_addresses_that_do_not_hold(aws, bucket):
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    role = aws.assume([allow("s3:GetObject")])
    s3 = role("s3", signature_version="s3v4")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert fetch(url) == (200, b"x")
    status, text = fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    assert (status, b"SignatureDoesNotMatch" in text) == (403, True)
    status, text = fetch(url, "DELETE")
    assert (status, b"SignatureDoesNotMatch" in text) == (403, True)
    status, text = fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"))
    assert status in (400, 403), text
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    status, text = fetch(put, "PUT", b"y")
    assert (status, b"AccessDenied" in text) == (403, True)


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_both_styles_of_address(aws, bucket, style, engine):
    aws.url = f"http://s3.localhost:{engine.port}" if style == "virtual" else engine.url
    s3 = aws("s3", s3={"addressing_style": style})
    s3.meta.events.register("before-send.s3.*", lambda request, **_: to_loopback(request, engine))
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"styled")
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"styled"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b"]


def to_loopback(request, engine):
    """Names under .localhost are this machine (RFC 6761), which not every resolver knows."""
    host = request.url.split("/")[2]
    request.headers["host"] = host
    request.url = request.url.replace(host, f"127.0.0.1:{engine.port}", 1)


def test_what_is_not_there(aws, bucket):
    s3 = aws("s3")
    with refused("NoSuchKey", "The specified key does not exist.", 404):
        s3.get_object(Bucket=bucket, Key="none")
    with refused("NoSuchBucket", status=404):
        s3.put_object(Bucket=unique("none"), Key="k", Body=b"")
    with refused("NoSuchUpload", status=404):
        s3.upload_part(Bucket=bucket, Key="k", UploadId="none", PartNumber=1, Body=b"")


def test_an_unlisted_operation_is_refused_by_name(aws, bucket):
    with refused("NotImplemented", status=501):
        aws("s3").get_bucket_accelerate_configuration(Bucket=bucket)


def test_a_streamed_body_is_checked_to_its_end(aws, bucket, engine):
    """boto3 sends bodies in signed chunks when the checksum trails."""
    aws.url = engine.url
    s3 = aws("s3", request_checksum_calculation="when_supported", s3={"payload_signing_enabled": True})
    body = b"x" * (3 * MIB + 17)
    s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm="CRC32")
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == len(body)
