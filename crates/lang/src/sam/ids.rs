//! Logical ids that change with data.

use serde_json::Value;

use super::intrinsics::truthy;
use super::python::sorted_json;

/// How many digits of the hash an id carries.
const DIGITS: usize = 10;

/// The prefix and the first digits of the data's SHA-1. A text is hashed as it is, anything else as
/// its sorted JSON; data that is empty adds nothing. (The id's form is part of the transform's
/// contract: a stack's resources are known by it.)
pub(crate) fn hashed(prefix: &str, data: &Value) -> String {
    if !truthy(data) {
        return prefix.to_owned();
    }
    let text = data.as_str().map_or_else(|| sorted_json(data), str::to_owned);
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}{}", &hex[..DIGITS])
}

/// The prefix and the first characters of a hash that is already there.
pub(crate) fn with_hash(prefix: &str, hash: &str) -> String {
    format!("{prefix}{}", hash.chars().take(DIGITS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_those_of_the_official_transform() {
        // `printf '{"S3Bucket":"b","S3Key":"k"}' | sha1sum`
        assert_eq!(hashed("V", &json!({"S3Key": "k", "S3Bucket": "b"})), "V03ba323aca");
        // `printf my-stage | sha1sum`
        assert_eq!(hashed("S", &json!("my-stage")), "Sa9d64949ee");
        assert_eq!(hashed("S", &json!("")), "S");
        assert_eq!(with_hash("V", "0123456789abcdef"), "V0123456789");
    }
}
