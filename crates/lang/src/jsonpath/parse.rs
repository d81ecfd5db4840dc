//! Reads paths, and the pieces of text that filters and calls are made of.

use super::filter::{self, Filter};
use super::{Function, PATH_DEPTH_MAX, PATH_LENGTH_MAX, Path, Root, Step, SyntaxError};

/// Reads a text that is one path.
pub(super) fn path(text: &str) -> Result<Path, SyntaxError> {
    let mut reader = Reader::new(text);
    if text.len() > PATH_LENGTH_MAX {
        return Err(reader.error(format!("a path has at most {PATH_LENGTH_MAX} bytes")));
    }
    let path = read_path(&mut reader)?;
    if !reader.is_at_end() {
        return Err(reader.error("expected `.`, `[` or the end of the path"));
    }
    Ok(path)
}

/// A place in a text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// The text from an earlier place up to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    pub(super) const fn place(&self) -> usize {
        self.at
    }

    /// Takes `token` if it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let comes = self.rest().starts_with(token);
        if comes {
            self.at += token.len();
        }
        comes
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), SyntaxError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(format!("expected `{token}`"))) }
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(super) fn take_while(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            text: self.text.to_owned(),
            at: self.text[..self.at].chars().count() + 1,
            message: message.into(),
        }
    }

    /// A text in single or double quotes. A backslash takes the next character as it is, but for the
    /// escapes of JSON strings.
    pub(super) fn quoted(&mut self) -> Result<String, SyntaxError> {
        let quote = match self.next() {
            Some(quote @ ('\'' | '"')) => quote,
            _ => return Err(self.error("expected a text in quotes")),
        };
        let mut text = String::new();
        loop {
            match self.next() {
                Some(end) if end == quote => return Ok(text),
                Some('\\') => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return Err(self.error("the text ends after a backslash")),
                },
                Some(character) => text.push(character),
                None => return Err(self.error(format!("expected a closing {quote}"))),
            }
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, SyntaxError> {
        let start = self.at;
        self.eat("-");
        self.take_while(|character| character.is_ascii_digit());
        let digits = self.since(start);
        digits.parse().map_err(|_| self.error("expected a whole number of at most 64 bits"))
    }
}

/// Reads a path as far as it goes.
pub(super) fn read_path(reader: &mut Reader<'_>) -> Result<Path, SyntaxError> {
    let start = reader.place();
    reader.expect("$").map_err(|error| SyntaxError { message: "a path begins with `$`".into(), ..error })?;
    let root = read_root(reader);
    let (steps, function) = read_steps(reader, 0)?;
    Ok(Path { text: reader.since(start).to_owned(), root, steps, function })
}

fn read_root(reader: &mut Reader<'_>) -> Root {
    if reader.eat("$") {
        return Root::Context;
    }
    match reader.peek() {
        Some(first) if is_name(first) && !first.is_ascii_digit() => {
            Root::Variable(reader.take_while(is_name).to_owned())
        }
        _ => Root::Input,
    }
}

/// Unicode identifiers, as "Passing data between states with variables" has them.
fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Reads steps as far as they go. `depth` is that of the filter they stand in.
pub(super) fn read_steps(
    reader: &mut Reader<'_>,
    depth: usize,
) -> Result<(Vec<Step>, Option<Function>), SyntaxError> {
    let mut steps = Vec::new();
    loop {
        if steps.len() > PATH_DEPTH_MAX {
            return Err(reader.error(format!("a path has at most {PATH_DEPTH_MAX} steps")));
        }
        if reader.eat("..") {
            steps.push(Step::Scan);
            if reader.peek() == Some('[') {
                steps.push(read_bracket(reader, depth)?);
                continue;
            }
        } else if reader.eat(".") {
            // `$.a.['b c']` is in AWS's own examples.
            if reader.peek() == Some('[') {
                steps.push(read_bracket(reader, depth)?);
                continue;
            }
        } else if reader.peek() == Some('[') {
            steps.push(read_bracket(reader, depth)?);
            continue;
        } else {
            return Ok((steps, None));
        }
        match read_dotted(reader)? {
            Dotted::Step(step) => steps.push(step),
            Dotted::Function(function) => return Ok((steps, Some(function))),
        }
    }
}

