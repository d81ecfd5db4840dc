//! The way of the data through a state, in either language.

use serde_json::{Map, Value, json};

use super::choice::type_name;
use super::context::Step;
use super::expression::Dynamic;
use super::failure::Failure;
use super::machine::{Amount, Language, PathField, Payload, State, Words};

/// What a state's fields are evaluated on.
#[derive(Debug, Clone)]
pub(super) struct Env {
    /// The state's input.
    pub input: Value,
    /// The context object.
    pub context: Value,
    /// The variables in reach.
    pub variables: Map<String, Value>,
}

impl Env {
    /// What expressions know: `$states` and the variables.
    pub fn bindings(&self, result: Option<&Value>, error: Option<&Value>) -> Map<String, Value> {
        let mut states = Map::new();
        states.insert("input".to_owned(), self.input.clone());
        states.insert("context".to_owned(), self.context.clone());
        if let Some(result) = result {
            states.insert("result".to_owned(), result.clone());
        }
        if let Some(error) = error {
            states.insert("errorOutput".to_owned(), error.clone());
        }
        let mut bindings = self.variables.clone();
        bindings.insert("states".to_owned(), Value::Object(states));
        bindings
    }

    /// A path field applied to a value; the whole where it is left out, `{}` where it is `null`.
    pub fn path(&self, field: &PathField, value: &Value) -> Result<Value, Failure> {
        match field {
            PathField::Whole => Ok(value.clone()),
            PathField::Nothing => Ok(json!({})),
            PathField::Path(path) => Ok(path.select(value, &self.context, &self.variables)?),
        }
    }

    /// A payload; in JSONPath `$` is `value`.
    pub fn payload(
        &self,
        payload: &Payload,
        field: &str,
        value: &Value,
        step: &mut Step<'_>,
    ) -> Result<Value, Failure> {
        match payload {
            Payload::Template(template) => {
                Ok(template.render(value, &self.context, &self.variables, step.entropy)?)
            }
            Payload::Dynamic(dynamic) => self.dynamic(dynamic, field, None, step),
        }
    }

    /// A value with expressions.
    pub fn dynamic(
        &self,
        dynamic: &Dynamic,
        field: &str,
        result: Option<&Value>,
        step: &mut Step<'_>,
    ) -> Result<Value, Failure> {
        if let Dynamic::Literal(value) = dynamic {
            return Ok(value.clone());
        }
        dynamic.evaluate(field, &self.bindings(result, None), step.entropy)
    }

    /// The input of what the state does: `Parameters` or `Arguments`, or its input.
    pub fn task_input(&self, state: &State, step: &mut Step<'_>) -> Result<Value, Failure> {
        if state.language == Language::Jsonata {
            let arguments = match &state.arguments {
                Some(arguments) => self.dynamic(arguments, "Arguments", None, step)?,
                None => self.input.clone(),
            };
            step.note("afterArguments", || arguments.clone());
            return Ok(arguments);
        }
        let effective = self.path(&state.input_path, &self.input)?;
        step.note("afterInputPath", || effective.clone());
        let parameters = match &state.parameters {
            Some(template) => template.render(&effective, &self.context, &self.variables, step.entropy)?,
            None => effective,
        };
        step.note("afterParameters", || parameters.clone());
        Ok(parameters)
    }

    /// The state's output and what it assigns, once it has a result.
    pub fn finish(&self, state: &State, result: Value, step: &mut Step<'_>) -> Result<Outcome, Failure> {
        if state.language == Language::Jsonata {
            let bindings = |result| self.bindings(Some(result), None);
            let output = match &state.output {
                Some(output) => output.evaluate("Output", &bindings(&result), step.entropy)?,
                None => result.clone(),
            };
            let assigned = match &state.assign {
                Some(Payload::Dynamic(assign)) => {
                    assign.evaluate("Assign", &bindings(&result), step.entropy)?
                }
                _ => Value::Null,
            };
            return Ok(Outcome { output, assigned: into_variables(assigned) });
        }
        let assigned = match &state.assign {
            Some(assign) => self.payload(assign, "Assign", &result, step)?,
            None => Value::Null,
        };
        let selected = match &state.result_selector {
            Some(template) => template.render(&result, &self.context, &self.variables, step.entropy)?,
            None => result,
        };
        step.note("afterResultSelector", || selected.clone());
        let combined = match &state.result_path {
            PathField::Whole => selected,
            PathField::Nothing => self.input.clone(),
            PathField::Path(path) => path.put(self.input.clone(), selected)?,
        };
        step.note("afterResultPath", || combined.clone());
        let output = match &state.output_path {
            PathField::Whole => combined,
            field => self.path(field, &combined)?,
        };
        Ok(Outcome { output, assigned: into_variables(assigned) })
    }

