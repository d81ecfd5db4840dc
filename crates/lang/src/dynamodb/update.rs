//! Update expressions: how an item changes.

use super::lexer::TokenKind;
use super::parser::{Parser, Term, path_required, wrong_count, wrong_type};
use super::problems::{Problem, Problems};
use super::projection::check_overlap;
use super::{Attributes, ExpressionError, Item, Kind, Number, NumberError, Path, Step, Value};

const KEYWORDS: &[&str] = &["SET", "REMOVE", "ADD", "DELETE"];

/// The changes of an update expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    actions: Vec<(Path, Action)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Action {
    Set(Expression),
    Remove,
    Add(Value),
    Delete(Value),
}

/// The right side of `SET`.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Path(Path),
    Value(Value),
    IfNotExists(Path, Box<Expression>),
    ListAppend(Box<Expression>, Box<Expression>),
    Plus(Box<Expression>, Box<Expression>),
    Minus(Box<Expression>, Box<Expression>),
}

/// Why an update does not fit an item: the message of AWS's `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// A path on the right side leads nowhere.
    #[error("The provided expression refers to an attribute that does not exist in the item")]
    MissingAttribute,
    /// An operand's type does not fit the operator.
    #[error("An operand in the update expression has an incorrect data type")]
    WrongType,
    /// A path to change has no parent, or one of another type.
    #[error("The document path provided in the update expression is invalid for update")]
    InvalidPath,
    /// A sum that is out of range.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl Update {
    /// Parses an `UpdateExpression`.
    pub fn parse(source: &str, attributes: &mut Attributes) -> Result<Self, ExpressionError> {
        let mut parser = Parser::new("UpdateExpression", source, KEYWORDS, attributes)?;
        let mut actions = Vec::new();
        let mut seen = Vec::new();
        loop {
            parser.section(&mut seen, &mut actions)?;
            if parser.peek().kind == TokenKind::End {
                break;
            }
        }
        let paths: Vec<_> = actions.iter().map(|(path, _)| path.clone()).collect();
        check_overlap(&paths, &mut parser);
        let lowered: Vec<_> = actions
            .into_iter()
            .map(|(path, written)| Some((path, lower(written, &mut parser.problems)?)))
            .collect();
        parser.check_problems()?;
        let actions = lowered.into_iter().collect::<Option<_>>();
        Ok(Self { actions: actions.expect("what has no problems was lowered") })
    }

    /// The paths that the update changes.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.actions.iter().map(|(path, _)| path)
    }

    /// Applies every change. All of them read the item as it was before.
    pub fn apply(&self, item: &mut Item) -> Result<(), UpdateError> {
        let mut results = Vec::with_capacity(self.actions.len());
        for (path, action) in &self.actions {
            check_parent(path, item)?;
            results.push((path, action.result(path, item)?));
        }
        // Lists grow in the order of the positions asked for, and shrink from their end, so that
        // every position means what it meant before the update.
        results.sort_by_key(|(path, _)| *path);
        let (set, removed): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, value)| value.is_some());
        for (path, value) in set {
            value.into_iter().try_for_each(|value| put(path, value, item))?;
        }
        for (path, _) in removed.into_iter().rev() {
            remove(path, item);
        }
        Ok(())
    }
}

/// An action as it is written.
enum Written<'s> {
    Set(Sum<'s>),
    Remove,
    Add(Option<Value>),
    Delete(Option<Value>),
}

