//! From text to a tree.

use super::MathError;

/// How deep an expression may nest.
const DEPTH_MAX: usize = 32;

/// A part of an expression.
#[derive(Debug)]
pub(super) enum Node {
    Number(f64),
    Id(String),
    Text(String),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
    List(Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// The functions that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Avg,
    Ceil,
    DataPointCount,
    Date,
    Day,
    Diff,
    DiffTime,
    Epoch,
    Fill,
    First,
    Floor,
    Hour,
    If,
    Last,
    Log,
    Log10,
    Max,
    Metrics,
    MetricCount,
    Min,
    Minute,
    Month,
    Rate,
    RemoveEmpty,
    RunningSum,
    StdDev,
    Sum,
    TimeSeries,
    Year,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "ABS" => Self::Abs,
            "AVG" => Self::Avg,
            "CEIL" => Self::Ceil,
            "DATAPOINT_COUNT" => Self::DataPointCount,
            "DATE" => Self::Date,
            "DAY" => Self::Day,
            "DIFF" => Self::Diff,
            "DIFF_TIME" => Self::DiffTime,
            "EPOCH" => Self::Epoch,
            "FILL" => Self::Fill,
            "FIRST" => Self::First,
            "FLOOR" => Self::Floor,
            "HOUR" => Self::Hour,
            "IF" => Self::If,
            "LAST" => Self::Last,
            "LOG" => Self::Log,
            "LOG10" => Self::Log10,
            "MAX" => Self::Max,
            "METRICS" => Self::Metrics,
            "METRIC_COUNT" => Self::MetricCount,
            "MIN" => Self::Min,
            "MINUTE" => Self::Minute,
            "MONTH" => Self::Month,
            "RATE" => Self::Rate,
            "REMOVE_EMPTY" => Self::RemoveEmpty,
            "RUNNING_SUM" => Self::RunningSum,
            "STDDEV" => Self::StdDev,
            "SUM" => Self::Sum,
            "TIME_SERIES" => Self::TimeSeries,
            "YEAR" => Self::Year,
            _ => return None,
        })
    }
}

impl Node {
    pub(super) fn collect_ids<'a>(&'a self, ids: &mut Vec<&'a str>) {
        match self {
            Self::Number(_) | Self::Text(_) => {}
            Self::Id(id) => ids.push(id),
            Self::Negative(node) => node.collect_ids(ids),
            Self::Binary(_, left, right) => {
                left.collect_ids(ids);
                right.collect_ids(ids);
            }
            // The second argument of FILL may be a word that is no id.
            Self::Call(Function::Fill, arguments) => {
                let is_word = |node: &&Self| matches!(node, Self::Id(id) if id == "REPEAT" || id == "LINEAR");
                arguments.iter().filter(|node| !is_word(node)).for_each(|node| node.collect_ids(ids));
            }
            Self::Call(_, nodes) | Self::List(nodes) => nodes.iter().for_each(|node| node.collect_ids(ids)),
        }
    }
}

/// The operators by how tightly they bind, loosest first. Longer ones come before their beginnings.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

pub(super) fn parse(text: &str) -> Result<Node, MathError> {
    let mut parser = Parser { rest: text, depth: 0 };
    let node = parser.binary(0)?;
    parser.skip_space();
    if parser.rest.is_empty() { Ok(node) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn binary(&mut self, level: usize) -> Result<Node, MathError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.binary(level + 1)?;
            left = Node::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        self.skip_space();
        operators.iter().find_map(|(token, operator)| {
            let rest = self.rest.strip_prefix(token)?;
            let is_word = token.starts_with(char::is_alphabetic);
            if is_word && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                return None;
            }
            self.rest = rest;
            Some(*operator)
        })
    }

    fn unary(&mut self) -> Result<Node, MathError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(MathError::new("the expression nests too deep"));
        }
        let node = if self.take("-") { Node::Negative(Box::new(self.unary()?)) } else { self.power()? };
        self.depth -= 1;
        Ok(node)
    }

    fn power(&mut self) -> Result<Node, MathError> {
        let base = self.primary()?;
        if self.take("^") {
            return Ok(Node::Binary(Operator::Power, Box::new(base), Box::new(self.unary()?)));
        }
        Ok(base)
    }

    fn primary(&mut self) -> Result<Node, MathError> {
        self.skip_space();
        match self.rest.chars().next() {
            Some('(') => {
                self.take("(");
                let node = self.binary(0)?;
                self.expect(")")?;
                Ok(node)
            }
            Some('[') => {
                self.take("[");
                Ok(Node::List(self.list("]")?))
            }
            Some(quote @ ('"' | '\'')) => {
                let (text, rest) = self.rest[1..].split_once(quote).ok_or_else(|| self.unexpected())?;
                self.rest = rest;
                Ok(Node::Text(text.to_owned()))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let text = self.word(|c| c.is_ascii_digit() || c == '.');
                text.parse().map(Node::Number).map_err(|_| MathError::new(format!("'{text}' is no number")))
            }
            Some(c) if c.is_alphabetic() => self.named(),
            _ => Err(self.unexpected()),
        }
    }

    fn named(&mut self) -> Result<Node, MathError> {
        let name = self.word(|c| c.is_alphanumeric() || c == '_').to_owned();
        if !self.take("(") {
            return Ok(Node::Id(name));
        }
        let function = Function::named(&name)
            .ok_or_else(|| MathError::new(format!("the function {name} is not supported by this engine")))?;
        Ok(Node::Call(function, self.list(")")?))
    }

    /// What stands between commas up to `end`.
    fn list(&mut self, end: &str) -> Result<Vec<Node>, MathError> {
        let mut nodes = Vec::new();
        if self.take(end) {
            return Ok(nodes);
        }
        loop {
            nodes.push(self.binary(0)?);
            if !self.take(",") {
                self.expect(end)?;
                return Ok(nodes);
            }
        }
    }

    fn word(&mut self, wanted: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), MathError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn unexpected(&self) -> MathError {
        match self.rest.chars().next() {
            Some(c) => MathError::new(format!("unexpected '{c}'")),
            None => MathError::new("unexpected end"),
        }
    }
}
