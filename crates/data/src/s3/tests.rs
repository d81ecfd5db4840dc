//! S3 as its callers see it, on an engine in memory.

use std::collections::BTreeMap;

use updraft_api::s3::ops;
use updraft_api::s3::{
    CompleteMultipartUploadRequest, CompletedMultipartUpload, CompletedPart, CopyObjectRequest,
    CreateBucketRequest, CreateMultipartUploadRequest, Delete, DeleteBucketRequest, DeleteObjectRequest,
    DeleteObjectsRequest, GetObjectOutput, GetObjectRequest, HeadObjectRequest, ListObjectVersionsRequest,
    ListObjectsV2Request, ObjectIdentifier, PutBucketVersioningRequest, PutObjectOutput, PutObjectRequest,
    UploadPartRequest, VersioningConfiguration,
};
use updraft_kernel::Result;
use updraft_testkit::Bench;

async fn bench() -> Bench {
    let bench = Bench::with(super::register).start();
    let create = CreateBucketRequest { bucket: "shop".into(), ..Default::default() };
    bench.call::<ops::CreateBucket>(create).await.unwrap();
    bench
}

fn put_request(key: &str, body: &str) -> PutObjectRequest {
    PutObjectRequest {
        bucket: "shop".into(),
        key: key.into(),
        body: Some(bytes::Bytes::copy_from_slice(body.as_bytes()).into()),
        ..Default::default()
    }
}

async fn put(bench: &Bench, key: &str, body: &str) -> PutObjectOutput {
    bench.call::<ops::PutObject>(put_request(key, body)).await.unwrap()
}

fn get_request(key: &str) -> GetObjectRequest {
    GetObjectRequest { bucket: "shop".into(), key: key.into(), ..Default::default() }
}

