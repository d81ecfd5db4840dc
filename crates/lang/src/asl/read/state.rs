//! One state: the fields its type may have, and what they mean.

use serde_json::Value;

use super::Reader;
use super::fields::Fields;
use crate::asl::choice::{self, Kind, Rule, With};
use crate::asl::machine::{
    Catcher, Choice, ChoiceState, FailState, Language, Next, PathField, Retrier, State, StateKind, TaskState,
    Until, WaitState, Words,
};
use crate::asl::resource::Resource;
use crate::asl::timestamps::parse_rfc3339;

/// The most seconds a task may take or a state may wait ("TimeoutSeconds", the specification; AWS
/// takes no more).
const SECONDS_MAX: u64 = 99_999_999;

/// The most attempts of a retrier (the same).
const ATTEMPTS_MAX: u64 = 99_999_999;

/// The longest pause between attempts: a year (`MaxDelaySeconds`, developer guide).
const DELAY_SECONDS_MAX: u64 = 31_622_400;

const COMMON: &[&str] = &["Type", "Comment", "QueryLanguage"];
const PATH_IO: &[&str] = &["InputPath", "OutputPath"];
const PATH_RESULT: &[&str] = &["Parameters", "ResultSelector", "ResultPath"];

impl Reader {
    pub(super) fn state(
        &mut self,
        name: &str,
        fields: &Fields,
        at: &str,
        around: Language,
        depth: usize,
    ) -> Option<State> {
        let types = "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
        let type_name = match fields.get("Type") {
            Some(Value::String(text)) => text.as_str(),
            Some(_) => "",
            None => {
                self.fail("These fields are required: [Type]", at);
                return None;
            }
        };
        let known = ["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];
        if !known.contains(&type_name) {
            let message = format!("The field 'Type' should have one of these values: {types}");
            self.fail(message, &format!("{at}/Type"));
            return None;
        }
        let language = self.language(fields, around, at)?;
        if around == Language::Jsonata && language == Language::JsonPath {
            self.fail(
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                at,
            );
            return None;
        }
        self.only(fields, &allowed(type_name, language), at);
        let kind = self.kind(type_name, fields, at, language, depth);
        let jsonata = language == Language::Jsonata;
        let state = State {
            name: name.to_owned(),
            language,
            next: self.next(type_name, fields, at),
            input_path: if jsonata { PathField::Whole } else { self.path_field(fields, "InputPath", at) },
            output_path: if jsonata { PathField::Whole } else { self.path_field(fields, "OutputPath", at) },
            result_path: if jsonata { PathField::Whole } else { self.result_path(fields, at) },
            // In a Map, `Parameters` is the former name of `ItemSelector`.
            parameters: if jsonata || type_name == "Map" {
                None
            } else {
                self.template(fields, "Parameters", at)
            },
            result_selector: if jsonata { None } else { self.template(fields, "ResultSelector", at) },
            arguments: if jsonata { self.dynamic(fields, "Arguments", at) } else { None },
            output: if jsonata { self.dynamic(fields, "Output", at) } else { None },
            assign: self.assign(fields, at, language),
            retry: self.retriers(fields, at),
            catch: self.catchers(fields, at, language),
            kind: kind?,
        };
        Some(state)
    }

    fn next(&mut self, type_name: &str, fields: &Fields, at: &str) -> Option<Next> {
        if matches!(type_name, "Choice" | "Succeed" | "Fail") {
            return None;
        }
        match (fields.get("Next"), fields.get("End")) {
            (Some(Value::String(next)), None) => Some(Next::State(next.clone())),
            (Some(Value::String(next)), Some(Value::Bool(false))) => Some(Next::State(next.clone())),
            (None, Some(Value::Bool(true))) => Some(Next::End),
            (Some(_), Some(_)) => {
                self.fail("Only one of these fields is allowed: [Next, End]", at);
                None
            }
            (Some(_), None) => {
                self.fail("Expected value of type String", &format!("{at}/Next"));
                None
            }
            (None, Some(Value::Bool(false)) | None) => {
                if !self.lone {
                    self.fail("One of these fields is required: [Next, End]", at);
                }
                Some(Next::End)
            }
            (None, Some(_)) => {
                self.fail("Expected value of type Boolean", &format!("{at}/End"));
                None
            }
        }
    }

    fn kind(
        &mut self,
        type_name: &str,
        fields: &Fields,
        at: &str,
        language: Language,
        depth: usize,
    ) -> Option<StateKind> {
        match type_name {
            "Task" => self.task(fields, at, language).map(|task| StateKind::Task(Box::new(task))),
            "Pass" => Some(StateKind::Pass(fields.get("Result").cloned())),
            "Choice" => self.choice(fields, at, language).map(|choice| StateKind::Choice(Box::new(choice))),
            "Wait" => {
                self.wait(fields, at, language).map(|until| StateKind::Wait(Box::new(WaitState { until })))
            }
            "Succeed" => Some(StateKind::Succeed),
            "Fail" => {
                let error = self.words(fields, "Error", at, language);
                let cause = self.words(fields, "Cause", at, language);
                Some(StateKind::Fail(Box::new(FailState { error, cause })))
            }
            "Parallel" => self.parallel(fields, at, depth),
            _ => self.map(fields, at, language, depth).map(|map| StateKind::Map(Box::new(map))),
        }
    }

    fn task(&mut self, fields: &Fields, at: &str, language: Language) -> Option<TaskState> {
        let text = self.text(fields, "Resource", at);
        let timeout = self.amount(fields, "TimeoutSeconds", at, language, 1.0);
        let heartbeat = self.amount(fields, "HeartbeatSeconds", at, language, 1.0);
        for name in ["TimeoutSeconds", "HeartbeatSeconds"] {
            if fields.get(name).and_then(Value::as_u64).is_some_and(|seconds| seconds > SECONDS_MAX) {
                self.fail(format!("Value must be at most {SECONDS_MAX}"), &format!("{at}/{name}"));
            }
        }
        let seconds = |name: &str| fields.get(name).and_then(Value::as_u64);
        if let (Some(timeout), Some(heartbeat)) = (seconds("TimeoutSeconds"), seconds("HeartbeatSeconds"))
            && heartbeat >= timeout
        {
            self.fail(
                "HeartbeatSeconds must be smaller than TimeoutSeconds",
                &format!("{at}/HeartbeatSeconds"),
            );
        }
        let credentials = match fields.get("Credentials") {
            Some(Value::Object(_)) => self.payload(fields, "Credentials", at, language),
            Some(_) => {
                self.fail("Expected value of type Object", &format!("{at}/Credentials"));
                None
            }
            None => None,
        };
        let resource_text = text?;
        let Some(resource) = Resource::read(&resource_text) else {
            let message = format!(
                "The resource provided {resource_text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
            );
            let message = if resource_text.starts_with("arn:") {
                message
            } else {
                "Value is not a valid resource ARN".to_owned()
            };
            self.fail(message, &format!("{at}/Resource"));
            return None;
        };
        Some(TaskState { resource, resource_text, timeout, heartbeat, credentials })
    }

    fn wait(&mut self, fields: &Fields, at: &str, language: Language) -> Option<Until> {
        let names = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
        if self.one_of(fields, &names, at) == 0 {
            self.fail(format!("One of these fields is required: [{}]", names.join(", ")), at);
            return None;
        }
        if fields.contains_key("Seconds") || fields.contains_key("SecondsPath") {
            return self.amount(fields, "Seconds", at, language, 0.0).map(Until::Seconds);
        }
        let words = self.words(fields, "Timestamp", at, language)?;
        if let Words::Literal(text) = &words
            && parse_rfc3339(text).is_none()
        {
            self.fail("String does not match RFC3339 timestamp", &format!("{at}/Timestamp"));
        }
        Some(Until::Timestamp(words))
    }

    fn parallel(&mut self, fields: &Fields, at: &str, depth: usize) -> Option<StateKind> {
        let Some(branches) = fields.get("Branches") else {
            self.fail("These fields are required: [Branches]", at);
            return None;
        };
        let Some(branches) = branches.as_array().filter(|branches| !branches.is_empty()) else {
            self.fail("Expected value of type Array", &format!("{at}/Branches"));
            return None;
        };
        // A state's own language does not reach into its branches.
        let around = self.whole_language;
        let mut flows = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let place = format!("{at}/Branches[{index}]");
            match branch.as_object() {
                Some(fields) => {
                    self.only(fields, &["Comment", "StartAt", "States", "QueryLanguage"], &place);
                    flows.extend(self.flow(fields, &place, around, depth + 1));
                }
                None => self.fail("Expected value of type Object", &place),
            }
        }
        (flows.len() == branches.len()).then_some(StateKind::Parallel(flows))
    }