enum Dotted {
    Step(Step),
    Function(Function),
}

fn read_dotted(reader: &mut Reader<'_>) -> Result<Dotted, SyntaxError> {
    if reader.eat("*") {
        return Ok(Dotted::Step(Step::Wildcard));
    }
    let name = reader.take_while(|character| !is_end_of_name(character));
    if name.is_empty() {
        return Err(reader.error("expected a name, `*` or `[` after the dot"));
    }
    if reader.eat("(") {
        reader.skip_spaces();
        if !reader.eat(")") {
            return Err(reader.error("functions in paths take no arguments here"));
        }
        return read_function(reader, name).map(Dotted::Function);
    }
    Ok(Dotted::Step(Step::Properties(vec![name.to_owned()])))
}

/// What ends a name after a dot. Other characters than these need brackets.
fn is_end_of_name(character: char) -> bool {
    character.is_whitespace() || "[].()'\"*@,:?=<>!&|{}".contains(character)
}

fn read_function(reader: &Reader<'_>, name: &str) -> Result<Function, SyntaxError> {
    Ok(match name {
        "length" | "size" => Function::Length,
        "min" => Function::Min,
        "max" => Function::Max,
        "avg" => Function::Average,
        "stddev" => Function::StandardDeviation,
        "sum" => Function::Sum,
        "keys" => Function::Keys,
        "first" => Function::First,
        "last" => Function::Last,
        other => {
            return Err(reader.error(format!(
                "there is no function `{other}()`: use length, min, max, avg, stddev, sum, keys, first or last"
            )));
        }
    })
}

fn read_bracket(reader: &mut Reader<'_>, depth: usize) -> Result<Step, SyntaxError> {
    reader.expect("[")?;
    reader.skip_spaces();
    let step = match reader.peek() {
        Some('*') => {
            reader.next();
            Step::Wildcard
        }
        Some('\'' | '"') => Step::Properties(read_list(reader, |reader| reader.quoted())?),
        Some('?') => Step::Filter(read_list(reader, |reader| read_filter(reader, depth))?),
        Some(':' | '-' | '0'..='9') => read_numbers(reader)?,
        _ => return Err(reader.error("expected `*`, a quoted name, a number, a slice or `?(…)`")),
    };
    reader.skip_spaces();
    reader.expect("]")?;
    Ok(step)
}

fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T, SyntaxError>,
) -> Result<Vec<T>, SyntaxError> {
    let mut items = vec![item(reader)?];
    loop {
        reader.skip_spaces();
        if !reader.eat(",") {
            return Ok(items);
        }
        reader.skip_spaces();
        items.push(item(reader)?);
    }
}

fn read_filter(reader: &mut Reader<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    reader.expect("?")?;
    reader.skip_spaces();
    reader.expect("(")?;
    let filter = filter::read(reader, depth + 1)?;
    reader.skip_spaces();
    reader.expect(")")?;
    Ok(filter)
}

fn read_numbers(reader: &mut Reader<'_>) -> Result<Step, SyntaxError> {
    let first = if reader.peek() == Some(':') { None } else { Some(reader.integer()?) };
    reader.skip_spaces();
    if reader.eat(":") {
        reader.skip_spaces();
        let end = match reader.peek() {
            Some('-' | '0'..='9') => Some(reader.integer()?),
            _ => None,
        };
        if first.is_none() && end.is_none() {
            return Err(reader.error("expected a number before or after `:`"));
        }
        return Ok(Step::Slice(first, end));
    }
    let mut indices = vec![first.ok_or_else(|| reader.error("expected a number"))?];
    while reader.eat(",") {
        reader.skip_spaces();
        indices.push(reader.integer()?);
        reader.skip_spaces();
    }
    Ok(Step::Indices(indices))
}
