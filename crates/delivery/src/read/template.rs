//! The template's text: into a value, and back to a place in the file.

use std::path::Path;

use serde_json::Value;
use updraft_lang::template::Document;

use crate::{ExitCode, Outcome, Place, Problem};

/// A template's text, its value, and where each part of it stands.
#[derive(Debug, Clone)]
pub struct TemplateSource {
    /// The value, short forms of intrinsics written out.
    pub value: Value,
    file: std::path::PathBuf,
    text: String,
    document: Document,
}

impl TemplateSource {
    /// Reads a template.
    pub fn parse(file: &Path, text: String) -> Outcome<Self> {
        match Document::parse(&text) {
            Ok(document) => Ok(Self { value: document.value.clone(), file: file.to_owned(), text, document }),
            Err(error) => {
                let place = place(file, &text, error.place.line, error.place.column);
                Err(Problem::new(ExitCode::Config, error.message).at(place))
            }
        }
    }

    /// The place of a part of the template, named by its path.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Place {
        let escaped = path.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1")));
        let at = self.document.place(&escaped.collect::<String>());
        place(&self.file, &self.text, at.line, at.column)
    }
}

/// A place with the word that stands there.
fn place(file: &Path, text: &str, line: usize, column: usize) -> Place {
    let before: usize =
        text.split_inclusive('\n').take(line.saturating_sub(1)).map(|l| l.chars().count()).sum();
    let start = before + column.saturating_sub(1);
    let word = text.chars().skip(start).take_while(|c| !c.is_whitespace() && *c != ':').count();
    Place { file: file.to_owned(), text: text.to_owned(), line, column, chars: start..start + word.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_by_its_name() {
        let text = "Resources:\n  CartTable:\n    Type: x\n  Cart:\n    Type: !Ref Y\n";
        let source = TemplateSource::parse(Path::new("t.yaml"), text.to_owned()).unwrap();
        assert_eq!(source.value["Resources"]["Cart"]["Type"], serde_json::json!({"Ref": "Y"}));
        let place = source.place(&["Resources", "Cart"]);
        assert_eq!(place.line, 4);
    }

    #[test]
    fn a_broken_template_says_where() {
        let problem = TemplateSource::parse(Path::new("t.yaml"), "Resources: [".to_owned()).unwrap_err();
        assert_eq!(problem.exit, ExitCode::Config);
        assert_eq!(problem.place.map(|place| place.line), Some(2));
    }
}
