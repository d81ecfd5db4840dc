//! The rules of composite alarms: `ALARM("a") AND NOT (OK("b") OR INSUFFICIENT_DATA("c"))`.
//!
//! "PutCompositeAlarm", CloudWatch API reference, `AlarmRule`, read 2026-11.

use super::model::State;

/// How many alarms a rule may name, and how many elements it may have (same page).
const CHILDREN_MAX: usize = 100;
const ELEMENTS_MAX: usize = 500;
/// How deep parentheses may nest: no deeper than elements allow.
const DEPTH_MAX: usize = 100;

/// A rule, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cloudwatch) enum Rule {
    Is(State, String),
    Constant(bool),
    Not(Box<Rule>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {at} of the alarm rule")]
pub(in crate::cloudwatch) struct RuleError {
    at: usize,
    message: String,
}

impl std::str::FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reader = Reader { text, at: 0, elements: 0 };
        let rule = reader.any(0)?;
        reader.skip_spaces();
        if reader.at < text.len() {
            return Err(reader.error("expected AND, OR or the end"));
        }
        if rule.children().len() > CHILDREN_MAX {
            return Err(reader.error(&format!("a rule names at most {CHILDREN_MAX} alarms, found more")));
        }
        Ok(rule)
    }
}

impl Rule {
    /// The names or ARNs of the alarms that the rule looks at, each once.
    pub(in crate::cloudwatch) fn children(&self) -> Vec<&str> {
        let mut children = Vec::new();
        self.collect(&mut children);
        children.sort_unstable();
        children.dedup();
        children
    }

    fn collect<'a>(&'a self, children: &mut Vec<&'a str>) {
        match self {
            Self::Is(_, name) => children.push(name),
            Self::Constant(_) => {}
            Self::Not(rule) => rule.collect(children),
            Self::All(rules) | Self::Any(rules) => rules.iter().for_each(|rule| rule.collect(children)),
        }
    }

    /// Whether the rule holds, given the alarms' states.
    pub(in crate::cloudwatch) fn holds(&self, state: &dyn Fn(&str) -> State) -> bool {
        match self {
            Self::Is(wanted, name) => state(name) == *wanted,
            Self::Constant(value) => *value,
            Self::Not(rule) => !rule.holds(state),
            Self::All(rules) => rules.iter().all(|rule| rule.holds(state)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(state)),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    elements: usize,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Rule, RuleError> {
        let mut rules = vec![self.all(depth)?];
        while self.word("OR") {
            rules.push(self.all(depth)?);
        }
        Ok(if rules.len() > 1 { Rule::Any(rules) } else { rules.remove(0) })
    }

    fn all(&mut self, depth: usize) -> Result<Rule, RuleError> {
        let mut rules = vec![self.one(depth)?];
        while self.word("AND") {
            rules.push(self.one(depth)?);
        }
        Ok(if rules.len() > 1 { Rule::All(rules) } else { rules.remove(0) })
    }

    fn one(&mut self, depth: usize) -> Result<Rule, RuleError> {
        self.elements += 1;
        if depth > DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(self.error(&format!("a rule has at most {ELEMENTS_MAX} elements, found more")));
        }
        if self.word("NOT") {
            return Ok(Rule::Not(Box::new(self.one(depth + 1)?)));
        }
        for (word, value) in [("TRUE", true), ("FALSE", false)] {
            if self.word(word) {
                return Ok(Rule::Constant(value));
            }
        }
        for state in [State::Ok, State::Alarm, State::InsufficientData] {
            if self.word(state.as_str()) {
                return self.name().map(|name| Rule::Is(state, name));
            }
        }
        self.expect('(')?;
        let rule = self.any(depth + 1)?;
        self.expect(')')?;
        Ok(rule)
    }

    /// `("name")`, or `(name)` where the name has no spaces and no parentheses.
    fn name(&mut self) -> Result<String, RuleError> {
        self.expect('(')?;
        self.skip_spaces();
        let rest = &self.text[self.at..];
        let name = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let end = rest[1..].find(quote).ok_or_else(|| self.error("expected a closing quote"))?;
                self.at += end + 2;
                &rest[1..=end]
            }
            _ => {
                let end =
                    rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(rest.len());
                self.at += end;
                &rest[..end]
            }
        };
        if name.is_empty() {
            return Err(self.error("expected an alarm's name"));
        }
        self.expect(')')?;
        Ok(name.to_owned())
    }

    /// Takes a word that is not the beginning of a longer one. Case does not matter.
    fn word(&mut self, word: &str) -> bool {
        self.skip_spaces();
        let rest = &self.text[self.at..];
        let comes = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let is_word = comes && rest[word.len()..].chars().next().is_none_or(ends);
        if is_word {
            self.at += word.len();
        }
        is_word
    }

    fn expect(&mut self, symbol: char) -> Result<(), RuleError> {
        self.skip_spaces();
        if !self.text[self.at..].starts_with(symbol) {
            return Err(self.error(&format!("expected '{symbol}'")));
        }
        self.at += symbol.len_utf8();
        Ok(())
    }

    fn skip_spaces(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn error(&self, message: &str) -> RuleError {
        RuleError { at: self.text[..self.at].chars().count() + 1, message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_hold_as_they_read() {
        let state = |name: &str| match name {
            "a" | "with space" => State::Alarm,
            "b" => State::Ok,
            _ => State::InsufficientData,
        };
        for (text, holds) in [
            ("ALARM(a)", true),
            ("ALARM(\"with space\")", true),
            ("OK('a')", false),
            ("INSUFFICIENT_DATA(c)", true),
            ("TRUE", true),
            ("false", false),
            ("NOT ALARM(a)", false),
            ("ALARM(a) AND OK(b)", true),
            ("ALARM(a) AND ALARM(b) OR TRUE", true),
            ("ALARM(b) OR ALARM(a) AND ALARM(b)", false),
            ("(ALARM(b) OR ALARM(a)) AND NOT (ALARM(b))", true),
        ] {
            let rule: Rule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(rule.holds(&state), holds, "{text}");
        }
        let rule: Rule = "ALARM(b) OR ALARM(a) AND OK(b)".parse().unwrap();
        assert_eq!(rule.children(), ["a", "b"]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "ALARM",
            "ALARM()",
            "ALARM(a",
            "ALARM(a) ALARM(b)",
            "a",
            "(TRUE",
            "NOT",
            "TRUE AND",
            "ALARMS(a)",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
        assert!("(".repeat(5_000).parse::<Rule>().is_err());
        assert!("NOT ".repeat(5_000).parse::<Rule>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_rule_panic(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["ALARM", "OK", "(", ")", "\"a\"", "é", " ", "AND", "OR", "NOT", "TRUE"]), 0..16)
        ) {
            let _ = pieces.concat().parse::<Rule>();
        }
    }
}
