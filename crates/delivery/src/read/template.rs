//! The template's text: into a value, and back to a place in the file.

use std::path::Path;

use crate::Place;

/// The place of a resource's name in the template's text.
pub(super) fn place_of(file: &Path, text: &str, logical_id: &str) -> Option<Place> {
    let mut offset = 0;
    for (index, line) in text.lines().enumerate() {
        let name = line.trim_start().trim_start_matches(['"', '\'']);
        if line.starts_with([' ', '\t']) && name.strip_prefix(logical_id).is_some_and(is_key_end) {
            let column = line.chars().count() - name.chars().count();
            let start = offset + column;
            return Some(Place {
                file: file.to_owned(),
                text: text.to_owned(),
                line: index + 1,
                column: column + 1,
                chars: start..start + logical_id.chars().count(),
            });
        }
        offset += line.chars().count() + 1;
    }
    None
}

fn is_key_end(rest: &str) -> bool {
    rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_by_its_name() {
        let text = "Resources:\n  CartTable:\n    Type: x\n  Cart:\n    Type: y\n";
        let place = place_of(Path::new("t.yaml"), text, "Cart").unwrap();
        assert_eq!((place.line, place.column), (4, 3));
        assert_eq!(text.chars().skip(place.chars.start).take(place.chars.len()).collect::<String>(), "Cart");
        assert_eq!(place_of(Path::new("t.yaml"), text, "Orders"), None);
    }
}
pub(super) fn parse(_file: &Path, text: &str) -> crate::Outcome<serde_json::Value> {
    use crate::Explain;
    serde_json::from_str(text).explain(crate::ExitCode::Config, || "x".into())
}
/// Expands.
pub fn expand(
    _file: &Path,
    template: &serde_json::Value,
    _parameters: &std::collections::BTreeMap<String, String>,
) -> crate::Outcome<serde_json::Value> {
    Ok(template.clone())
}
