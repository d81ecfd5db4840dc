//! The fields that many states have: paths, payloads, amounts, texts.

use serde_json::{Map, Value};

use super::Reader;
use crate::asl::expression::{Dynamic, inside};
use crate::asl::machine::{Amount, Language, PathField, Payload, Words};
use crate::jsonpath::{Path, Template};

pub(super) type Fields = Map<String, Value>;

impl Reader {
    /// Refuses fields that are not among those known here.
    pub(super) fn only(&mut self, fields: &Fields, known: &[&str], at: &str) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.fail(format!("Field '{name}' is not supported"), &format!("{at}/{name}"));
        }
    }

    /// Refuses more than one of several fields.
    pub(super) fn one_of(&mut self, fields: &Fields, names: &[&str], at: &str) -> usize {
        let given: Vec<_> = names.iter().filter(|name| fields.contains_key(**name)).copied().collect();
        if given.len() > 1 {
            self.fail(format!("Only one of these fields is allowed: [{}]", given.join(", ")), at);
        }
        given.len()
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, fields: &Fields, name: &str, at: &str) -> Option<String> {
        match fields.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.fail("Expected value of type String", &format!("{at}/{name}"));
                None
            }
            None => {
                self.fail(format!("These fields are required: [{name}]"), at);
                None
            }
        }
    }

    /// A whole number of at least `least`, if it is there.
    pub(super) fn whole(&mut self, fields: &Fields, name: &str, at: &str, least: u64) -> Option<u64> {
        let value = fields.get(name)?;
        match value.as_u64() {
            Some(number) if number >= least => Some(number),
            Some(_) => {
                self.fail(format!("Value must be at least {least}"), &format!("{at}/{name}"));
                None
            }
            None => {
                let wrong = if value.is_number() {
                    format!("Value must be at least {least}")
                } else {
                    "Expected value of type Integer".to_owned()
                };
                self.fail(wrong, &format!("{at}/{name}"));
                None
            }
        }
    }

    /// A path in a text.
    pub(super) fn path(&mut self, value: &Value, name: &str, at: &str) -> Option<Path> {
        let read = value.as_str().and_then(|text| Path::parse(text).ok());
        if read.is_none() {
            let message = format!("The value for the field '{name}' must be a valid JSONPath");
            self.fail(message, &format!("{at}/{name}"));
        }
        read
    }

    /// A reference path in a text.
    pub(super) fn reference(&mut self, value: &Value, name: &str, at: &str) -> Option<Path> {
        let path = self.path(value, name, at)?;
        if path.is_reference() {
            return Some(path);
        }
        self.fail("Value is not a Reference Path", &format!("{at}/{name}"));
        None
    }

    /// `InputPath`, `OutputPath`.
    pub(super) fn path_field(&mut self, fields: &Fields, name: &str, at: &str) -> PathField {
        match fields.get(name) {
            None => PathField::Whole,
            Some(Value::Null) => PathField::Nothing,
            Some(value) => match self.path(value, name, at) {
                Some(path) if path.is_root() => PathField::Whole,
                Some(path) => PathField::Path(path),
                None => PathField::Whole,
            },
        }
    }

    /// `ResultPath`.
    pub(super) fn result_path(&mut self, fields: &Fields, at: &str) -> PathField {
        match fields.get("ResultPath") {
            None => PathField::Whole,
            Some(Value::Null) => PathField::Nothing,
            Some(value) => match self.reference(value, "ResultPath", at) {
                Some(path) if path.is_root() => PathField::Whole,
                Some(path) if path.is_context() || path.variable().is_some() => {
                    self.fail("Value is not a Reference Path", &format!("{at}/ResultPath"));
                    PathField::Whole
                }
                Some(path) => PathField::Path(path),
                None => PathField::Whole,
            },
        }
    }

    /// A payload template.
    pub(super) fn template(&mut self, fields: &Fields, name: &str, at: &str) -> Option<Template> {
        let value = fields.get(name)?;
        self.conflicts(value, &format!("{at}/{name}"));
        match Template::parse(value) {
            Ok(template) => Some(template),
            Err(error) => {
                self.fail(error.to_string(), &format!("{at}/{name}{}", error.at));
                None
            }
        }
    }

    /// A name with and without `.$` in one object.
    fn conflicts(&mut self, value: &Value, at: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if name.strip_suffix(".$").is_some_and(|plain| members.contains_key(plain)) {
                        self.fail(format!("Duplicate field name: {}", name.trim_end_matches(".$")), at);
                    }
                    self.conflicts(member, &format!("{at}/{name}"));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.conflicts(item, at)),
            _ => {}
        }
    }

    /// A value with expressions in it.
    pub(super) fn dynamic(&mut self, fields: &Fields, name: &str, at: &str) -> Option<Dynamic> {
        let value = fields.get(name)?;
        match Dynamic::read(value) {
            Ok(dynamic) => Some(dynamic),
            Err(misread) => {
                self.fail(misread.message, &format!("{at}/{name}{}", misread.at));
                None
            }
        }
    }

    /// A payload in the state's language.
    pub(super) fn payload(
        &mut self,
        fields: &Fields,
        name: &str,
        at: &str,
        language: Language,
    ) -> Option<Payload> {
        match language {
            Language::JsonPath => self.template(fields, name, at).map(Payload::Template),
            Language::Jsonata => self.dynamic(fields, name, at).map(Payload::Dynamic),
        }
    }

    /// `Assign`.
    pub(super) fn assign(&mut self, fields: &Fields, at: &str, language: Language) -> Option<Payload> {
        let value = fields.get("Assign")?;
        let place = format!("{at}/Assign");
        let Some(members) = value.as_object() else {
            self.fail("Expected value of type Object", &place);
            return None;
        };
        for name in members.keys() {
            let plain = if language == Language::JsonPath { name.trim_end_matches(".$") } else { name };
            if !is_variable_name(plain) {
                self.fail(format!("Invalid variable name: {plain}"), &format!("{place}/{name}"));
            }
        }
        self.payload(fields, "Assign", at, language)
    }

    /// An amount: literal, `…Path`, or an expression.
    pub(super) fn amount(
        &mut self,
        fields: &Fields,
        name: &str,
        at: &str,
        language: Language,
        least: f64,
    ) -> Option<Amount> {
        let by_path = format!("{name}Path");
        if language == Language::JsonPath {
            self.one_of(fields, &[name, &by_path], at);
            if let Some(value) = fields.get(&by_path) {
                return self.reference(value, &by_path, at).map(Amount::Path);
            }
        }
        let place = format!("{at}/{name}");
        match fields.get(name)? {
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::MAX);
                if number < least {
                    self.fail(format!("Value must be at least {least}"), &place);
                }
                Some(Amount::Literal(number))
            }
            Value::String(text) if language == Language::Jsonata && inside(text).is_some() => {
                self.dynamic(fields, name, at).map(Amount::Dynamic)
            }
            _ => {
                self.fail("Expected value of type Integer", &place);
                None
            }
        }
    }

    /// A text: literal, `…Path` (which may be a call), or an expression.
    pub(super) fn words(
        &mut self,
        fields: &Fields,
        name: &str,
        at: &str,
        language: Language,
    ) -> Option<Words> {
        let by_path = format!("{name}Path");
        if language == Language::JsonPath {
            self.one_of(fields, &[name, &by_path], at);
            match fields.get(&by_path) {
                Some(Value::String(text)) if text.starts_with("States.") => {
                    let template = serde_json::json!({ "value.$": text });
                    return match Template::parse(&template) {
                        Ok(template) => Some(Words::Call(template)),
                        Err(_) => {
                            let message = format!(
                                "The value for the field '{by_path}' must be a valid JSONPath or a valid intrinsic function call"
                            );
                            self.fail(message, &format!("{at}/{by_path}"));
                            None
                        }
                    };
                }
                Some(value) => return self.path(value, &by_path, at).map(Words::Path),
                None => {}
            }
        }
        match fields.get(name)? {
            Value::String(text) if language == Language::Jsonata && inside(text).is_some() => {
                self.dynamic(fields, name, at).map(Words::Dynamic)
            }
            Value::String(text) => Some(Words::Literal(text.clone())),
            _ => {
                self.fail("Expected value of type String", &format!("{at}/{name}"));
                None
            }
        }
    }
}

/// The longest name of a variable ("Passing data between states with variables", read 2026-11).
const VARIABLE_NAME_CHARS_MAX: usize = 80;

fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first
        && characters.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= VARIABLE_NAME_CHARS_MAX
        && name != "states"
}
