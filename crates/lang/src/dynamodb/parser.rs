//! What the grammars of all expressions share: a place in the tokens, paths, terms and calls.

use super::lexer::{Token, TokenKind, syntax_error, tokens};
use super::problems::{Problem, Problems};
use super::reserved::is_reserved;
use super::{Attributes, ExpressionError, Path, Step, Value};

/// "The maximum length of any expression string is 4 KB" (DynamoDB Developer Guide, Quotas).
const EXPRESSION_BYTES_MAX: usize = 4_096;
/// "The maximum number of operators or functions in an UpdateExpression is 300" and, in practice, in
/// every expression (DynamoDB Developer Guide, Quotas).
const OPERATORS_MAX: usize = 300;
/// How deep parentheses may nest: a level that is not redundant has a comparison and a connective, so
/// the limit on operators implies this one.
const NESTING_MAX: usize = OPERATORS_MAX / 2;
/// "You can have up to 32 levels of nesting" (DynamoDB Developer Guide, Quotas).
const PATH_STEPS_MAX: usize = 32;

/// A parser in the midst of an expression.
pub(super) struct Parser<'s, 'a> {
    pub expression: &'static str,
    source: &'s str,
    tokens: Vec<Token<'s>>,
    closing: Vec<usize>,
    at: usize,
    depth: usize,
    operators: usize,
    keywords: &'static [&'static str],
    attributes: &'a mut Attributes,
    pub problems: Problems,
}

/// An operand as it is written, its placeholders resolved where they are defined.
#[derive(Debug)]
pub(super) enum Term<'s> {
    Path(Path),
    Value(Option<Value>),
    Call(&'s str, Vec<Term<'s>>),
}

type Parsed<T> = Result<T, ExpressionError>;

