//! RFC 3339 times, as the language has them: a `T`, and a `Z` or an offset.

use updraft_types::Timestamp;

/// The time in a text, in milliseconds; nothing where the text is no RFC 3339 time.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let mark = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
    let shaped = digits(0..4)
        && mark(4, b'-')
        && digits(5..7)
        && mark(7, b'-')
        && digits(8..10)
        && mark(10, b'T')
        && digits(11..13)
        && mark(13, b':')
        && digits(14..16)
        && mark(16, b':')
        && digits(17..19);
    if !shaped || !text.is_ascii() {
        return None;
    }
    let rest = &text[19..];
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.find(|c: char| !c.is_ascii_digit())?;
            if zone == 0 || zone > 9 {
                return None;
            }
            &fraction[zone..]
        }
        None => rest,
    };
    let zoned = rest == "Z"
        || (rest.len() == 6
            && (rest.starts_with('+') || rest.starts_with('-'))
            && rest.as_bytes()[3] == b':');
    if !zoned {
        return None;
    }
    text.parse::<Timestamp>().ok().map(Timestamp::millis)
}

/// A time as the context object shows it: `2026-11-23T04:30:33.120Z`.
#[must_use]
pub fn iso_millis(millis: i64) -> String {
    Timestamp::from_millis(millis).iso8601_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc_3339_is_a_time() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(parse_rfc3339("1970-01-01T01:00:01.500000+01:00"), Some(1_500));
        let others = [
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "05-12-2016T21:29:29Z",
            "2016-12-05T21:29:29.Z",
            "",
        ];
        for text in others {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
