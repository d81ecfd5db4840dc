//! Condition and filter expressions.

use super::lexer::TokenKind;
use super::parser::{Parser, Term, path_required, wrong_count, wrong_type};
use super::problems::{Problem, Problems};
use super::{Attributes, ExpressionError, Kind, Path, Value};

/// "Up to 100 values" in `IN` (DynamoDB Developer Guide, Comparison operator and function reference).
const IN_OPERANDS_MAX: usize = 100;

const KEYWORDS: &[&str] = &["AND", "OR", "NOT", "BETWEEN", "IN"];

/// A condition on an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One holds.
    Or(Box<Condition>, Box<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison.
    Compare(Operand, Comparator, Operand),
    /// Within two bounds.
    Between(Operand, Operand, Operand),
    /// Equal to one of several.
    In(Operand, Vec<Operand>),
    /// The attribute exists.
    Exists(Path),
    /// The attribute does not exist.
    NotExists(Path),
    /// The operand is of a type.
    IsType(Operand, Kind),
    /// The first begins with the second.
    BeginsWith(Operand, Operand),
    /// The first contains the second.
    Contains(Operand, Operand),
}

/// What a condition compares.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// The value at a path.
    Path(Path),
    /// A value of the request.
    Value(Value),
    /// The size of another operand.
    Size(Box<Operand>),
}

/// How two operands are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The comparator's symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The comparator that says the same with its operands exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }
}

impl Condition {
    /// Parses a `ConditionExpression`.
    pub fn parse(source: &str, attributes: &mut Attributes) -> Result<Self, ExpressionError> {
        Self::parse_as("ConditionExpression", source, attributes)
    }

    /// Parses a `FilterExpression`.
    pub fn parse_filter(source: &str, attributes: &mut Attributes) -> Result<Self, ExpressionError> {
        Self::parse_as("FilterExpression", source, attributes)
    }

    /// Parses a condition that messages call by the given parameter's name.
    pub(super) fn parse_as(
        expression: &'static str,
        source: &str,
        attributes: &mut Attributes,
    ) -> Result<Self, ExpressionError> {
        let mut parser = Parser::new(expression, source, KEYWORDS, attributes)?;
        let node = parser.disjunction()?;
        parser.expect_end()?;
        let tree = parser.condition(node)?;
        let condition = lower(*tree, &mut parser.problems);
        parser.check_problems()?;
        Ok(condition.expect("what has no problems was lowered"))
    }
}