    fn choice(&mut self, fields: &Fields, at: &str, language: Language) -> Option<ChoiceState> {
        let Some(choices) = fields.get("Choices") else {
            self.fail("These fields are required: [Choices]", at);
            return None;
        };
        let Some(rules) = choices.as_array().filter(|rules| !rules.is_empty()) else {
            self.fail("Value must be a non-empty Array", &format!("{at}/Choices"));
            return None;
        };
        let mut read = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let place = format!("{at}/Choices[{index}]");
            match rule.as_object() {
                Some(fields) => read.extend(self.way(fields, &place, language)),
                None => self.fail("Expected value of type Object", &place),
            }
        }
        let default = match fields.get("Default") {
            Some(_) => Some(self.text(fields, "Default", at)?),
            None => None,
        };
        (read.len() == rules.len()).then_some(ChoiceState { choices: read, default })
    }

    fn way(&mut self, fields: &Fields, at: &str, language: Language) -> Option<Choice> {
        let next = self.text(fields, "Next", at);
        let output = if language == Language::Jsonata { self.dynamic(fields, "Output", at) } else { None };
        let assign = self.assign(fields, at, language);
        let rule = if language == Language::Jsonata {
            self.only(fields, &["Condition", "Next", "Output", "Assign", "Comment"], at);
            match fields.get("Condition") {
                Some(Value::Bool(_) | Value::String(_)) => {
                    self.dynamic(fields, "Condition", at).map(Rule::Condition)
                }
                Some(_) => {
                    self.fail("Expected value of type String", &format!("{at}/Condition"));
                    None
                }
                None => {
                    self.fail("These fields are required: [Condition]", at);
                    None
                }
            }
        } else {
            self.rule(fields, at, true)
        };
        Some(Choice { rule: rule?, next: next?, output, assign })
    }

    fn rule(&mut self, fields: &Fields, at: &str, top: bool) -> Option<Rule> {
        let extra = |name: &str| name == "Comment" || (top && matches!(name, "Next" | "Assign"));
        let nested = |reader: &mut Self, value: &Value, place: String| match value.as_object() {
            Some(fields) => reader.rule(fields, &place, false),
            None => {
                reader.fail("Expected value of type Object", &place);
                None
            }
        };
        let operators: Vec<&String> =
            fields.keys().filter(|name| !extra(name) && *name != "Variable").collect();
        let [operator] = operators.as_slice() else {
            self.fail("Exactly one comparison operator is required", at);
            return None;
        };
        let (operator, value) = (operator.as_str(), &fields[operator.as_str()]);
        let place = format!("{at}/{operator}");
        match operator {
            "And" | "Or" => {
                let Some(rules) = value.as_array().filter(|rules| !rules.is_empty()) else {
                    self.fail("Value must be a non-empty Array", &place);
                    return None;
                };
                let rules: Option<Vec<_>> = rules
                    .iter()
                    .enumerate()
                    .map(|(index, rule)| nested(self, rule, format!("{place}[{index}]")))
                    .collect();
                return Some(if operator == "And" { Rule::And(rules?) } else { Rule::Or(rules?) });
            }
            "Not" => return Some(Rule::Not(Box::new(nested(self, value, place)?))),
            _ => {}
        }
        let Some(variable) = fields.get("Variable") else {
            self.fail("These fields are required: [Variable]", at);
            return None;
        };
        let variable = self.path(variable, "Variable", at)?;
        if let Some(test) = choice::test(operator) {
            let Some(wanted) = value.as_bool() else {
                self.fail("Expected value of type Boolean", &place);
                return None;
            };
            return Some(Rule::Is { variable, test, wanted });
        }
        let Some((kind, comparison, by_path)) = choice::comparison(operator) else {
            self.fail(format!("Field '{operator}' is not supported"), &place);
            return None;
        };
        if by_path {
            let path = self.path(value, operator, at)?;
            return Some(Rule::Compare { variable, kind, operator: comparison, with: With::Path(path) });
        }
        let (fits, wanted) = match kind {
            Kind::Boolean => (value.is_boolean(), "Expected value of type Boolean"),
            Kind::Numeric => (value.is_number(), "Expected value of type Number"),
            Kind::String => (value.is_string(), "Expected value of type String"),
            Kind::Timestamp => (
                value.as_str().is_some_and(|text| parse_rfc3339(text).is_some()),
                "String does not match RFC3339 timestamp",
            ),
        };
        if !fits {
            self.fail(wanted, &place);
            return None;
        }
        Some(Rule::Compare { variable, kind, operator: comparison, with: With::Value(value.clone()) })
    }

    fn errors(&mut self, fields: &Fields, at: &str) -> Option<Vec<String>> {
        let Some(errors) = fields.get("ErrorEquals") else {
            self.fail("These fields are required: [ErrorEquals]", at);
            return None;
        };
        let names: Option<Vec<String>> = errors
            .as_array()
            .filter(|names| !names.is_empty())
            .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        let Some(names) = names else {
            self.fail("Value must be a non-empty Array of Strings", &format!("{at}/ErrorEquals"));
            return None;
        };
        if names.len() > 1 && names.iter().any(|name| name == "States.ALL") {
            self.fail("States.ALL must appear alone", &format!("{at}/ErrorEquals"));
        }
        Some(names)
    }

    fn retriers(&mut self, fields: &Fields, at: &str) -> Vec<Retrier> {
        let known = [
            "ErrorEquals",
            "IntervalSeconds",
            "MaxAttempts",
            "BackoffRate",
            "MaxDelaySeconds",
            "JitterStrategy",
            "Comment",
        ];
        self.handlers(fields, "Retry", at, |reader, fields, place| {
            reader.only(fields, &known, place);
            let interval_seconds = reader.whole(fields, "IntervalSeconds", place, 1).unwrap_or(1);
            let max_attempts = reader.whole(fields, "MaxAttempts", place, 0).unwrap_or(3);
            let max_delay_seconds = reader.whole(fields, "MaxDelaySeconds", place, 1);
            if max_attempts > ATTEMPTS_MAX {
                reader.fail(format!("Value must be at most {ATTEMPTS_MAX}"), &format!("{place}/MaxAttempts"));
            }
            if max_delay_seconds
                .is_some_and(|seconds| seconds > DELAY_SECONDS_MAX || seconds <= interval_seconds)
            {
                let message = "MaxDelaySeconds must be greater than IntervalSeconds and at most 31622400";
                reader.fail(message, &format!("{place}/MaxDelaySeconds"));
            }
            let backoff_rate = match fields.get("BackoffRate") {
                None => 2.0,
                Some(rate) => match rate.as_f64() {
                    Some(rate) if rate >= 1.0 => rate,
                    _ => {
                        reader.fail("Value must be at least 1.0", &format!("{place}/BackoffRate"));
                        2.0
                    }
                },
            };
            let full_jitter = match fields.get("JitterStrategy") {
                None => false,
                Some(Value::String(name)) if name == "NONE" => false,
                Some(Value::String(name)) if name == "FULL" => true,
                Some(_) => {
                    let message = "The field 'JitterStrategy' should have one of these values: [FULL, NONE]";
                    reader.fail(message, &format!("{place}/JitterStrategy"));
                    false
                }
            };
            let errors = reader.errors(fields, place)?;
            Some(Retrier {
                errors,
                interval_seconds,
                max_attempts,
                backoff_rate,
                max_delay_seconds,
                full_jitter,
            })
        })
    }

    fn catchers(&mut self, fields: &Fields, at: &str, language: Language) -> Vec<Catcher> {
        let jsonata = language == Language::Jsonata;
        let known: &[&str] = if jsonata {
            &["ErrorEquals", "Next", "Output", "Assign", "Comment"]
        } else {
            &["ErrorEquals", "Next", "ResultPath", "Assign", "Comment"]
        };
        self.handlers(fields, "Catch", at, |reader, fields, place| {
            reader.only(fields, known, place);
            let errors = reader.errors(fields, place);
            let next = reader.text(fields, "Next", place);
            let output = if jsonata { reader.dynamic(fields, "Output", place) } else { None };
            let assign = reader.assign(fields, place, language);
            let result_path = if jsonata { PathField::Whole } else { reader.result_path(fields, place) };
            Some(Catcher { errors: errors?, next: next?, result_path, output, assign })
        })
    }

    fn handlers<T>(
        &mut self,
        fields: &Fields,
        name: &str,
        at: &str,
        mut read: impl FnMut(&mut Self, &Fields, &str) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = fields.get(name) else { return Vec::new() };
        let Some(handlers) = value.as_array() else {
            self.fail("Expected value of type Array", &format!("{at}/{name}"));
            return Vec::new();
        };
        let all = |handler: &Value| {
            handler["ErrorEquals"].as_array().is_some_and(|e| e.contains(&"States.ALL".into()))
        };
        if handlers.iter().rev().skip(1).any(all) {
            self.fail("States.ALL must appear in the last handler", &format!("{at}/{name}"));
        }
        let mut found = Vec::with_capacity(handlers.len());
        for (index, handler) in handlers.iter().enumerate() {
            let place = format!("{at}/{name}[{index}]");
            match handler.as_object() {
                Some(fields) => found.extend(read(self, fields, &place)),
                None => self.fail("Expected value of type Object", &place),
            }
        }
        found
    }
}

