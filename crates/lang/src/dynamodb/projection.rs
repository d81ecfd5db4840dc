//! Projection expressions: the parts of an item that are asked for.

use std::collections::BTreeMap;

use super::parser::Parser;
use super::problems::Problem;
use super::{Attributes, ExpressionError, Item, Path, Step, Value};

/// The parts of an item to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    paths: Vec<Path>,
}

impl Projection {
    /// Parses a `ProjectionExpression`.
    pub fn parse(source: &str, attributes: &mut Attributes) -> Result<Self, ExpressionError> {
        let mut parser = Parser::new("ProjectionExpression", source, &[], attributes)?;
        let mut paths = vec![parser.path()?];
        while parser.take(",") {
            paths.push(parser.path()?);
        }
        parser.expect_end()?;
        check_overlap(&paths, &mut parser);
        parser.check_problems()?;
        Ok(Self { paths })
    }

    /// Keeps whole attributes.
    pub fn of_attributes(names: impl IntoIterator<Item = String>) -> Self {
        Self { paths: names.into_iter().map(Path::of).collect() }
    }

    /// Keeps what stands at paths that do not overlap.
    #[must_use]
    pub fn of_paths(paths: Vec<Path>) -> Self {
        Self { paths }
    }

    /// The paths kept.
    #[must_use]
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// The kept parts of an item. Elements of lists move together, in their order.
    #[must_use]
    pub fn apply(&self, item: &Item) -> Item {
        let mut wanted: BTreeMap<&str, Pick<'_>> = BTreeMap::new();
        for path in &self.paths {
            wanted.entry(&path.head).or_default().add(&path.tail);
        }
        let keep = |(name, pick): (&str, Pick<'_>)| Some((name.to_owned(), pick.of(item.get(name)?)?));
        wanted.into_iter().filter_map(keep).collect()
    }
}

/// Which steps below a value are wanted; none of them means the whole value.
#[derive(Default)]
struct Pick<'a>(BTreeMap<&'a Step, Pick<'a>>);

impl<'a> Pick<'a> {
    fn add(&mut self, steps: &'a [Step]) {
        if let Some((first, rest)) = steps.split_first() {
            self.0.entry(first).or_default().add(rest);
        }
    }

    fn of(&self, value: &Value) -> Option<Value> {
        if self.0.is_empty() {
            return Some(value.clone());
        }
        match value {
            Value::M(members) => {
                let keep = |(step, pick): (&&Step, &Pick<'_>)| match step {
                    Step::Name(name) => Some((name.clone(), pick.of(members.get(name)?)?)),
                    Step::Index(_) => None,
                };
                let kept: Item = self.0.iter().filter_map(keep).collect();
                (!kept.is_empty()).then_some(Value::M(kept))
            }
            Value::L(members) => {
                let keep = |(step, pick): (&&Step, &Pick<'_>)| match step {
                    Step::Index(index) => pick.of(members.get(*index)?),
                    Step::Name(_) => None,
                };
                let kept: Vec<_> = self.0.iter().filter_map(keep).collect();
                (!kept.is_empty()).then_some(Value::L(kept))
            }
            _ => None,
        }
    }
}

/// Notes the first pair of paths that overlap or conflict.
pub(super) fn check_overlap(paths: &[Path], parser: &mut Parser<'_, '_>) {
    for (at, second) in paths.iter().enumerate() {
        for first in &paths[..at] {
            if first.overlaps(second) {
                parser.problems.note(Problem::PathOverlap, || clash("overlap", first, second));
            } else if first.conflicts(second) {
                parser.problems.note(Problem::PathConflict, || clash("conflict", first, second));
            }
        }
    }
}

fn clash(how: &str, first: &Path, second: &Path) -> String {
    format!(
        "Two document paths {how} with each other; must remove or rewrite one of these paths; path one: {first}, path two: {second}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        let s = |text: &str| Value::S(text.into());
        let inner = Item::from([("x".to_owned(), s("1")), ("y".to_owned(), s("2"))]);
        Item::from([
            ("a".into(), s("a")),
            ("m".into(), Value::M(inner)),
            ("l".into(), Value::L(vec![s("0"), s("1"), s("2")])),
        ])
    }

    #[test]
    fn parts_are_kept_in_their_place() {
        for (source, kept) in [
            ("a", "{a={S:a}}"),
            ("a, absent, m.absent, l[9]", "{a={S:a}}"),
            ("m.y", "{m={M:{y={S:2}}}}"),
            ("l[2], l[0]", "{l={L:[{S:0}, {S:2}]}}"),
        ] {
            let projection = Projection::parse(source, &mut Attributes::default()).unwrap();
            let shown = Value::M(projection.apply(&item())).to_string();
            assert_eq!(shown, format!("{{M:{kept}}}"), "{source}");
        }
    }

    #[test]
    fn paths_must_be_apart() {
        let error = |source: &str| {
            let message = Projection::parse(source, &mut Attributes::default()).unwrap_err().0;
            message.strip_prefix("Invalid ProjectionExpression: ").unwrap().to_owned()
        };
        let rewrite = "must remove or rewrite one of these paths; path one: ";
        assert_eq!(
            error("a.b[0], a.b"),
            format!("Two document paths overlap with each other; {rewrite}[a, b, [0]], path two: [a, b]")
        );
        assert_eq!(
            error("a.b, a[0]"),
            format!("Two document paths conflict with each other; {rewrite}[a, b], path two: [a, [0]]")
        );
        assert_eq!(error("a,"), r#"Syntax error; token: "<EOF>", near: ",""#);
        assert_eq!(error("a b"), r#"Syntax error; token: "b", near: "a b""#);
    }
}