/// A condition as it is written.
enum Tree<'s> {
    And(Box<Tree<'s>>, Box<Tree<'s>>),
    Or(Box<Tree<'s>>, Box<Tree<'s>>),
    Not(Box<Tree<'s>>),
    Compare(Term<'s>, Comparator, Term<'s>),
    Between(Term<'s>, Term<'s>, Term<'s>),
    In(Term<'s>, Vec<Term<'s>>),
    Call(&'s str, Vec<Term<'s>>),
}

/// What may stand in parentheses: `(a) = :b` or `(a = :b)`. Boxed, for the parser's stack is short.
enum Node<'s> {
    Tree(Box<Tree<'s>>),
    Term(Term<'s>),
}

type Parsed<T> = Result<T, ExpressionError>;

impl<'s> Parser<'s, '_> {
    fn disjunction(&mut self) -> Parsed<Node<'s>> {
        let mut left = self.conjunction()?;
        while self.peek().is_word("OR") {
            let first = self.condition(left)?;
            self.advance();
            self.count_operator();
            let second = self.conjunction()?;
            let second = self.condition(second)?;
            left = Node::Tree(Box::new(Tree::Or(first, second)));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Node<'s>> {
        let mut left = self.negation()?;
        while self.peek().is_word("AND") {
            let first = self.condition(left)?;
            self.advance();
            self.count_operator();
            let second = self.negation()?;
            let second = self.condition(second)?;
            left = Node::Tree(Box::new(Tree::And(first, second)));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Node<'s>> {
        if !self.take_word("NOT") {
            return self.comparison();
        }
        self.count_operator();
        let inner = self.comparison()?;
        let inner = self.condition(inner)?;
        Ok(Node::Tree(Box::new(Tree::Not(inner))))
    }

    fn comparison(&mut self) -> Parsed<Node<'s>> {
        let first = if self.peek().is("(") {
            self.in_parentheses(Self::disjunction)?
        } else {
            Node::Term(self.term()?)
        };
        match first {
            Node::Tree(tree) => Ok(Node::Tree(tree)),
            Node::Term(first) => self.compared(first),
        }
    }

    /// What follows the first operand of a comparison.
    fn compared(&mut self, first: Term<'s>) -> Parsed<Node<'s>> {
        let next = self.peek();
        let comparator = (next.kind == TokenKind::Symbol).then(|| Comparator::of(next.text)).flatten();
        let tree = if let Some(comparator) = comparator {
            self.advance();
            self.count_operator();
            Tree::Compare(first, comparator, self.operand()?)
        } else if self.take_word("BETWEEN") {
            self.count_operator();
            let low = self.operand()?;
            if !self.take_word("AND") {
                return Err(self.unexpected());
            }
            Tree::Between(first, low, self.operand()?)
        } else if self.take_word("IN") {
            self.count_operator();
            Tree::In(first, self.in_call(Self::operands)?)
        } else {
            return Ok(Node::Term(first));
        };
        Ok(Node::Tree(Box::new(tree)))
    }

    /// Takes a node for a condition; a bare operand is none.
    fn condition(&mut self, node: Node<'s>) -> Parsed<Box<Tree<'s>>> {
        match node {
            Node::Tree(tree) => Ok(tree),
            Node::Term(Term::Call(name, arguments)) => {
                if name == "size" {
                    self.problems.note(Problem::MisusedFunction, || misused(name));
                }
                Ok(Box::new(Tree::Call(name, arguments)))
            }
            Node::Term(_) => Err(self.unexpected()),
        }
    }
}

fn misused(name: &str) -> String {
    format!("The function is not allowed to be used this way in an expression; function: {name}")
}

/// Checks a condition and gives it its meaning. `None` only where a problem was noted.
fn lower(tree: Tree<'_>, problems: &mut Problems) -> Option<Condition> {
    match tree {
        Tree::And(a, b) => {
            let (a, b) = (lower(*a, problems), lower(*b, problems));
            Some(Condition::And(Box::new(a?), Box::new(b?)))
        }
        Tree::Or(a, b) => {
            let (a, b) = (lower(*a, problems), lower(*b, problems));
            Some(Condition::Or(Box::new(a?), Box::new(b?)))
        }
        Tree::Not(inner) => Some(Condition::Not(Box::new(lower(*inner, problems)?))),
        Tree::Compare(a, comparator, b) => {
            let (a, b) = (lower_operand(a, problems), lower_operand(b, problems));
            let (a, b) = (a?, b?);
            check_distinct(comparator.symbol(), &a, &b, problems);
            check_ordered(comparator, [&a, &b], problems);
            Some(Condition::Compare(a, comparator, b))
        }
        Tree::Between(value, low, high) => {
            let value = lower_operand(value, problems);
            let (low, high) = (lower_operand(low, problems), lower_operand(high, problems));
            let (value, low, high) = (value?, low?, high?);
            check_bounds(&low, &high, problems);
            Some(Condition::Between(value, low, high))
        }
        Tree::In(value, choices) => {
            let count = choices.len();
            if count > IN_OPERANDS_MAX {
                problems.note(Problem::Operand, || {
                    format!("The IN operator is provided with too many operands; number of operands: {count}")
                });
            }
            let value = lower_operand(value, problems);
            let choices: Vec<_> = choices.into_iter().map(|c| lower_operand(c, problems)).collect();
            Some(Condition::In(value?, choices.into_iter().collect::<Option<_>>()?))
        }
        Tree::Call(name, arguments) => lower_call(name, arguments, problems),
    }
}

/// How many operands each function takes.
fn operand_count(function: &str) -> Option<usize> {
    match function {
        "attribute_exists" | "attribute_not_exists" | "size" => Some(1),
        "attribute_type" | "begins_with" | "contains" => Some(2),
        _ => None,
    }
}

fn check_call(name: &str, count: usize, problems: &mut Problems) -> Option<()> {
    match operand_count(name) {
        None if matches!(name, "if_not_exists" | "list_append") => {
            problems.note(Problem::UnknownFunction, || {
                format!("The function is not allowed in a condition expression; function: {name}")
            });
            None
        }
        None => {
            problems.note(Problem::UnknownFunction, || format!("Invalid function name; function: {name}"));
            None
        }
        Some(wanted) if wanted != count => {
            problems.note(Problem::Operand, || wrong_count(name, count));
            None
        }
        Some(_) => Some(()),
    }
}

fn lower_call(name: &str, arguments: Vec<Term<'_>>, problems: &mut Problems) -> Option<Condition> {
    let valid = check_call(name, arguments.len(), problems);
    let operands: Vec<_> = arguments.into_iter().map(|term| lower_operand(term, problems)).collect();
    valid?;
    let mut operands = operands.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
    let first = operands.next()?;
    let Some(second) = operands.next() else { return lower_existence(name, first, problems) };
    check_distinct(name, &first, &second, problems);
    match name {
        "attribute_type" => Some(Condition::IsType(first, type_name(&second, problems)?)),
        "begins_with" => {
            for operand in [&first, &second] {
                if let Some(kind) = static_kind(operand)
                    && !matches!(kind, Kind::S | Kind::B)
                {
                    problems.note(Problem::Operand, || wrong_type(name, kind));
                }
            }
            Some(Condition::BeginsWith(first, second))
        }
        _ => Some(Condition::Contains(first, second)),
    }
}

fn lower_existence(name: &str, operand: Operand, problems: &mut Problems) -> Option<Condition> {
    match (name, operand) {
        ("attribute_exists", Operand::Path(path)) => Some(Condition::Exists(path)),
        ("attribute_not_exists", Operand::Path(path)) => Some(Condition::NotExists(path)),
        // A bare `size` was noted as misused when it was parsed.
        _ => {
            problems.note(Problem::Operand, || path_required(name));
            None
        }
    }
}

fn lower_operand(term: Term<'_>, problems: &mut Problems) -> Option<Operand> {
    match term {
        Term::Path(path) => Some(Operand::Path(path)),
        Term::Value(value) => value.map(Operand::Value),
        Term::Call(name, arguments) => {
            if name != "size" {
                if check_call(name, arguments.len(), problems).is_some() {
                    problems.note(Problem::MisusedFunction, || misused(name));
                }
                return None;
            }
            check_call(name, arguments.len(), problems)?;
            let measured = lower_operand(arguments.into_iter().next()?, problems)?;
            if let Some(kind @ (Kind::N | Kind::Bool | Kind::Null)) = static_kind(&measured) {
                problems.note(Problem::Operand, || wrong_type(name, kind));
            }
            Some(Operand::Size(Box::new(measured)))
        }
    }
}

/// The type of an operand, where it does not depend on the item.
fn static_kind(operand: &Operand) -> Option<Kind> {
    match operand {
        Operand::Path(_) => None,
        Operand::Value(value) => Some(value.kind()),
        Operand::Size(_) => Some(Kind::N),
    }
}

fn check_distinct(operator: &str, first: &Operand, second: &Operand, problems: &mut Problems) {
    if let (Operand::Path(a), Operand::Path(b)) = (first, second)
        && a == b
    {
        problems.note(Problem::Operand, || {
            format!(
                "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {a}"
            )
        });
    }
}

fn check_ordered(comparator: Comparator, operands: [&Operand; 2], problems: &mut Problems) {
    if matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
        return;
    }
    for kind in operands.into_iter().filter_map(static_kind) {
        if !matches!(kind, Kind::S | Kind::N | Kind::B) {
            problems.note(Problem::Operand, || wrong_type(comparator.symbol(), kind.word()));
        }
    }
}

fn check_bounds(low: &Operand, high: &Operand, problems: &mut Problems) {
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return };
    let rule = match low.order(high) {
        _ if low.kind() != high.kind() => "same data type for lower and upper bounds",
        Some(std::cmp::Ordering::Greater) => "upper bound to be greater than or equal to lower bound",
        Some(_) => return,
        None => return problems.note(Problem::Operand, || wrong_type("BETWEEN", low.kind().word())),
    };
    problems.note(Problem::Operand, || {
        format!(
            "The BETWEEN operator requires {rule}; lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
        )
    });
}

fn type_name(operand: &Operand, problems: &mut Problems) -> Option<Kind> {
    let Operand::Value(Value::S(name)) = operand else {
        let kind = static_kind(operand);
        problems.note(Problem::Operand, || match kind {
            Some(kind) => wrong_type("attribute_type", kind),
            None => wrong_type("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"),
        });
        return None;
    };
    let kind = Kind::of_name(name);
    if kind.is_none() {
        problems.note(Problem::Operand, || {
            format!(
                "Invalid attribute type name found; type: {name}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
            )
        });
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::Item;

    fn attributes() -> Attributes {
        let names = [("#n", "name"), ("#s", "status")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let n = |text: &str| Value::N(text.parse().unwrap());
        let values = Item::from([
            (":one".into(), n("1")),
            (":five".into(), n("5")),
            (":a".into(), Value::S("a".into())),
            (":b".into(), Value::S("b".into())),
            (":list".into(), Value::L(vec![])),
            (":type".into(), Value::S("S".into())),
            (":ss".into(), Value::Ss(["a".into()].into())),
            (":true".into(), Value::Bool(true)),
        ]);
        Attributes::new(Some(names.into()), Some(values)).unwrap()
    }

    fn error(source: &str) -> String {
        let message = Condition::parse(source, &mut attributes()).unwrap_err().0;
        message.strip_prefix("Invalid ConditionExpression: ").unwrap().to_owned()
    }

    /// Messages as AWS gives them; most are kept in the test suite of architect/dynalite, which
    /// records them from the service.
    #[test]
    fn refusals_speak_as_aws_does() {
        let distinct = "The first operand must be distinct from the remaining operands for this operator or function; operator: ";
        let operand = "Incorrect operand type for operator or function; operator or function: ";
        for (source, message) in [
            ("", "The expression can not be empty;".to_owned()),
            ("a", r#"Syntax error; token: "<EOF>", near: "a""#.into()),
            ("NOT (#n)", r#"Syntax error; token: "<EOF>", near: ")""#.into()),
            ("a b", r#"Syntax error; token: "b", near: "a b""#.into()),
            ("a = = :a", r#"Syntax error; token: "=", near: "= = :a""#.into()),
            ("a AND b = :a", r#"Syntax error; token: "AND", near: "a AND b""#.into()),
            ("my-key = :a", r#"Syntax error; token: "-", near: "my-key""#.into()),
            ("a in :a", r#"Syntax error; token: ":a", near: "in :a""#.into()),
            ("between = :a", r#"Syntax error; token: "between", near: "between =""#.into()),
            ("((a = :a))", "The expression has redundant parentheses;".into()),
            ("((a)) = :a", "The expression has redundant parentheses;".into()),
            (
                "status = :a",
                "Attribute name is a reserved keyword; reserved keyword: status".into(),
            ),
            ("a.Name = :a", "Attribute name is a reserved keyword; reserved keyword: Name".into()),
            (
                "#x = :a",
                "An expression attribute name used in the document path is not defined; attribute name: #x"
                    .into(),
            ),
            (
                "a = :x",
                "An expression attribute value used in expression is not defined; attribute value: :x".into(),
            ),
            ("ATTRIBUTE_EXISTS(a)", "Invalid function name; function: ATTRIBUTE_EXISTS".into()),
            (
                "if_not_exists(a, :a)",
                "The function is not allowed in a condition expression; function: if_not_exists".into(),
            ),
            (
                "size(a)",
                "The function is not allowed to be used this way in an expression; function: size".into(),
            ),
            (
                "contains(a, :a) = :true",
                "The function is not allowed to be used this way in an expression; function: contains".into(),
            ),
            ("attribute_exists(a, b)", wrong_count("attribute_exists", 2)),
            ("attribute_exists(:a)", path_required("attribute_exists")),
            ("begins_with(a, :one)", format!("{operand}begins_with, operand type: N")),
            ("size(:one) = :one", format!("{operand}size, operand type: N")),
            (
                "attribute_type(a, b)",
                format!("{operand}attribute_type, operand type: {{NS,SS,L,BS,N,M,B,BOOL,NULL,S}}"),
            ),
            ("attribute_type(a, :one)", format!("{operand}attribute_type, operand type: N")),
            (
                "attribute_type(a, :a)",
                "Invalid attribute type name found; type: a, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
                    .into(),
            ),
            ("a < :list", format!("{operand}<, operand type: LIST")),
            ("a = a", format!("{distinct}=, first operand: [a]")),
            ("contains(a.b[1], a.b[1])", format!("{distinct}contains, first operand: [a, b, [1]]")),
            (
                "a BETWEEN :five AND :a",
                "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:a}".into(),
            ),
            (
                "a BETWEEN :b AND :a",
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}".into(),
            ),
            (
                "a[99999999999] = :a",
                "List index is not within the allowable range; index: [99999999999]".into(),
            ),
        ] {
            assert_eq!(error(source), message, "{source}");
        }
    }

    #[test]
    fn limits_hold() {
        let long = format!("a = :a{}", " ".repeat(4_096));
        assert_eq!(
            error(&long),
            "Expression size has exceeded the maximum allowed size; expression size: 4102"
        );
        let operators = vec!["a=:a"; 151].join(" OR ");
        assert_eq!(error(&operators), "The expression contains too many operators; operator count: 301");
        assert!(Condition::parse(&vec!["a=:a"; 150].join(" OR "), &mut attributes()).is_ok());
        let choices = vec![":a"; 101].join(",");
        assert_eq!(
            error(&format!("a IN ({choices})")),
            "The IN operator is provided with too many operands; number of operands: 101"
        );
        assert!(error(&"(".repeat(4_000)).starts_with("The expression has redundant"));
        assert!(error(&"size(".repeat(800)).starts_with("The expression contains too many operators"));
        let deep = format!("a{} = :a", ".b".repeat(32));
        assert_eq!(error(&deep), "The document path has too many nesting levels; nesting levels: 33");
    }

    #[test]
    fn conditions_hold_as_documented() {
        let n = |text: &str| Value::N(text.parse().unwrap());
        let nested = Item::from([("z".to_owned(), Value::L(vec![n("7"), Value::S("a".into())]))]);
        let item = Item::from([
            ("name".into(), Value::S("abc".into())),
            ("count".into(), n("5")),
            ("tags".into(), Value::Ss(["a".into(), "x".into()].into())),
            ("m".into(), Value::M(nested)),
            ("bytes".into(), Value::B(vec![1, 2, 3])),
            ("nothing".into(), Value::Null),
        ]);
        for (source, holds) in [
            ("#n = :a", false),
            ("#n <> :a", true),
            ("absent <> :a", true),
            ("absent = :a", false),
            ("absent < :a", false),
            ("cnt = :five OR begins_with(#n, :a)", true),
            ("cnt = :five AND begins_with(#n, :a)", false),
            ("NOT cnt = :five", true),
            ("NOT (#n = :a OR begins_with(#n, :a))", false),
            ("begins_with(#n, :b)", false),
            ("contains(#n, :b)", true),
            ("contains(tags, :a)", true),
            ("contains(tags, :b)", false),
            ("contains(m.z, :a)", true),
            ("contains(m.z, :b)", false),
            ("m.z[1] = :a", true),
            ("(m.z[1]) = (:a)", true),
            ("m.z[9] = :a", false),
            ("attribute_exists(m.z[0])", true),
            ("attribute_exists(m.y)", false),
            ("attribute_not_exists(absent)", true),
            ("attribute_exists(nothing)", true),
            ("attribute_type(#n, :type)", true),
            ("attribute_type(m, :type)", false),
            ("size(#n) > :one", true),
            ("size(absent) > :one", false),
            ("size(bytes) BETWEEN :one AND :five", true),
            ("#n BETWEEN :a AND :b", true),
            ("m.z[0] BETWEEN :one AND :five", false),
            ("#n IN (:a, :b)", false),
            ("m.z[1] in (:one, :a)", true),
            ("#n > :one", false),
            ("#n >= :a and #n <= :b", true),
            ("attribute_exists(#n) and attribute_exists(absent) or attribute_exists(tags)", true),
            ("attribute_exists(tags) or attribute_exists(#n) and attribute_exists(absent)", true),
        ] {
            let condition = Condition::parse(source, &mut attributes());
            let condition = condition.unwrap_or_else(|error| panic!("{source}: {error}"));
            assert_eq!(condition.holds(&item), holds, "{source}");
        }
    }

    #[test]
    fn unused_placeholders_are_refused_once_all_is_parsed() {
        let names = Some([("#a".to_owned(), "a".to_owned())].into());
        let values = Some(Item::from([(":x".into(), Value::Null), (":y".into(), Value::Null)]));
        let mut attributes = Attributes::new(names, values).unwrap();
        Condition::parse("#a = :x", &mut attributes).unwrap();
        assert_eq!(
            attributes.check_all_used().unwrap_err().0,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:y}"
        );
        assert_eq!(
            Attributes::new(Some([("a".to_owned(), "a".to_owned())].into()), None).unwrap_err().0,
            r#"ExpressionAttributeNames contains invalid key: Syntax error; key: "a""#
        );
        assert_eq!(
            Attributes::new(None, Some(Item::new())).unwrap_err().0,
            "ExpressionAttributeValues must not be empty"
        );
    }
}
