//! The operations of STS, one to a file.

mod assume_role;
mod get_caller_identity;