/// A right side as it is written.
enum Sum<'s> {
    One(Term<'s>),
    Two(Term<'s>, &'static str, Term<'s>),
}

type Parsed<T> = Result<T, ExpressionError>;

impl<'s> Parser<'s, '_> {
    fn section(
        &mut self,
        seen: &mut Vec<&'static str>,
        actions: &mut Vec<(Path, Written<'s>)>,
    ) -> Parsed<()> {
        let token = self.peek();
        let Some(section) = KEYWORDS.iter().copied().find(|keyword| token.is_word(keyword)) else {
            return Err(self.unexpected());
        };
        self.advance();
        if seen.contains(&section) {
            self.problems.note(Problem::RepeatedSection, || {
                format!("The \"{section}\" section can only be used once in an update expression;")
            });
        }
        seen.push(section);
        loop {
            self.count_operator();
            let path = self.path()?;
            let action = match section {
                "SET" => {
                    self.expect("=")?;
                    Written::Set(self.sum()?)
                }
                "REMOVE" => Written::Remove,
                "ADD" => Written::Add(self.value_only()?),
                _ => Written::Delete(self.value_only()?),
            };
            actions.push((path, action));
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    fn sum(&mut self) -> Parsed<Sum<'s>> {
        let first = if self.peek().is("(") {
            match self.in_parentheses(Self::sum)? {
                Sum::One(term) => term,
                sum => return Ok(sum),
            }
        } else {
            self.term()?
        };
        let operator = match self.peek() {
            token if token.is("+") => "+",
            token if token.is("-") => "-",
            _ => return Ok(Sum::One(first)),
        };
        self.advance();
        self.count_operator();
        Ok(Sum::Two(first, operator, self.operand()?))
    }
}

fn lower(written: Written<'_>, problems: &mut Problems) -> Option<Action> {
    match written {
        Written::Remove => Some(Action::Remove),
        Written::Add(value) => {
            let value = value?;
            if value.kind() != Kind::N {
                check_set("ADD", &value, problems);
            }
            Some(Action::Add(value))
        }
        Written::Delete(value) => {
            let value = value?;
            check_set("DELETE", &value, problems);
            Some(Action::Delete(value))
        }
        Written::Set(Sum::One(term)) => lower_term(term, problems).map(Action::Set),
        Written::Set(Sum::Two(a, operator, b)) => {
            let (a, b) = (lower_term(a, problems), lower_term(b, problems));
            let (a, b) = (Box::new(a?), Box::new(b?));
            check_literals(operator, [&a, &b], Kind::N, problems);
            let sum = if operator == "+" { Expression::Plus(a, b) } else { Expression::Minus(a, b) };
            Some(Action::Set(sum))
        }
    }
}

fn check_set(operator: &str, value: &Value, problems: &mut Problems) {
    if !value.kind().is_set() {
        problems.note(Problem::Operand, || {
            format!(
                "Incorrect operand type for operator or function; operator: {operator}, operand type: {}",
                value.kind().word()
            )
        });
    }
}

fn check_literals(operator: &str, operands: [&Expression; 2], wanted: Kind, problems: &mut Problems) {
    for operand in operands {
        if let Expression::Value(value) = operand
            && value.kind() != wanted
        {
            problems.note(Problem::Operand, || wrong_type(operator, value.kind()));
        }
    }
}

fn lower_term(term: Term<'_>, problems: &mut Problems) -> Option<Expression> {
    let (name, arguments) = match term {
        Term::Path(path) => return Some(Expression::Path(path)),
        Term::Value(value) => return value.map(Expression::Value),
        Term::Call(name, arguments) => (name, arguments),
    };
    match name {
        "if_not_exists" | "list_append" => {}
        "attribute_exists"
        | "attribute_not_exists"
        | "attribute_type"
        | "begins_with"
        | "contains"
        | "size" => {
            problems.note(Problem::UnknownFunction, || {
                format!("The function is not allowed in an update expression; function: {name}")
            });
            return None;
        }
        _ => {
            problems.note(Problem::UnknownFunction, || format!("Invalid function name; function: {name}"));
            return None;
        }
    }
    let count = arguments.len();
    let lowered: Vec<_> = arguments.into_iter().map(|term| lower_term(term, problems)).collect();
    let Ok([first, second]) = <[_; 2]>::try_from(lowered) else {
        problems.note(Problem::Operand, || wrong_count(name, count));
        return None;
    };
    let (first, second) = (first?, Box::new(second?));
    if name == "list_append" {
        check_literals(name, [&first, &second], Kind::L, problems);
        return Some(Expression::ListAppend(Box::new(first), second));
    }
    let Expression::Path(path) = first else {
        problems.note(Problem::Operand, || path_required(name));
        return None;
    };
    Some(Expression::IfNotExists(path, second))
}

impl Action {
    /// The value at the path after the action; none where there is none any more.
    fn result(&self, path: &Path, item: &Item) -> Result<Option<Value>, UpdateError> {
        let present = path.find(item);
        match self {
            Self::Set(expression) => expression.value(item).map(Some),
            Self::Remove => Ok(None),
            Self::Add(value) => present.map_or_else(|| Ok(value.clone()), |old| add(old, value)).map(Some),
            Self::Delete(value) => present.map_or(Ok(None), |old| delete(old, value)),
        }
    }
}

impl Expression {
    fn value(&self, item: &Item) -> Result<Value, UpdateError> {
        match self {
            Self::Path(path) => path.find(item).cloned().ok_or(UpdateError::MissingAttribute),
            Self::Value(value) => Ok(value.clone()),
            Self::IfNotExists(path, other) => match path.find(item) {
                Some(value) => Ok(value.clone()),
                None => other.value(item),
            },
            Self::ListAppend(a, b) => match (a.value(item)?, b.value(item)?) {
                (Value::L(mut first), Value::L(second)) => {
                    first.extend(second);
                    Ok(Value::L(first))
                }
                _ => Err(UpdateError::WrongType),
            },
            Self::Plus(a, b) => arithmetic(a, b, item, Number::plus),
            Self::Minus(a, b) => arithmetic(a, b, item, Number::minus),
        }
    }
}

fn arithmetic(
    a: &Expression,
    b: &Expression,
    item: &Item,
    operator: fn(Number, Number) -> Result<Number, NumberError>,
) -> Result<Value, UpdateError> {
    match (a.value(item)?, b.value(item)?) {
        (Value::N(a), Value::N(b)) => Ok(Value::N(operator(a, b)?)),
        _ => Err(UpdateError::WrongType),
    }
}

fn add(old: &Value, more: &Value) -> Result<Value, UpdateError> {
    match (old, more) {
        (Value::N(a), Value::N(b)) => Ok(Value::N(a.plus(*b)?)),
        (Value::Ss(a), Value::Ss(b)) => Ok(Value::Ss(a | b)),
        (Value::Ns(a), Value::Ns(b)) => Ok(Value::Ns(a | b)),
        (Value::Bs(a), Value::Bs(b)) => Ok(Value::Bs(a | b)),
        _ => Err(UpdateError::WrongType),
    }
}

/// A set without some members; an empty set is no attribute at all.
fn delete(old: &Value, less: &Value) -> Result<Option<Value>, UpdateError> {
    Ok(match (old, less) {
        (Value::Ss(a), Value::Ss(b)) => Some(a - b).filter(|set| !set.is_empty()).map(Value::Ss),
        (Value::Ns(a), Value::Ns(b)) => Some(a - b).filter(|set| !set.is_empty()).map(Value::Ns),
        (Value::Bs(a), Value::Bs(b)) => Some(a - b).filter(|set| !set.is_empty()).map(Value::Bs),
        _ => return Err(UpdateError::WrongType),
    })
}

/// A nested path can be changed only where its parent is, and is of the right type.
fn check_parent(path: &Path, item: &Item) -> Result<(), UpdateError> {
    let Some((last, before)) = path.tail.split_last() else { return Ok(()) };
    let parent = Path { head: path.head.clone(), tail: before.to_vec() };
    match (parent.find(item), last) {
        (Some(Value::M(_)), Step::Name(_)) | (Some(Value::L(_)), Step::Index(_)) => Ok(()),
        _ => Err(UpdateError::InvalidPath),
    }
}

fn parent<'a>(path: &Path, item: &'a mut Item) -> Option<&'a mut Value> {
    let (_, before) = path.tail.split_last()?;
    before.iter().try_fold(item.get_mut(&path.head)?, |value, step| match (value, step) {
        (Value::M(members), Step::Name(name)) => members.get_mut(name),
        (Value::L(members), Step::Index(index)) => members.get_mut(*index),
        _ => None,
    })
}

