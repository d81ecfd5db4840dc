//! History as the API shows it.

use serde_json::{Map, Value};
use updraft_api::states::HistoryEvent;
use updraft_api::value::Structure as _;
use updraft_api::wire;
use updraft_kernel::Result;
use updraft_lang::asl;

/// The members of details that are execution data.
const DATA: [&str; 5] = ["input", "output", "parameters", "cause", "assignedVariables"];

/// An event in the API's shape; without the data if that is not wanted.
pub(crate) fn show(event: &asl::HistoryEvent, with_data: bool) -> Result<HistoryEvent> {
    let mut members = Map::new();
    members.insert("timestamp".to_owned(), Value::from(event.at as f64 / 1_000.0));
    members.insert("type".to_owned(), Value::String(event.kind.clone()));
    members.insert("id".to_owned(), Value::from(event.id));
    members.insert("previousEventId".to_owned(), Value::from(event.previous));
    if let Some(details) = &event.details {
        let mut details = details.clone();
        if let (false, Value::Object(details)) = (with_data, &mut details) {
            // Errors and their causes stay: they are no execution data (recorded).
            for name in DATA.into_iter().filter(|name| *name != "cause") {
                details.remove(name);
                details.remove(&format!("{name}Details"));
            }
        }
        members.insert(event.details_key(), details);
    }
    let members = wire::read_json(members, HistoryEvent::SHAPE)?;
    Ok(HistoryEvent::from_members(members))
}
