//! The words that may not stand for an attribute in an expression.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The 573 words of the DynamoDB Developer Guide, "Reserved words in DynamoDB", read 2026-11.
static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("reserved.txt").split_whitespace().collect());

/// Whether a name is reserved, in whatever case.
pub(super) fn is_reserved(name: &str) -> bool {
    WORDS.contains(name.to_ascii_uppercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case() {
        assert_eq!(WORDS.len(), 573);
        assert!(is_reserved("status") && is_reserved("Name") && is_reserved("TTL"));
        assert!(!is_reserved("pk") && !is_reserved(""));
    }
}
