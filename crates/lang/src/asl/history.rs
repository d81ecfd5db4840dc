//! The events of an execution, as `GetExecutionHistory` shows them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// Its number, from 1.
    pub id: u64,
    /// The event it follows from; 0 for the first ones.
    #[serde(rename = "p")]
    pub previous: u64,
    /// When, in milliseconds.
    #[serde(rename = "at")]
    pub at: i64,
    /// Its type: `TaskStateEntered`.
    #[serde(rename = "t")]
    pub kind: String,
    /// Its details, with the names of the API.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl HistoryEvent {
    /// The name of its details in the API: `stateEnteredEventDetails`.
    #[must_use]
    pub fn details_key(&self) -> String {
        if self.kind.ends_with("StateEntered") {
            return "stateEnteredEventDetails".to_owned();
        }
        if self.kind.ends_with("StateExited") {
            return "stateExitedEventDetails".to_owned();
        }
        let mut letters = self.kind.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>() + "EventDetails"
    }
}
