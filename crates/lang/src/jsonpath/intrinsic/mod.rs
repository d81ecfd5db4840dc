//! The intrinsic functions of payload templates: `States.Format('{}', $.name)`.
//!
//! "Intrinsic functions for JSONPath states in Step Functions", Step Functions developer guide
//! (`intrinsic-functions.html`), read 2026-11. The texts of refusals are ours where no recorded
//! answer of AWS shows one; the frame around them is AWS's.

mod arrays;
mod data;
mod numbers;
mod text;

use serde_json::{Map, Number, Value};

use super::parse::{self, Reader};
use super::{Path, PathError, SyntaxError};
use crate::Entropy;

/// How deep calls may nest in one field (`intrinsic-functions.html`, "Reserved characters and
/// nesting").
pub const CALL_DEPTH_MAX: usize = 10;

/// A call of an intrinsic function, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    text: String,
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    Literal(Value),
    /// A text: as it stands between its quotes, and with its escapes undone.
    Text {
        raw: String,
        text: String,
    },
    Path(Path),
    Call(Call),
}

/// What a call is worked out on.
pub(super) struct Data<'a> {
    pub(super) input: &'a Value,
    pub(super) context: &'a Value,
    pub(super) variables: &'a Map<String, Value>,
}

/// Declares the functions with their names and how many arguments each takes.
macro_rules! functions {
    ($($function:ident $name:literal $least:literal..=$most:expr;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Function { $($function,)* }

        impl Function {
            /// Every function: its name, and how many arguments it takes.
            const ALL: &'static [(Self, &'static str, usize, usize)] =
                &[$((Self::$function, concat!("States.", $name), $least, $most),)*];
        }
    };
}

functions! {
    Array "Array" 0..=usize::MAX;
    ArrayContains "ArrayContains" 2..=2;
    ArrayGetItem "ArrayGetItem" 2..=2;
    ArrayLength "ArrayLength" 1..=1;
    ArrayPartition "ArrayPartition" 2..=2;
    ArrayRange "ArrayRange" 3..=3;
    ArrayUnique "ArrayUnique" 1..=1;
    Base64Decode "Base64Decode" 1..=1;
    Base64Encode "Base64Encode" 1..=1;
    Format "Format" 1..=usize::MAX;
    Hash "Hash" 2..=2;
    JsonMerge "JsonMerge" 3..=3;
    JsonToString "JsonToString" 1..=1;
    MathAdd "MathAdd" 2..=2;
    MathRandom "MathRandom" 2..=3;
    StringSplit "StringSplit" 2..=2;
    StringToJson "StringToJson" 1..=1;
    Uuid "UUID" 0..=0;
}

/// Every function: its name, and how many arguments it takes.
#[cfg(test)]
pub(super) fn functions() -> &'static [(impl Sized, &'static str, usize, usize)] {
    Function::ALL
}

impl Call {
    /// Reads a call.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut reader = Reader::new(text);
        if text.len() > super::PATH_LENGTH_MAX {
            return Err(reader.error(format!("a call has at most {} bytes", super::PATH_LENGTH_MAX)));
        }
        let call = read_call(&mut reader, 1)?;
        reader.skip_spaces();
        if !reader.is_at_end() {
            return Err(reader.error("expected the end after the closing parenthesis"));
        }
        Ok(call)
    }

    /// The value of the call.
    pub fn evaluate(
        &self,
        input: &Value,
        context: &Value,
        variables: &Map<String, Value>,
        entropy: &mut dyn Entropy,
    ) -> Result<Value, PathError> {
        self.evaluate_in(&Data { input, context, variables }, entropy)
    }

    pub(super) fn evaluate_in(&self, data: &Data<'_>, entropy: &mut dyn Entropy) -> Result<Value, PathError> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(self.argument(argument, data, entropy)?);
        }
        self.apply(values, entropy).map_err(|reason| self.refuse(reason))
    }

    pub(super) fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => paths.push(path),
                Argument::Call(call) => call.collect_paths(paths),
                Argument::Literal(_) | Argument::Text { .. } => {}
            }
        }
    }

    fn argument(
        &self,
        argument: &Argument,
        data: &Data<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Value, PathError> {
        match argument {
            Argument::Literal(value) => Ok(value.clone()),
            Argument::Text { text, .. } => Ok(Value::String(text.clone())),
            Argument::Call(call) => call.evaluate_in(data, entropy),
            Argument::Path(path) => {
                path.select(data.input, data.context, data.variables).map_err(|_| {
                    let searched = path.origin(data.input, data.context, data.variables);
                    let searched = searched.unwrap_or(&Value::Null);
                    self.refuse(format!(
                        "The JsonPath argument for the field '{path}' could not be found in the input '{searched}'"
                    ))
                })
            }
        }
    }

    fn refuse(&self, reason: String) -> PathError {
        PathError::Intrinsic { call: self.text.clone(), reason }
    }

    fn apply(&self, values: Vec<Value>, entropy: &mut dyn Entropy) -> Result<Value, String> {
        match self.function {
            Function::Array => Ok(Value::Array(values)),
            Function::ArrayContains => arrays::contains(&values),
            Function::ArrayGetItem => arrays::get_item(&values),
            Function::ArrayLength => arrays::length(&values),
            Function::ArrayPartition => arrays::partition(&values),
            Function::ArrayRange => arrays::range(&values),
            Function::ArrayUnique => arrays::unique(&values),
            Function::Base64Decode => text::base64_decode(&values),
            Function::Base64Encode => text::base64_encode(&values),
            Function::Format => self.format(&values),
            Function::Hash => text::hash(&values),
            Function::JsonMerge => data::merge(&values),
            Function::JsonToString => Ok(Value::String(values[0].to_string())),
            Function::MathAdd => numbers::add(&values),
            Function::MathRandom => numbers::random(&values, entropy),
            Function::StringSplit => text::split(&values),
            Function::StringToJson => data::parse(&values),
            Function::Uuid => Ok(Value::String(crate::entropy::uuid(entropy))),
        }
    }

    /// A literal template is read with its escapes, one from the data as it is.
    fn format(&self, values: &[Value]) -> Result<Value, String> {
        match self.arguments.first() {
            Some(Argument::Text { raw, .. }) => text::format(raw, true, &values[1..]),
            _ => text::format(arguments::text(values, 0)?, false, &values[1..]),
        }
    }
}