fn put(path: &Path, value: Value, item: &mut Item) -> Result<(), UpdateError> {
    let Some(last) = path.tail.last() else {
        item.insert(path.head.clone(), value);
        return Ok(());
    };
    match (parent(path, item), last) {
        (Some(Value::M(members)), Step::Name(name)) => {
            members.insert(name.clone(), value);
        }
        (Some(Value::L(members)), Step::Index(index)) => match members.get_mut(*index) {
            Some(member) => *member = value,
            None => members.push(value),
        },
        _ => return Err(UpdateError::InvalidPath),
    }
    Ok(())
}

fn remove(path: &Path, item: &mut Item) {
    let Some(last) = path.tail.last() else {
        item.remove(&path.head);
        return;
    };
    match (parent(path, item), last) {
        (Some(Value::M(members)), Step::Name(name)) => {
            members.remove(name);
        }
        (Some(Value::L(members)), Step::Index(index)) if *index < members.len() => {
            members.remove(*index);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Value {
        Value::N(text.parse().unwrap())
    }

    fn s(text: &str) -> Value {
        Value::S(text.into())
    }

    fn attributes() -> Attributes {
        let values = Item::from([
            (":one".into(), n("1")),
            (":a".into(), s("a")),
            (":b".into(), s("b")),
            (":list".into(), Value::L(vec![s("x")])),
            (":set".into(), Value::Ss(["x".into(), "y".into()].into())),
            (":ns".into(), Value::Ns(["1".parse().unwrap()].into())),
            (":huge".into(), n("9e125")),
        ]);
        Attributes::new(Some([("#n".to_owned(), "name".to_owned())].into()), Some(values)).unwrap()
    }

    fn item() -> Item {
        Item::from([
            ("count".into(), n("5")),
            ("cnt".into(), n("5")),
            ("l".into(), Value::L(vec![s("0"), s("1"), s("2")])),
            ("m".into(), Value::M(Item::from([("k".to_owned(), s("v"))]))),
            ("tags".into(), Value::Ss(["x".into(), "z".into()].into())),
            ("big".into(), n("9e125")),
        ])
    }

    fn updated(source: &str, path: &str) -> Result<String, String> {
        let update = Update::parse(source, &mut attributes()).map_err(|error| error.0)?;
        let mut item = item();
        update.apply(&mut item).map_err(|error| error.to_string())?;
        Ok(item.get(path).map_or("-".to_owned(), Value::to_string))
    }

    #[test]
    fn items_change_as_documented() {
        for (source, attribute, value) in [
            ("SET cnt = cnt + :one", "cnt", "{N:6}"),
            ("set cnt = (cnt - :one)", "cnt", "{N:4}"),
            ("SET fresh = if_not_exists(fresh, :one) + :one", "fresh", "{N:2}"),
            ("SET cnt = if_not_exists(cnt, :one)", "cnt", "{N:5}"),
            ("SET x = cnt, cnt = :one", "x", "{N:5}"),
            ("SET l[1] = :a", "l", "{L:[{S:0}, {S:a}, {S:2}]}"),
            ("SET l[9] = :a, l[7] = :b", "l", "{L:[{S:0}, {S:1}, {S:2}, {S:b}, {S:a}]}"),
            ("SET l = list_append(l, :list)", "l", "{L:[{S:0}, {S:1}, {S:2}, {S:x}]}"),
            ("SET l = list_append(:list, l)", "l", "{L:[{S:x}, {S:0}, {S:1}, {S:2}]}"),
            ("SET q = list_append(if_not_exists(q, :list), :list)", "q", "{L:[{S:x}, {S:x}]}"),
            ("REMOVE l[0], l[1]", "l", "{L:[{S:2}]}"),
            ("SET l[2] = :a REMOVE l[0]", "l", "{L:[{S:1}, {S:a}]}"),
            ("REMOVE l[9]", "l", "{L:[{S:0}, {S:1}, {S:2}]}"),
            ("SET m.k = :a, m.j = :b", "m", "{M:{j={S:b}, k={S:a}}}"),
            ("REMOVE m.k, cnt", "m", "{M:{}}"),
            ("REMOVE cnt", "cnt", "-"),
            ("ADD cnt :one", "cnt", "{N:6}"),
            ("ADD fresh :one", "fresh", "{N:1}"),
            ("ADD tags :set", "tags", "{SS:[x, y, z]}"),
            ("DELETE tags :set", "tags", "{SS:[z]}"),
            ("DELETE absent :set", "absent", "-"),
            ("ADD t :set DELETE tags :set SET #n = :a REMOVE cnt", "name", "{S:a}"),
        ] {
            assert_eq!(updated(source, attribute).as_deref(), Ok(value), "{source}");
        }
        let update = Update::parse("DELETE tags :set", &mut attributes()).unwrap();
        let mut item = Item::from([("tags".into(), Value::Ss(["x".into()].into()))]);
        update.apply(&mut item).unwrap();
        assert!(item.is_empty(), "an emptied set is no attribute");
    }

    #[test]
    fn what_does_not_fit_the_item_is_refused() {
        for (source, error) in [
            ("SET a = absent", UpdateError::MissingAttribute),
            ("SET a = m + :one", UpdateError::WrongType),
            ("SET a = list_append(cnt, :list)", UpdateError::WrongType),
            ("ADD m :one", UpdateError::WrongType),
            ("DELETE tags :ns", UpdateError::WrongType),
            ("SET x.y = :a", UpdateError::InvalidPath),
            ("SET m[0] = :a", UpdateError::InvalidPath),
            ("REMOVE x.y", UpdateError::InvalidPath),
            ("ADD big :huge", UpdateError::Number(NumberError::Overflow)),
        ] {
            assert_eq!(updated(source, ""), Err(error.to_string()), "{source}");
        }
    }

    /// Messages as recorded from AWS in the test suites of architect/dynalite and getmoto/moto.
    #[test]
    fn refusals_speak_as_aws_does() {
        let operand = "Incorrect operand type for operator or function; operator";
        let rewrite = "must remove or rewrite one of these paths; path one: ";
        for (source, message) in [
            (" ", "The expression can not be empty;".to_owned()),
            ("SET", r#"Syntax error; token: "<EOF>", near: "SET""#.into()),
            ("INVALID SYNTAX HERE", r#"Syntax error; token: "INVALID", near: "INVALID SYNTAX""#.into()),
            ("SET a = :a,", r#"Syntax error; token: "<EOF>", near: ",""#.into()),
            ("SET a = a +", r#"Syntax error; token: "<EOF>", near: "+""#.into()),
            ("SET a = cnt + :one + :one", r#"Syntax error; token: "+", near: ":one + :one""#.into()),
            ("ADD hits : incr", r#"Syntax error; token: ":", near: "hits : incr""#.into()),
            ("ADD a b", r#"Syntax error; token: "b", near: "a b""#.into()),
            ("SET a = VALUE 1", r#"Syntax error; token: "1", near: "VALUE 1""#.into()),
            ("SET status = :a", "Attribute name is a reserved keyword; reserved keyword: status".into()),
            (
                "SET a = :a SET b = :b",
                "The \"SET\" section can only be used once in an update expression;".into(),
            ),
            ("SET a = f(b)", "Invalid function name; function: f".into()),
            ("SET a = size(b)", "The function is not allowed in an update expression; function: size".into()),
            (
                "SET a = :x",
                "An expression attribute value used in expression is not defined; attribute value: :x".into(),
            ),
            (
                "SET #x = :a",
                "An expression attribute name used in the document path is not defined; attribute name: #x"
                    .into(),
            ),
            (
                "SET a = :a, a.b = :b",
                format!("Two document paths overlap with each other; {rewrite}[a], path two: [a, b]"),
            ),
            (
                "SET a.b = :a REMOVE a[1]",
                format!("Two document paths conflict with each other; {rewrite}[a, b], path two: [a, [1]]"),
            ),
            ("SET a = list_append(a, :one)", wrong_type("list_append", "N")),
            ("SET a = a + :a", format!("{operand} or function: +, operand type: S")),
            ("ADD a :a", format!("{operand}: ADD, operand type: STRING")),
            ("DELETE a :one", format!("{operand}: DELETE, operand type: NUMBER")),
            ("SET a = if_not_exists(:a, :b)", path_required("if_not_exists")),
            ("SET a = if_not_exists(a)", wrong_count("if_not_exists", 1)),
        ] {
            let error = Update::parse(source, &mut attributes()).unwrap_err().0;
            assert_eq!(error, format!("Invalid UpdateExpression: {message}"), "{source}");
        }
    }
}
