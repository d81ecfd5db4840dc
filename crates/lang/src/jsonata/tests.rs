use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::Seeded;

fn evaluate(text: &str, input: Value) -> Result<Option<Value>, EvaluationError> {
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut bindings = Map::new();
    bindings.insert("states".into(), json!({"input": input}));
    bindings.insert("mine".into(), json!(7));
    expression.evaluate(&bindings, &mut Seeded::new(1, 1_700_000_000_000))
}

#[test]
fn expressions_give_values() {
    let input =
        json!({"items": [{"price": 2, "name": "a"}, {"price": 3.5, "name": "b"}], "text": "{\"a\":[1]}"});
    for (text, value) in [
        ("$states.input.items.price", Some(json!([2, 3.5]))),
        ("$states.input.items[price > 3].name", Some(json!("b"))),
        ("$sum($states.input.items.price) + $mine", Some(json!(12.5))),
        ("$states.input.absent", None),
        ("$nobody", None),
        ("$map($states.input.items, function($item) { $item.name & '!' })", Some(json!(["a!", "b!"]))),
        ("$states.input.items^(>price).name", Some(json!(["b", "a"]))),
        ("$states.input.items{name: price}", Some(json!({"a": 2, "b": 3.5}))),
        ("{'total': $sum($states.input.items.price), 'none': $nobody}", Some(json!({"total": 5.5}))),
        (
            "$states.input ~> |items|{'seen': true}|",
            Some(json!({
                "items": [{"price": 2, "name": "a", "seen": true}, {"price": 3.5, "name": "b", "seen": true}],
                "text": "{\"a\":[1]}"
            })),
        ),
        ("$partition([1, 2, 3], 2)", Some(json!([[1, 2], [3]]))),
        ("$partition([0], 3)", Some(json!([[0]]))),
        ("$partition($nobody, 3)", None),
        ("$range(0, 10, 5)", Some(json!([0, 5, 10]))),
        ("$range(1, 1, 1)", Some(json!([1]))),
        ("$hash('input data', 'SHA-1')", Some(json!("aaff4a450a104cd177d28d18d74485e8cae074b7"))),
        ("$parse($states.input.text).a", Some(json!([1]))),
        ("$parse('[]')", Some(json!([]))),
        ("$length($uuid())", Some(json!(36))),
        ("$uuid() = $uuid()", Some(json!(false))),
        ("$random(3) = $random(3) and $random() != $random()", Some(json!(true))),
        ("$random() >= 0 and $random() < 1", Some(json!(true))),
        ("$now()", Some(json!("2023-11-14T22:13:20.000Z"))),
        ("$now('[Y]')", Some(json!("2023"))),
        ("$millis()", Some(json!(1_700_000_000_000_i64))),
        ("1e20", Some(json!(1e20))),
        ("function($x) { $x }", None),
    ] {
        assert_eq!(evaluate(text, input.clone()), Ok(value), "{text}");
    }
}

#[test]
fn a_place_is_looked_up_as_jsonata_would_evaluate_it() {
    let states = json!({"states": {
        "input": {
            "o": {"x": {"y": 1}}, "n": null, "t": "x", "f": false, "e": [], "one": [1], "many": [1, [2]],
            "objects": [{"y": 1}, {"y": [2, 3]}, {"z": 4}], "nested": {"one": [[5]], "empty": {}}
        }
    }});
    let bindings = states.as_object().unwrap();
    for path in [
        "$states",
        "$states.input",
        "$states.input.o.x.y",
        "$states.input.n",
        "$states.input.n.x",
        "$states.input.t",
        "$states.input.t.x",
        "$states.input.f",
        "$states.input.e",
        "$states.input.e.x",
        "$states.input.one",
        "$states.input.one.x",
        "$states.input.many",
        "$states.input.objects.y",
        "$states.input.objects.z",
        "$states.input.objects",
        "$states.input.nested.one",
        "$states.input.nested.empty",
        "$states.input.absent.x",
        "$states.input.`o`.x",
        "$nobody",
        "$nobody.x",
        "$states.input.nested",
    ] {
        let value = |dialect| {
            let expression = Expression::parse_as(path, dialect).unwrap();
            assert_eq!(expression.direct.is_some(), dialect == Dialect::States, "{path}");
            expression.evaluate(bindings, &mut Seeded::new(0, 0))
        };
        assert_eq!(value(Dialect::States), value(Dialect::Reference), "{path}");
    }
    let expression = Expression::parse("$states.input[0].x").unwrap();
    assert!(expression.direct.is_none());
    let big = json!({"big": 12_345_678_901_234_567_890_u64});
    assert_eq!(evaluate("$states.input.big", big.clone()), Ok(Some(big["big"].clone())));
}