fn read_call(reader: &mut Reader<'_>, depth: usize) -> Result<Call, SyntaxError> {
    if depth > CALL_DEPTH_MAX {
        return Err(reader.error(format!("calls nest at most {CALL_DEPTH_MAX} deep")));
    }
    let start = reader.place();
    let name = reader.take_while(|character| character.is_ascii_alphanumeric() || character == '.');
    let known = Function::ALL.iter().find(|(_, known, ..)| *known == name);
    let Some((function, _, least, most)) = known else {
        return Err(reader.error(format!("{name:?} is not an intrinsic function")));
    };
    reader.skip_spaces();
    reader.expect("(")?;
    let arguments = read_arguments(reader, depth)?;
    if !(*least..=*most).contains(&arguments.len()) {
        return Err(reader.error(wrong_count(name, arguments.len(), *least, *most)));
    }
    Ok(Call { text: reader.since(start).to_owned(), function: *function, arguments })
}

fn wrong_count(name: &str, given: usize, least: usize, most: usize) -> String {
    let wanted = match (least, most) {
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    format!("{name} takes {wanted} arguments and has {given}")
}

fn read_arguments(reader: &mut Reader<'_>, depth: usize) -> Result<Vec<Argument>, SyntaxError> {
    let mut arguments = Vec::new();
    reader.skip_spaces();
    if reader.eat(")") {
        return Ok(arguments);
    }
    loop {
        reader.skip_spaces();
        arguments.push(read_argument(reader, depth)?);
        reader.skip_spaces();
        if reader.eat(")") {
            return Ok(arguments);
        }
        if !reader.eat(",") {
            return Err(reader.error("expected `,` or `)`"));
        }
    }
}

fn read_argument(reader: &mut Reader<'_>, depth: usize) -> Result<Argument, SyntaxError> {
    match reader.peek() {
        Some('\'') => {
            let start = reader.place();
            let text = reader.quoted()?;
            let quoted = reader.since(start);
            Ok(Argument::Text { raw: quoted[1..quoted.len() - 1].to_owned(), text })
        }
        Some('$') => parse::read_path(reader).map(Argument::Path),
        Some('-' | '0'..='9') => {
            let start = reader.place();
            reader.take_while(|character| character.is_ascii_digit() || "+-.eE".contains(character));
            let number: Result<Number, _> = reader.since(start).parse();
            number
                .map(|number| Argument::Literal(Value::Number(number)))
                .map_err(|_| reader.error("expected a number"))
        }
        Some('S') => read_call(reader, depth + 1).map(Argument::Call),
        _ => {
            for (word, value) in [("true", true.into()), ("false", false.into()), ("null", Value::Null)] {
                if reader.eat(word) {
                    return Ok(Argument::Literal(value));
                }
            }
            Err(reader
                .error("expected a path, a text in single quotes, a number, true, false, null or a call"))
        }
    }
}

/// Takes arguments as what a function needs. How many there are was checked when the call was read.
mod arguments {
    use serde_json::Value;

    pub(super) fn text(values: &[Value], index: usize) -> Result<&str, String> {
        values[index].as_str().ok_or_else(|| expected(values, index, "a string"))
    }

    pub(super) fn array(values: &[Value], index: usize) -> Result<&Vec<Value>, String> {
        values[index].as_array().ok_or_else(|| expected(values, index, "an array"))
    }

    /// A number; one that is not whole goes to the nearest that is, as the guide says.
    pub(super) fn integer(values: &[Value], index: usize) -> Result<i64, String> {
        if let Some(integer) = values[index].as_i64() {
            return Ok(integer);
        }
        let number = values[index].as_f64().ok_or_else(|| expected(values, index, "an integer"))?;
        let rounded = (number + 0.5).floor();
        // Beyond this a double no longer tells neighbouring integers apart.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        if rounded.abs() > EXACT_MAX {
            return Err(expected(values, index, "an integer"));
        }
        Ok(rounded as i64)
    }

    pub(super) fn expected(values: &[Value], index: usize, kind: &str) -> String {
        format!("Argument {} must be {kind}, but was: {}", index + 1, values[index])
    }
}