    /// The output of a state that has no result of its own: its input, as the fields have it.
    pub fn pass_on(&self, state: &State, step: &mut Step<'_>) -> Result<Outcome, Failure> {
        if state.language == Language::Jsonata {
            let output = match &state.output {
                Some(output) => self.dynamic(output, "Output", None, step)?,
                None => self.input.clone(),
            };
            let assigned = match &state.assign {
                Some(assign) => self.payload(assign, "Assign", &self.input, step)?,
                None => Value::Null,
            };
            return Ok(Outcome { output, assigned: into_variables(assigned) });
        }
        let effective = self.path(&state.input_path, &self.input)?;
        step.note("afterInputPath", || effective.clone());
        let assigned = match &state.assign {
            Some(assign) => self.payload(assign, "Assign", &effective, step)?,
            None => Value::Null,
        };
        let output = self.path(&state.output_path, &effective)?;
        Ok(Outcome { output, assigned: into_variables(assigned) })
    }

    /// A text field.
    pub fn words(&self, words: &Words, field: &str, step: &mut Step<'_>) -> Result<String, Failure> {
        match words {
            Words::Literal(text) => Ok(text.clone()),
            Words::Path(path) => {
                let field = format!("{field}Path");
                match path.select_for(&field, &self.input, &self.context, &self.variables)? {
                    Value::String(text) => Ok(text),
                    other => Err(Failure::runtime(format!(
                        "The {field} parameter does not reference a string: {} == {other}",
                        path.text()
                    ))),
                }
            }
            Words::Call(template) => {
                let value = template.render(&self.input, &self.context, &self.variables, step.entropy)?;
                match &value["value"] {
                    Value::String(text) => Ok(text.clone()),
                    other => Ok(other.to_string()),
                }
            }
            Words::Dynamic(dynamic) => match self.dynamic(dynamic, field, None, step)? {
                Value::String(text) => Ok(text),
                other => Err(unexpected_type(dynamic, field, "string", &other)),
            },
        }
    }

    /// A number field, in the words of a Wait's or a Task's seconds.
    pub fn seconds(&self, amount: &Amount, field: &str, step: &mut Step<'_>) -> Result<u64, Failure> {
        match amount {
            Amount::Literal(number) => Ok(*number as u64),
            Amount::Path(path) => {
                let value = path.select(&self.input, &self.context, &self.variables)?;
                let shown = match &value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                match value.as_i64() {
                    Some(seconds) => u64::try_from(seconds).map_err(|_| {
                        Failure::runtime(format!(
                            "The {field}Path parameter references a negative value: {} == {shown}",
                            path.text()
                        ))
                    }),
                    None => Err(Failure::runtime(format!(
                        "The {field}Path parameter cannot be parsed as a long value: {} == {shown}",
                        path.text()
                    ))),
                }
            }
            Amount::Dynamic(dynamic) => {
                let value = self.dynamic(dynamic, field, None, step)?;
                match value.as_f64() {
                    Some(number) if number >= 0.0 && number.fract() == 0.0 => Ok(number as u64),
                    Some(number) if number < 0.0 => Err(Failure::evaluation(
                        Some(field.to_owned()),
                        format!("The value {value} returned for the field '{field}' must not be negative."),
                    )),
                    _ => Err(unexpected_type(dynamic, field, "integer", &value)),
                }
            }
        }
    }

    /// A number field of a Map.
    pub fn number(&self, amount: &Amount, field: &str, step: &mut Step<'_>) -> Result<f64, Failure> {
        let number = match amount {
            Amount::Literal(number) => *number,
            Amount::Path(path) => {
                let value = path.select(&self.input, &self.context, &self.variables)?;
                let shown = match &value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let whole = value.as_f64().or_else(|| shown.parse().ok());
                whole.ok_or_else(|| {
                    Failure::runtime(format!(
                        "The {field}Path field refers to value \"{shown}\" which is not a valid integer: {}",
                        path.text()
                    ))
                })?
            }
            Amount::Dynamic(dynamic) => {
                let value = self.dynamic(dynamic, field, None, step)?;
                value.as_f64().ok_or_else(|| unexpected_type(dynamic, field, "number", &value))?
            }
        };
        if number < 0.0 {
            return Err(Failure::runtime(format!("{field} cannot be negative.")));
        }
        Ok(number)
    }
}

pub(super) fn unexpected_type(dynamic: &Dynamic, field: &str, wanted: &str, found: &Value) -> Failure {
    let text = match dynamic {
        Dynamic::Expression(expression) => expression.text(),
        _ => "",
    };
    let message = format!(
        "The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result type. Expected '{wanted}', but was '{}' for value: {found}",
        type_name(found)
    );
    Failure::evaluation(Some(field.to_owned()), message)
}

/// What a state ends with.
#[derive(Debug)]
pub(super) struct Outcome {
    pub output: Value,
    pub assigned: Map<String, Value>,
}

pub(super) fn into_variables(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