/// The fields a type of state may have.
fn allowed(type_name: &str, language: Language) -> Vec<&'static str> {
    let jsonata = language == Language::Jsonata;
    let mut names = COMMON.to_vec();
    let own: &[&str] = match (type_name, jsonata) {
        ("Task", _) => &[
            "Resource",
            "TimeoutSeconds",
            "HeartbeatSeconds",
            "Credentials",
            "Retry",
            "Catch",
            "Next",
            "End",
            "Assign",
        ],
        ("Pass", false) => &["Result", "Parameters", "ResultPath", "Next", "End", "Assign"],
        ("Pass", true) => &["Output", "Next", "End", "Assign"],
        ("Choice", _) => &["Choices", "Default", "Assign"],
        ("Wait", false) => &["Seconds", "SecondsPath", "Timestamp", "TimestampPath", "Next", "End", "Assign"],
        ("Wait", true) => &["Seconds", "Timestamp", "Next", "End", "Assign", "Output"],
        ("Fail", false) => &["Error", "ErrorPath", "Cause", "CausePath"],
        ("Fail", true) => &["Error", "Cause"],
        ("Parallel", _) => &["Branches", "Retry", "Catch", "Next", "End", "Assign"],
        ("Map", _) => &[
            "ItemProcessor",
            "Iterator",
            "ItemSelector",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "MaxConcurrency",
            "ToleratedFailureCount",
            "ToleratedFailurePercentage",
            "Label",
            "Retry",
            "Catch",
            "Next",
            "End",
            "Assign",
        ],
        _ => &[],
    };
    names.extend(own);
    match (type_name, jsonata) {
        ("Task" | "Parallel", true) => names.extend(["Arguments", "Output"]),
        ("Map", true) => names.extend(["Items", "Output"]),
        ("Choice" | "Succeed", true) => names.extend(["Output"]),
        ("Fail", false) => {}
        (_, true) => {}
        (_, false) => names.extend(PATH_IO),
    }
    if !jsonata && matches!(type_name, "Task" | "Parallel" | "Map") {
        names.extend(PATH_RESULT);
    }
    match (type_name, jsonata) {
        ("Task", false) => names.extend(["TimeoutSecondsPath", "HeartbeatSecondsPath"]),
        ("Map", false) => names.extend([
            "ItemsPath",
            "MaxConcurrencyPath",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentagePath",
        ]),
        _ => {}
    }
    names
}
