//! Results on standard output.

use std::io::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use updraft_delivery::{ExitCode, Explain as _, Outcome};

/// One JSON value, on one line: progress has gone before it, a line each.
pub fn json(value: &impl serde::Serialize) -> Outcome<()> {
    let write = || -> std::io::Result<()> {
        let mut text = serde_json::to_string(value)?;
        text.push('\n');
        std::io::stdout().write_all(text.as_bytes())
    };
    write().explain(ExitCode::Failure, || "cannot write the result".to_owned())
}

/// Bytes as they are.
pub fn bytes(bytes: &[u8]) -> Outcome<()> {
    let written = std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush());
    written.explain(ExitCode::Failure, || "cannot write the result".to_owned())
}

/// A table for people.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}
