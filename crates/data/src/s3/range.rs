//! Byte ranges (RFC 9110 §14), as S3 serves them: one range, or the whole object.

/// What a `Range` header asks of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The whole object: no range, or one S3 does not read.
    Whole,
    /// These bytes, first and last included.
    Bytes(u64, u64),
    /// Bytes the object does not have.
    OutOfRange,
}

/// Reads a `Range` header for an object of `size` bytes. Several ranges at once, and anything that
/// is no byte range, are answered with the whole object, as S3 does.
pub(crate) fn read(header: Option<&str>, size: u64) -> Asked {
    let Some(range) = header.and_then(|h| h.trim().strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Asked::Whole };
    match (number(first), number(last)) {
        (Some(None), Some(Some(0))) => Asked::OutOfRange,
        (Some(None), Some(Some(_))) if size == 0 => Asked::OutOfRange,
        (Some(None), Some(Some(length))) => Asked::Bytes(size - length.min(size), size - 1),
        (Some(Some(first)), Some(last)) => {
            if last.is_some_and(|last| last < first) {
                Asked::Whole
            } else if first >= size {
                Asked::OutOfRange
            } else {
                Asked::Bytes(first, last.unwrap_or(u64::MAX).min(size - 1))
            }
        }
        _ => Asked::Whole,
    }
}

/// Nothing, a number, or (outside) neither.
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_s3_reads_them() {
        let cases = [
            (None, Asked::Whole),
            (Some("bytes=0-4"), Asked::Bytes(0, 4)),
            (Some("bytes=5-"), Asked::Bytes(5, 9)),
            (Some("bytes=-3"), Asked::Bytes(7, 9)),
            (Some("bytes=-30"), Asked::Bytes(0, 9)),
            (Some("bytes=8-99"), Asked::Bytes(8, 9)),
            (Some("bytes=10-"), Asked::OutOfRange),
            (Some("bytes=-0"), Asked::OutOfRange),
            (Some("bytes=4-2"), Asked::Whole),
            (Some("bytes=0-1,3-4"), Asked::Whole),
            (Some("lines=0-1"), Asked::Whole),
            (Some("bytes=-"), Asked::Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(read(header, 10), expected, "{header:?}");
        }
        assert_eq!(read(Some("bytes=0-0"), 0), Asked::OutOfRange);
        assert_eq!(read(Some("bytes=-1"), 0), Asked::OutOfRange);
    }
}
