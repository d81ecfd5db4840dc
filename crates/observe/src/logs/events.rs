//! Reading events in order, and the places where a reader left off.

use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_kernel::{Direction, Fault, Read};
use updraft_types::Timestamp;

use super::model::{EVENTS, Event, STREAM_EVENTS};
use super::refusals;

/// How many events an answer holds at most ("GetLogEvents", "FilterLogEvents", API reference).
pub(super) const EVENTS_MAX: usize = 10_000;

/// How many bytes of events an answer holds at most (same pages).
pub(super) const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// A place between events: before the one of this time and number, and after all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub time: Timestamp,
    pub number: u64,
}

/// What events to visit: those of a group, or of one of its streams, between two places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub group: u64,
    pub stream: Option<u64>,
    pub from: Place,
    pub to: Place,
}

impl Place {
    /// Before all events of a time.
    pub(super) fn before(time: Timestamp) -> Self {
        Self { time, number: 0 }
    }

    /// Past every event.
    pub(super) const END: Self = Self { time: Timestamp::from_millis(i64::MAX), number: u64::MAX };

    /// Past the event that stands here.
    pub(super) fn next(self) -> Self {
        Self { number: self.number + 1, ..self }
    }

    /// The 56 digits that AWS's event ids and stream tokens have.
    pub(super) fn digits(self, stream: u64) -> String {
        format!("{:020}{stream:016}{:020}", self.time.millis(), self.number)
    }

    fn from_digits(digits: &str) -> Option<Self> {
        if digits.len() != 56 || !digits.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let time = Timestamp::from_millis(digits[..20].parse().ok()?);
        Some(Self { time, number: digits[36..].parse().ok()? })
    }

    /// The token of a search.
    pub(super) fn search_token(self) -> String {
        URL_SAFE_NO_PAD.encode([self.time.millis().to_be_bytes(), self.number.to_be_bytes()].concat())
    }

    /// Reads the token of a search.
    pub(super) fn from_search_token(token: &str) -> Result<Self, Refusal> {
        let bytes: [u8; 16] = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(refusals::token_invalid)?;
        let number = u128::from_be_bytes(bytes);
        Ok(Self {
            time: Timestamp::from_millis(((number >> 64) as u64).cast_signed()),
            number: number as u64,
        })
    }
}

/// Where a reader of a stream goes on, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamToken {
    pub direction: Direction,
    pub place: Place,
}

impl StreamToken {
    /// The token's text: `f/…/s` or `b/…/s`, as AWS's are.
    pub(super) fn text(self) -> String {
        let letter = match self.direction {
            Direction::Forward => 'f',
            Direction::Reverse => 'b',
        };
        format!("{letter}/{}/s", self.place.digits(0))
    }

    /// Reads a token.
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let (direction, rest) = match text.split_at_checked(2) {
            Some(("f/", rest)) => (Direction::Forward, rest),
            Some(("b/", rest)) => (Direction::Reverse, rest),
            _ => return Err(refusals::token_invalid()),
        };
        let place = Place::from_digits(rest.strip_suffix("/s").unwrap_or(rest));
        Ok(Self { direction, place: place.ok_or_else(refusals::token_invalid)? })
    }
}

/// Visits the events of a range until `visit` breaks.
pub(super) fn visit(
    read: &(impl Read + ?Sized),
    range: &Range,
    direction: Direction,
    mut visit: impl FnMut(Place, Event) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let bounds =
        |first: u64| ((first, range.from.time, range.from.number), (first, range.to.time, range.to.number));
    let Some(stream) = range.stream else {
        let (from, to) = bounds(range.group);
        return EVENTS.visit(read, &EVENTS.between(&from, &to, direction), |(_, time, number), event| {
            visit(Place { time, number }, event)
        });
    };
    let (from, to) = bounds(stream);
    let mut failed = None;
    STREAM_EVENTS.visit(read, &STREAM_EVENTS.between(&from, &to, direction), |(_, time, number), ()| {
        match EVENTS.get(read, &(range.group, time, number)) {
            Ok(Some(event)) => visit(Place { time, number }, event),
            Ok(None) => ControlFlow::Continue(()),
            Err(fault) => {
                failed = Some(fault);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_others_are_refused() {
        let place = Place { time: Timestamp::from_millis(1_767_225_600_123), number: 42 };
        for direction in [Direction::Forward, Direction::Reverse] {
            let token = StreamToken { direction, place };
            assert_eq!(StreamToken::read(&token.text()), Ok(token));
        }
        assert_eq!(Place::from_search_token(&place.search_token()), Ok(place));
        for text in ["", "f", "f/12/s", "x/1/s", &"é".repeat(30), &format!("f/{}/s", "9".repeat(56))] {
            assert!(StreamToken::read(text).is_err(), "{text}");
            assert!(Place::from_search_token(text).is_err(), "{text}");
        }
    }
}
