//! AWS Signature Version 4: the arithmetic, for those who sign and those who verify.
//!
//! Source: "Create a signed AWS API request", IAM user guide, and "Authenticating requests",
//! Amazon S3 API reference (read 2026-11). Nothing here knows a clock or a secret of its own.

mod canonical;
mod chunked;
mod sign;
mod verify;

pub use chunked::{BodySignature, decode_chunks};
pub use sign::{SigningCredentials, presign, sign};
pub use verify::{Claims, SignatureError, verify};

use ring::{digest, hmac};

/// The only algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// The scope of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialScope {
    /// `20261123`.
    pub date: String,
    /// The region's name.
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

impl CredentialScope {
    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    /// The key that signs in this scope.
    pub(crate) fn key(&self, secret: &str) -> SigningKey {
        let date = mac(format!("AWS4{secret}").as_bytes(), &self.date);
        let region = mac(date.as_ref(), &self.region);
        let service = mac(region.as_ref(), &self.service);
        let key = mac(service.as_ref(), "aws4_request");
        SigningKey(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
    }
}

/// A key that signs in one scope.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    pub(crate) fn sign(&self, text: &str) -> String {
        hex(hmac::sign(&self.0, text.as_bytes()).as_ref())
    }

    /// Compares in constant time.
    pub(crate) fn verifies(&self, text: &str, signature: &str) -> bool {
        let Some(bytes) = unhex(signature) else { return false };
        hmac::verify(&self.0, text.as_bytes(), &bytes).is_ok()
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The text that is signed, of a canonical request.
pub(crate) fn string_to_sign(date: &str, scope: &CredentialScope, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{}\n{}", scope.text(), sha256_hex(canonical_request.as_bytes()))
}
