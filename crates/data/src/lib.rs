//! Data services: S3 and DynamoDB.

pub mod dynamodb;
pub mod s3;