impl<'s, 'a> Parser<'s, 'a> {
    /// Begins; `keywords` cannot be names in this grammar.
    pub(super) fn new(
        expression: &'static str,
        source: &'s str,
        keywords: &'static [&'static str],
        attributes: &'a mut Attributes,
    ) -> Parsed<Self> {
        if source.trim().is_empty() {
            return Err(ExpressionError::invalid(expression, "The expression can not be empty;"));
        }
        if source.len() > EXPRESSION_BYTES_MAX {
            let problem = format!(
                "Expression size has exceeded the maximum allowed size; expression size: {}",
                source.len()
            );
            return Err(ExpressionError::invalid(expression, problem));
        }
        let tokens = tokens(source);
        let closing = closing(&tokens);
        Ok(Self {
            expression,
            source,
            tokens,
            closing,
            at: 0,
            depth: 0,
            operators: 0,
            keywords,
            attributes,
            problems: Problems::default(),
        })
    }

    /// The token that comes next.
    pub(super) fn peek(&self) -> Token<'s> {
        self.tokens[self.at]
    }

    fn peek_second(&self) -> Token<'s> {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    /// Takes the next token; the end stays.
    pub(super) fn advance(&mut self) -> Token<'s> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Takes the next token if it is this symbol.
    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = self.peek().is(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the next token if it is this word, in any case.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_word(word);
        if found {
            self.advance();
        }
        found
    }

    /// Takes this symbol, or refuses what stands there.
    pub(super) fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Refuses anything but the end.
    pub(super) fn expect_end(&self) -> Parsed<()> {
        if self.peek().kind == TokenKind::End { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The error for the next token.
    pub(super) fn unexpected(&self) -> ExpressionError {
        ExpressionError::invalid(self.expression, syntax_error(self.source, &self.tokens, self.at))
    }

    /// Counts an operator or a function.
    pub(super) fn count_operator(&mut self) {
        self.operators += 1;
        let count = self.operators;
        if count > OPERATORS_MAX {
            self.problems.note(Problem::TooManyOperators, || {
                format!("The expression contains too many operators; operator count: {count}")
            });
        }
    }

    /// Parses what stands in parentheses, of which the opening one comes next.
    pub(super) fn in_parentheses<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let open = self.at;
        const REDUNDANT: &str = "The expression has redundant parentheses;";
        if self.tokens[open + 1].is("(") && self.closing[open + 1] + 1 == self.closing[open] {
            self.problems.note(Problem::RedundantParentheses, || REDUNDANT.to_owned());
        }
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(ExpressionError::invalid(self.expression, REDUNDANT));
        }
        self.expect("(")?;
        let parsed = inner(self)?;
        self.expect(")")?;
        self.depth -= 1;
        Ok(parsed)
    }

    /// A term, in parentheses or not.
    pub(super) fn operand(&mut self) -> Parsed<Term<'s>> {
        if self.peek().is("(") { self.in_parentheses(Self::operand) } else { self.term() }
    }

    /// A call, a value or a path.
    pub(super) fn term(&mut self) -> Parsed<Term<'s>> {
        let token = self.peek();
        match token.kind {
            TokenKind::ValuePlaceholder => Ok(Term::Value(self.value())),
            TokenKind::Word if self.peek_second().is("(") && !self.is_keyword(token) => {
                self.advance();
                self.count_operator();
                let arguments = self.in_call(Self::operands)?;
                Ok(Term::Call(token.text, arguments))
            }
            _ => self.path().map(Term::Path),
        }
    }

    /// Operands with commas between.
    pub(super) fn operands(&mut self) -> Parsed<Vec<Term<'s>>> {
        let mut operands = vec![self.operand()?];
        while self.take(",") {
            operands.push(self.operand()?);
        }
        Ok(operands)
    }

    /// What stands in a call's own parentheses, which are never redundant.
    pub(super) fn in_call<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            let problem =
                format!("The expression contains too many operators; operator count: {}", self.operators);
            return Err(ExpressionError::invalid(self.expression, problem));
        }
        self.expect("(")?;
        let parsed = inner(self)?;
        self.expect(")")?;
        self.depth -= 1;
        Ok(parsed)
    }

    /// The value of the placeholder that comes next.
    fn value(&mut self) -> Option<Value> {
        let placeholder = self.advance().text;
        let value = self.attributes.value(placeholder).cloned();
        if value.is_none() {
            self.problems.note(Problem::UndefinedValue, || {
                format!(
                    "An expression attribute value used in expression is not defined; attribute value: {placeholder}"
                )
            });
        }
        value
    }

    /// A value placeholder and nothing else, as `ADD` and `DELETE` take.
    pub(super) fn value_only(&mut self) -> Parsed<Option<Value>> {
        if self.peek().kind == TokenKind::ValuePlaceholder {
            Ok(self.value())
        } else {
            Err(self.unexpected())
        }
    }

    /// A document path.
    pub(super) fn path(&mut self) -> Parsed<Path> {
        let mut path = Path::of(self.path_name()?);
        loop {
            if self.take(".") {
                path.tail.push(Step::Name(self.path_name()?));
            } else if self.take("[") {
                path.tail.push(Step::Index(self.list_index()?));
                self.expect("]")?;
            } else {
                break;
            }
        }
        let levels = path.tail.len() + 1;
        if levels > PATH_STEPS_MAX {
            self.problems.note(Problem::Path, || {
                format!("The document path has too many nesting levels; nesting levels: {levels}")
            });
        }
        Ok(path)
    }

    fn list_index(&mut self) -> Parsed<usize> {
        if self.peek().kind != TokenKind::Digits {
            return Err(self.unexpected());
        }
        let digits = self.advance().text;
        let index = digits.parse::<u32>().ok().filter(|index| i32::try_from(*index).is_ok());
        if index.is_none() {
            self.problems.note(Problem::Path, || {
                format!("List index is not within the allowable range; index: [{digits}]")
            });
        }
        Ok(index.unwrap_or(0) as usize)
    }

    fn path_name(&mut self) -> Parsed<String> {
        let token = self.peek();
        match token.kind {
            TokenKind::Word if !self.is_keyword(token) => {
                self.advance();
                if is_reserved(token.text) {
                    self.problems.note(Problem::ReservedWord, || {
                        format!("Attribute name is a reserved keyword; reserved keyword: {}", token.text)
                    });
                }
                Ok(token.text.to_owned())
            }
            TokenKind::NamePlaceholder => {
                self.advance();
                if let Some(name) = self.attributes.name(token.text) {
                    return Ok(name.to_owned());
                }
                self.problems.note(Problem::UndefinedName, || {
                    format!(
                        "An expression attribute name used in the document path is not defined; attribute name: {}",
                        token.text
                    )
                });
                Ok(token.text.to_owned())
            }
            _ => Err(self.unexpected()),
        }
    }

    fn is_keyword(&self, token: Token<'_>) -> bool {
        self.keywords.iter().any(|keyword| token.is_word(keyword))
    }

    /// The most urgent problem, if any was found.
    pub(super) fn check_problems(&mut self) -> Parsed<()> {
        match std::mem::take(&mut self.problems).first() {
            Some(problem) => Err(ExpressionError::invalid(self.expression, problem)),
            None => Ok(()),
        }
    }
}

/// For each opening parenthesis the place of its closing one; elsewhere a place past the end.
fn closing(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut closing = vec![usize::MAX - 1; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.is("(") {
            open.push(at);
        } else if token.is(")")
            && let Some(start) = open.pop()
        {
            closing[start] = at;
        }
    }
    closing
}

/// The wrong number of operands, in AWS's words.
pub(super) fn wrong_count(function: &str, count: usize) -> String {
    format!(
        "Incorrect number of operands for operator or function; operator or function: {function}, number of operands: {count}"
    )
}

/// An operand of the wrong type, in AWS's words.
pub(super) fn wrong_type(function: &str, kind: impl std::fmt::Display) -> String {
    format!(
        "Incorrect operand type for operator or function; operator or function: {function}, operand type: {kind}"
    )
}

/// An operand that must be a path, in AWS's words.
pub(super) fn path_required(function: &str) -> String {
    format!("Operator or function requires a document path; operator or function: {function}")
}
