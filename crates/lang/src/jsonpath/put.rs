//! Puts a value where a reference path points to: `ResultPath`.

use serde_json::{Map, Value};

use super::{Path, PathError, Root, Step, select};

/// `root` with `value` at `path`.
pub(super) fn put(path: &Path, mut root: Value, value: Value) -> Result<Value, PathError> {
    let is_place = path.root == Root::Input && path.is_reference();
    let node = if is_place { place(&path.steps, &mut root) } else { None };
    match node {
        Some(node) => {
            *node = value;
            Ok(root)
        }
        None => Err(PathError::Unapplicable { path: path.text().to_owned(), input: root.to_string() }),
    }
}

/// The node that steps lead to, made where it is missing: objects only, as an array has no place to
/// begin at. None where a step finds something else than an object, or an array of enough items.
fn place<'a>(steps: &[Step], node: &'a mut Value) -> Option<&'a mut Value> {
    let Some((step, later)) = steps.split_first() else {
        return Some(node);
    };
    let next = match (step, node) {
        (Step::Properties(names), Value::Object(members)) => {
            let name = names.first()?;
            // Nothing is made where a later step would fail: the root stays as it was.
            if !members.contains_key(name) && later.iter().any(|step| matches!(step, Step::Indices(_))) {
                return None;
            }
            members.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()))
        }
        (Step::Indices(indices), Value::Array(items)) => {
            let place = select::offset(*indices.first()?, items.len())?;
            items.get_mut(place)?
        }
        _ => return None,
    };
    place(later, next)
}