async fn text(output: GetObjectOutput) -> String {
    let bytes = output.body.unwrap_or_default().collect(1 << 30).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn get(bench: &Bench, key: &str) -> Result<String> {
    Ok(text(bench.call::<ops::GetObject>(get_request(key)).await?).await)
}

async fn enable_versions(bench: &Bench) {
    let versioning_configuration =
        VersioningConfiguration { status: Some("Enabled".into()), ..Default::default() };
    let request =
        PutBucketVersioningRequest { bucket: "shop".into(), versioning_configuration, ..Default::default() };
    bench.call::<ops::PutBucketVersioning>(request).await.unwrap();
}

async fn versions(bench: &Bench) -> Vec<(String, bool, bool)> {
    let request = ListObjectVersionsRequest { bucket: "shop".into(), ..Default::default() };
    let output = bench.call::<ops::ListObjectVersions>(request).await.unwrap();
    let objects = output.versions.into_iter().flatten().map(|v| (v.key, v.is_latest, false));
    let markers = output.delete_markers.into_iter().flatten().map(|m| (m.key, m.is_latest, true));
    let mut all: Vec<_> =
        objects.chain(markers).map(|(key, latest, marker)| (key.unwrap(), latest.unwrap(), marker)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn an_object_reads_back_with_its_tag_and_ranges() {
    let bench = bench().await;
    let mut request = put_request("a/b.txt", "hello world");
    request.metadata = Some(BTreeMap::from([("colour".to_owned(), "red".to_owned())]));
    request.content_type = Some("text/plain".into());
    let output = bench.call::<ops::PutObject>(request).await.unwrap();
    assert_eq!(output.e_tag.as_deref(), Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3\""));
    assert!(output.checksum_crc64_nvme.is_some());

    let read = bench.call::<ops::GetObject>(get_request("a/b.txt")).await.unwrap();
    assert_eq!(read.content_type.as_deref(), Some("text/plain"));
    assert_eq!(read.metadata.as_ref().unwrap()["colour"], "red");
    assert_eq!(text(read).await, "hello world");

    let range = GetObjectRequest { range: Some("bytes=6-".into()), ..get_request("a/b.txt") };
    let read = bench.call::<ops::GetObject>(range).await.unwrap();
    assert_eq!(read.content_range.as_deref(), Some("bytes 6-10/11"));
    assert_eq!(text(read).await, "world");
    let range = GetObjectRequest { range: Some("bytes=11-".into()), ..get_request("a/b.txt") };
    assert_eq!(bench.refused::<ops::GetObject>(range).await.code, "InvalidRange");
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_its_name() {
    let bench = bench().await;
    assert_eq!(bench.refused::<ops::GetObject>(get_request("none")).await.code, "NoSuchKey");
    let elsewhere = GetObjectRequest { bucket: "none-such".into(), ..get_request("none") };
    assert_eq!(bench.refused::<ops::GetObject>(elsewhere).await.code, "NoSuchBucket");
    let wrong = CreateBucketRequest { bucket: "Shop".into(), ..Default::default() };
    assert_eq!(bench.refused::<ops::CreateBucket>(wrong).await.code, "InvalidBucketName");
    let long = put_request(&"k".repeat(1_025), "");
    assert_eq!(bench.refused::<ops::PutObject>(long).await.code, "KeyTooLongError");
}

#[tokio::test]
async fn conditional_writes_let_one_writer_through() {
    let bench = bench().await;
    let once = || PutObjectRequest { if_none_match: Some("*".into()), ..put_request("lock", "1") };
    let tag = bench.call::<ops::PutObject>(once()).await.unwrap().e_tag;
    assert_eq!(bench.refused::<ops::PutObject>(once()).await.code, "PreconditionFailed");
    let swap = |tag: Option<String>, body| PutObjectRequest { if_match: tag, ..put_request("lock", body) };
    bench.call::<ops::PutObject>(swap(tag.clone(), "2")).await.unwrap();
    assert_eq!(bench.refused::<ops::PutObject>(swap(tag, "3")).await.code, "PreconditionFailed");
    assert_eq!(get(&bench, "lock").await.unwrap(), "2");
    let absent = PutObjectRequest { if_match: Some("\"x\"".into()), ..put_request("none", "") };
    assert_eq!(bench.refused::<ops::PutObject>(absent).await.code, "NoSuchKey");
}

#[tokio::test]
async fn a_claimed_checksum_that_is_wrong_keeps_the_body_out() {
    let bench = bench().await;
    let wrong = PutObjectRequest { checksum_crc32: Some("AAAAAA==".into()), ..put_request("k", "body") };
    assert_eq!(bench.refused::<ops::PutObject>(wrong).await.code, "BadDigest");
    let wrong =
        PutObjectRequest { content_md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".into()), ..put_request("k", "body") };
    assert_eq!(bench.refused::<ops::PutObject>(wrong).await.code, "BadDigest");
    assert!(get(&bench, "k").await.is_err());
}

#[tokio::test]
async fn listings_group_by_delimiter_and_page() {
    let bench = bench().await;
    for key in ["a/1", "a/2", "b", "c/x/1", "c/y", "d"] {
        put(&bench, key, key).await;
    }
    let list =
        |token: Option<String>, delimiter: Option<&str>, prefix: &str, max_keys| ListObjectsV2Request {
            bucket: "shop".into(),
            continuation_token: token,
            delimiter: delimiter.map(Into::into),
            prefix: Some(prefix.into()),
            max_keys: Some(max_keys),
            ..Default::default()
        };
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = bench.call::<ops::ListObjectsV2>(list(token, Some("/"), "", 2)).await.unwrap();
        let keys = page.contents.into_iter().flatten().filter_map(|entry| entry.key);
        let prefixes = page.common_prefixes.into_iter().flatten().filter_map(|entry| entry.prefix);
        let mut both: Vec<_> = keys.chain(prefixes).collect();
        both.sort();
        names.push(both);
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, [vec!["a/", "b"], vec!["c/", "d"]]);
    let under = bench.call::<ops::ListObjectsV2>(list(None, Some("/"), "c/", 10)).await.unwrap();
    assert_eq!(under.key_count, Some(2));
    let all = bench.call::<ops::ListObjectsV2>(list(None, None, "", 6)).await.unwrap();
    assert_eq!((all.key_count, all.is_truncated), (Some(6), Some(false)));
    let none = bench.call::<ops::ListObjectsV2>(list(None, None, "", 0)).await.unwrap();
    assert_eq!((none.key_count, none.is_truncated), (Some(0), Some(false)));
}

#[tokio::test]
async fn versions_outlive_overwriting_and_deleting() {
    let bench = bench().await;
    put(&bench, "k", "null version").await;
    enable_versions(&bench).await;
    let second = put(&bench, "k", "second").await.version_id.unwrap();
    let delete = |version_id| DeleteObjectRequest {
        bucket: "shop".into(),
        key: "k".into(),
        version_id,
        ..Default::default()
    };
    let marker = bench.call::<ops::DeleteObject>(delete(None)).await.unwrap();
    assert_eq!(marker.delete_marker, Some(true));
    assert_eq!(bench.refused::<ops::GetObject>(get_request("k")).await.code, "NoSuchKey");
    let expected = [("k".into(), false, false), ("k".into(), false, false), ("k".into(), true, true)];
    assert_eq!(versions(&bench).await, expected);

    let old = GetObjectRequest { version_id: Some("null".into()), ..get_request("k") };
    assert_eq!(text(bench.call::<ops::GetObject>(old).await.unwrap()).await, "null version");
    // Removing the delete marker brings the newest version back.
    bench.call::<ops::DeleteObject>(delete(marker.version_id)).await.unwrap();
    assert_eq!(get(&bench, "k").await.unwrap(), "second");
    bench.call::<ops::DeleteObject>(delete(Some(second))).await.unwrap();
    assert_eq!(get(&bench, "k").await.unwrap(), "null version");

    let bucket = DeleteBucketRequest { bucket: "shop".into(), ..Default::default() };
    assert_eq!(bench.refused::<ops::DeleteBucket>(bucket.clone()).await.code, "BucketNotEmpty");
    bench.call::<ops::DeleteObject>(delete(Some("null".into()))).await.unwrap();
    bench.call::<ops::DeleteBucket>(bucket).await.unwrap();
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let bench = bench().await;
    let create =
        CreateMultipartUploadRequest { bucket: "shop".into(), key: "big".into(), ..Default::default() };
    let upload_id = bench.call::<ops::CreateMultipartUpload>(create).await.unwrap().upload_id.unwrap();
    let first = "x".repeat(5 << 20);
    let mut parts = Vec::new();
    for (part_number, body) in [(1, first.as_str()), (2, "tail")] {
        let request = UploadPartRequest {
            bucket: "shop".into(),
            key: "big".into(),
            part_number,
            upload_id: upload_id.clone(),
            body: Some(bytes::Bytes::copy_from_slice(body.as_bytes()).into()),
            ..Default::default()
        };
        let e_tag = bench.call::<ops::UploadPart>(request).await.unwrap().e_tag;
        parts.push(CompletedPart { part_number: Some(part_number), e_tag, ..Default::default() });
    }
    let complete = |parts: Vec<CompletedPart>| CompleteMultipartUploadRequest {
        bucket: "shop".into(),
        key: "big".into(),
        upload_id: upload_id.clone(),
        multipart_upload: Some(CompletedMultipartUpload { parts: Some(parts) }),
        ..Default::default()
    };
    let swapped = vec![parts[1].clone(), parts[0].clone()];
    assert_eq!(
        bench.refused::<ops::CompleteMultipartUpload>(complete(swapped)).await.code,
        "InvalidPartOrder"
    );
    let output = bench.call::<ops::CompleteMultipartUpload>(complete(parts.clone())).await.unwrap();
    assert!(output.e_tag.unwrap().ends_with("-2\""));
    assert_eq!(bench.refused::<ops::CompleteMultipartUpload>(complete(parts)).await.code, "NoSuchUpload");

    let tail = GetObjectRequest { range: Some("bytes=-6".into()), ..get_request("big") };
    assert_eq!(text(bench.call::<ops::GetObject>(tail).await.unwrap()).await, "xxtail");
    let second = HeadObjectRequest {
        bucket: "shop".into(),
        key: "big".into(),
        part_number: Some(2),
        ..Default::default()
    };
    let head = bench.call::<ops::HeadObject>(second).await.unwrap();
    assert_eq!((head.content_length, head.parts_count), (Some(4), Some(2)));
}

#[tokio::test]
async fn a_copy_outlives_its_source() {
    let bench = bench().await;
    put(&bench, "from here", "copied").await;
    let copy = |to: &str| CopyObjectRequest {
        bucket: "shop".into(),
        key: to.into(),
        copy_source: "shop/from%20here".into(),
        ..Default::default()
    };
    bench.call::<ops::CopyObject>(copy("to")).await.unwrap();
    assert_eq!(bench.refused::<ops::CopyObject>(copy("from here")).await.code, "InvalidRequest");
    let objects =
        ["from here", "never there"].map(|key| ObjectIdentifier { key: key.into(), ..Default::default() });
    let delete = DeleteObjectsRequest {
        bucket: "shop".into(),
        delete: Delete { objects: objects.to_vec(), quiet: None },
        ..Default::default()
    };
    assert_eq!(bench.call::<ops::DeleteObjects>(delete).await.unwrap().deleted.unwrap().len(), 2);
    // Give the collector its turn: the blob is still referred to by the copy.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(get(&bench, "to").await.unwrap(), "copied");
}
