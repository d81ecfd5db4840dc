//! What is stored: groups, streams and events.
//!
//! Groups and streams have numbers of their own, so that one that was deleted can be made anew at
//! once while what it held is still being collected. Events stand in the order of their group, for
//! searching and following it; an index gives the order of each stream.

use std::collections::BTreeMap;
use std::time::Duration;

use updraft_kernel::{Fault, Record, RecordError, Table, Tx, json_record};
use updraft_types::{Scope, Timestamp};

/// A log group.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Group {
    pub id: u64,
    pub created: Timestamp,
    pub class: String,
    pub retention_days: Option<u32>,
    /// Counts changes of the retention; an expiry of an earlier one ends.
    pub expiry: u32,
    pub kms_key_id: Option<String>,
    pub deletion_protection: bool,
    pub tags: BTreeMap<String, String>,
}

json_record!(Group, 1);

/// What changes with every event of a group.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Size {
    pub next_event: u64,
    pub stored_bytes: u64,
}

json_record!(Size, 1);

/// A log stream.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Stream {
    pub id: u64,
    pub created: Timestamp,
    pub last_event: Option<Timestamp>,
    pub last_ingestion: Option<Timestamp>,
}

json_record!(Stream, 1);

/// A log event; its time is in its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub stream: u64,
    pub ingested: Timestamp,
    pub message: String,
}

/// The bytes of an event before its message: version, stream, time of ingestion.
const EVENT_HEAD: usize = 1 + 8 + 8;

/// What is counted for an event beside its message ("PutLogEvents", CloudWatch Logs API reference).
pub(super) const EVENT_OVERHEAD_BYTES: usize = 26;

impl Event {
    /// The size that AWS counts.
    pub(super) fn size(&self) -> u64 {
        (self.message.len() + EVENT_OVERHEAD_BYTES) as u64
    }
}

impl Record for Event {
    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = Vec::with_capacity(EVENT_HEAD + self.message.len());
        bytes.push(1);
        bytes.extend_from_slice(&self.stream.to_be_bytes());
        bytes.extend_from_slice(&self.ingested.millis().to_be_bytes());
        bytes.extend_from_slice(self.message.as_bytes());
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let malformed = || RecordError::Malformed(None);
        match bytes.first() {
            Some(1) => {}
            Some(found) if *found > 1 => return Err(RecordError::TooNew { found: *found, known: 1 }),
            _ => return Err(malformed()),
        }
        let (head, message) = bytes.split_at_checked(EVENT_HEAD).ok_or_else(malformed)?;
        let (stream, ingested) = head[1..].split_at(8);
        Ok(Self {
            stream: u64::from_be_bytes(stream.try_into().map_err(|_| malformed())?),
            ingested: Timestamp::from_millis(i64::from_be_bytes(
                ingested.try_into().map_err(|_| malformed())?,
            )),
            message: String::from_utf8(message.to_vec())
                .map_err(|e| RecordError::Malformed(Some(e.into())))?,
        })
    }
}

/// A stream's name, by its number.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct StreamLabel {
    pub name: String,
}

json_record!(StreamLabel, 1);

/// Scope and name to group.
pub(super) const GROUPS: Table<(Scope, String), Group> = Table::new("logs.group");
/// Group to its size.
pub(super) const SIZES: Table<u64, Size> = Table::new("logs.group_size");
/// Group and name to stream.
pub(super) const STREAMS: Table<(u64, String), Stream> = Table::new("logs.stream");
/// Group and stream to the stream's name.
pub(super) const LABELS: Table<(u64, u64), StreamLabel> = Table::new("logs.stream_label");
/// Group, time and number to event.
pub(super) const EVENTS: Table<(u64, Timestamp, u64), Event> = Table::new("logs.event");
/// Stream, time and number: the events of each stream.
pub(super) const STREAM_EVENTS: Table<(u64, Timestamp, u64), ()> = Table::new("logs.stream_event");
/// The number of the next group or stream.
const NEXT_ID: Table<(), u64> = Table::new("logs.next_id");

/// Draws the number of a new group or stream.
pub(super) fn next_id(tx: &mut (impl Tx + ?Sized)) -> Result<u64, Fault> {
    let id = NEXT_ID.get(tx, &())?.unwrap_or(1);
    NEXT_ID.put(tx, &(), &(id + 1))?;
    Ok(id)
}

/// A day, as retention counts it.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Group {
    /// The time before which events are expired.
    pub(super) fn expired_before(&self, now: Timestamp) -> Timestamp {
        self.retention_days.map_or(Timestamp::EPOCH, |days| now.minus(DAY * days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_read_back_and_what_is_none_is_refused() {
        let event =
            Event { stream: 7, ingested: Timestamp::from_millis(-5), message: "grüße\n".to_owned() };
        let bytes = event.encode().unwrap();
        assert_eq!(Event::decode(&bytes).unwrap(), event);
        assert!(matches!(Event::decode(&[2]), Err(RecordError::TooNew { found: 2, known: 1 })));
        for length in 0..EVENT_HEAD {
            assert!(Event::decode(&bytes[..length]).is_err(), "{length}");
        }
    }
}