#[test]
fn what_aws_forbids_is_refused_before_it_runs() {
    for text in [
        "$eval('1')",
        "name",
        "$",
        "$$",
        "$$.a",
        "$states.input[$$.a = 1]",
        "$.name",
        "*",
        "**.a",
        "$sum(prices)",
        "{'a': name}",
        "$map($states.input, function($x) { name })",
        "$states.input.a = name",
        "($x := 1; name)",
    ] {
        let error = Expression::parse(text).unwrap_err();
        assert!(
            error.message.contains("at the top level") || error.message.contains("$eval"),
            "{text}: {error}"
        );
        assert!(Expression::parse_as(text, Dialect::Reference).is_ok(), "{text}");
    }
    for text in
        ["$states.input.a[b = $].c", "$states.input.(a + $.b)", "$states.input.*", "$states.input.**.a"]
    {
        assert!(Expression::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn errors_carry_the_codes_of_jsonata() {
    for (text, code) in [
        ("1 + 'a'", "T2002"),
        ("$range(0, 5000, 1)", "D2014"),
        ("$hash('a', 'CRC')", "T0410"),
        ("$parse('{')", "D3120"),
        ("$error('no')", "D3137"),
    ] {
        let error = evaluate(text, json!({})).unwrap_err();
        assert_eq!(error.code.as_deref(), Some(code), "{error}");
    }
    let error = Expression::parse("$states.input[").unwrap_err();
    assert_eq!(error.code.as_deref(), Some("S0207"), "{error}");
}

#[test]
fn what_would_not_end_is_ended() {
    let limits = Limits { time: Duration::from_millis(200), depth: 1_000, sequence: 1_000 };
    for text in [
        "($f := function() { $f() }; $f())",
        "($f := function($n) { 1 + $f($n + 1) }; $f(0))",
        "$map([1..1000000], function($x) { $x })",
        "$join($map([1..100000], $string))",
    ] {
        let expression = Expression::parse(text).unwrap();
        let begun = std::time::Instant::now();
        let ended = expression.evaluate_within(None, &Map::new(), &mut Seeded::new(0, 0), &limits);
        assert!(ended.is_err(), "{text}: {ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
    }
}

#[test]
fn texts_do_not_grow_without_bound() {
    for text in [
        "$pad('x', 1e12)",
        "$pad('x', -1e12)",
        "'x' ~> $pad(1e12, '#')",
        "$reduce([1..40], function($a, $b) { $a & $a }, 'xxxxxxxx')",
        "$join([1..100000].($pad('x', 1000)))",
        "$join([1..100000].($pad('x', 1000)), ',')",
    ] {
        let error = evaluate(text, json!({})).unwrap_err();
        assert!(error.message.contains("may have at most"), "{text}: {error}");
    }
    for (text, value) in [
        ("'a' & 1 & $nobody", json!("a1")),
        ("$pad('x', 3) & '|' & $pad('x', -3, '#')", json!("x  |##x")),
        ("$states.input.a.$pad(2)", json!("b ")),
        ("$states.input.a ~> $pad(3, '-')", json!("b--")),
        ("($p := $pad(?, 2); $p('z'))", json!("z ")),
        ("$map(['a', 'b'], $uppercase) ~> $join('+')", json!("A+B")),
        ("$join(['a', 'b'])", json!("ab")),
    ] {
        assert_eq!(evaluate(text, json!({"a": "b"})), Ok(Some(value)), "{text}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for text in [
        "(".repeat(100_000),
        "[".repeat(100_000),
        format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("1{}", "+1".repeat(20_000)),
        format!("$a{}", ".b".repeat(20_000)),
        format!("{}$a", "-".repeat(50_000)),
        format!("{}$a", "$x ? 1 : ".repeat(5_000)),
    ] {
        // Read or refused: either will do, as long as it comes back.
        if let Ok(expression) = Expression::parse(&text) {
            let _ = expression.evaluate(&Map::new(), &mut Seeded::new(0, 0));
        }
    }
}

#[test]
fn an_expression_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Expression::parse("$states.input").unwrap());
}

#[test]
fn an_expression_names_what_it_needs() {
    let expression = Expression::parse("$sum($mine.a) + $states.input.b").unwrap();
    assert_eq!(expression.names().collect::<Vec<_>>(), ["mine", "states", "sum"]);
}

/// Texts that are often nearly expressions.
fn expression_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$states",
        ".input",
        "a",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "'a':",
        "1",
        "..",
        "$",
        "%",
        "@$x",
        "#$i",
        "^(",
        ":=",
        ";",
        "function($x)",
        "~>",
        "|",
        "?",
        ":",
        "&",
        "+",
        "-",
        "*",
        "**",
        "/a/",
        "'",
        "`",
        "$map(",
        ",",
        "$string",
        "$pad('a', 3)",
        "=",
        " in ",
        " and ",
        "null",
        "??",
        "ü",
        "1e9",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_an_expression_panic(text in prop_oneof![3 => expression_like(), 1 => any::<String>()]) {
        let limits = Limits { time: Duration::from_millis(200), depth: 500, sequence: 10_000 };
        let bindings = json!({"states": {"input": {"a": [1, {"a": "x"}]}}, "x": [1, 2]});
        if let Ok(expression) = Expression::parse_as(&text, Dialect::Reference) {
            let _ = expression.evaluate_within(
                Some(&bindings), bindings.as_object().unwrap(), &mut Seeded::new(0, 0), &limits);
        }
    }
}
