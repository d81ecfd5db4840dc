//! Data services: S3 and DynamoDB.

pub mod s3;
