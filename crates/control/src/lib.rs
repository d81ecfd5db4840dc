//! Identity services: IAM and STS.
//!
//! [`iam`] keeps roles and policies and decides who may do what; [`sts`] opens sessions of roles and
//! recognises them again.

pub mod iam;
pub mod sts;

#[cfg(test)]
mod tests;
