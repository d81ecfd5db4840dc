use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::Seeded;

fn input() -> Value {
    json!({
        "name": "Ada", "nothing": null, "list": [1, 2, 3], "def ghi": {"x": true},
        "orders": [
            {"id": 1, "total": 5, "tags": ["a"], "who": {"city": "Bern"}},
            {"id": 2, "total": 50, "who": {"city": "Rome"}},
            {"id": "3", "total": 50.5, "paid": false},
            7
        ]
    })
}

fn select(path: &str) -> Result<Value, PathError> {
    let context = json!({"Execution": {"Id": "e"}, "Map": {"Item": {"Index": 4}}});
    let variables = json!({"user": {"roles": ["admin", "dev"]}, "größe": 1});
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{error}"));
    path.select(&input(), &context, variables.as_object().unwrap())
}

#[test]
fn a_path_selects_what_jayway_would() {
    for (path, selected) in [
        ("$.name", json!("Ada")),
        ("$['name']", json!("Ada")),
        ("$.nothing", json!(null)),
        ("$.['def ghi'].x", json!(true)),
        ("$[\"def ghi\"]['x']", json!(true)),
        ("$.list[0]", json!(1)),
        ("$.list[-1]", json!(3)),
        ("$.list[0,2]", json!([1, 3])),
        ("$.list[1:]", json!([2, 3])),
        ("$.list[:-1]", json!([1, 2])),
        ("$.list[1:9]", json!([2, 3])),
        ("$.list[2:1]", json!([])),
        ("$.list[*]", json!([1, 2, 3])),
        ("$.list.*", json!([1, 2, 3])),
        ("$.list.length()", json!(3)),
        ("$.list.max()", json!(3.0)),
        ("$.list.sum()", json!(6.0)),
        ("$.orders[*].id", json!([1, 2, "3"])),
        ("$.orders[*].who.city", json!(["Bern", "Rome"])),
        ("$..city", json!(["Bern", "Rome"])),
        ("$..who['city']", json!(["Bern", "Rome"])),
        ("$..absent", json!([])),
        ("$..[?(@.city)].city", json!(["Bern", "Rome"])),
        ("$..[?(@.total > 20)].id", json!([2, "3"])),
        ("$.list..*", json!([1, 2, 3])),
        ("$..list[1]", json!([2])),
        ("$..[2]", json!([3, {"id": "3", "total": 50.5, "paid": false}])),
        ("$.orders[0]['id','total']", json!({"id": 1, "total": 5})),
        ("$.orders[?(@.total > 10)].id", json!([2, "3"])),
        ("$.orders[?(@.total >= 5 && @.who.city == 'Bern')].id", json!([1])),
        ("$.orders[?(@.total < 10 || @.paid == false)].id", json!([1, "3"])),
        ("$.orders[?(!@.who)].id", json!(["3"])),
        ("$.orders[?(!(@.who || @.absent))].id", json!(["3"])),
        ("$.orders[?(@.tags)].id", json!([1])),
        ("$.orders[?(@.id == 3)].total", json!([50.5])),
        ("$.orders[?(3 == @.id)].total", json!([50.5])),
        ("$.orders[?(@.id == 9)]", json!([])),
        ("$.orders[?(@.id == 1)][0]", json!([])),
        ("$.orders[?(@['who']['city'] != \"Bern\")].id", json!([2, "3"])),
        ("$$.Execution.Id", json!("e")),
        ("$$.Map.Item.Index", json!(4)),
        ("$user.roles[1]", json!("dev")),
        ("$größe", json!(1)),
    ] {
        assert_eq!(select(path), Ok(selected), "{path}");
    }
    assert_eq!(select("$"), Ok(input()));
}

#[test]
fn a_definite_path_to_nowhere_fails_as_recorded() {
    for (path, reason) in [
        ("$.absent", "No results for path: $['absent']"),
        ("$.absent.more", "Missing property in path $['absent']"),
        ("$.list[9]", "No results for path: $['list'][9]"),
        ("$.nothing[0]", "The path $['nothing'] is null"),
        ("$.name[0]", "Filter: [0] can only be applied to arrays. Current context is: \"Ada\""),
        (
            "$.name.first",
            "Expected to find an object with property ['first'] in path $['name'] but found 'java.lang.String'. \
             This is not a json object according to the JsonProvider: \
             'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.",
        ),
        ("$nobody.x", "No results for path: $nobody.x"),
    ] {
        let error = select(path).unwrap_err();
        assert_eq!(error.to_string(), format!("Invalid path '{path}' : {reason}"));
        assert_eq!(error.error_name(), "States.Runtime");
    }
}

#[test]
fn the_error_of_a_field_names_it_and_shows_the_input() {
    let path = Path::parse("$.ErrorX").unwrap();
    let error = path.select_for("ErrorPath", &json!({"a": 1}), &json!({}), &Map::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The JSONPath '$.ErrorX' specified for the field 'ErrorPath' could not be found in the input '{\"a\":1}'"
    );
}

#[test]
fn what_is_no_path_is_refused_with_its_place() {
    for (text, at) in [
        ("", 1),
        ("name", 1),
        ("$.", 3),
        ("$.a b", 4),
        ("$.a[", 5),
        ("$.a['b'", 8),
        ("$.a[b]", 5),
        ("$.a[1:2:3]", 8),
        ("$.a[:]", 6),
        ("$.a.upper()", 12),
        ("$.a[?(@.b =~ /x/)]", 11),
        ("$.a[?(@.b in [1])]", 11),
        ("$.a[?(@.b == $.c)]", 14),
        ("$.a[?(@.b ==)]", 13),
        ("$.a[99999999999999999999]", 25),
        ("$.a..", 6),
    ] {
        let error = Path::parse(text).unwrap_err();
        assert_eq!(error.at, at, "{error}");
    }
    let deep = format!("$.a[?({}@.b{})]", "(".repeat(1_000), ")".repeat(1_000));
    assert!(Path::parse(&deep).is_err());
    assert!(Path::parse(&format!("$.a[?({}@.b)]", "!".repeat(1_000))).is_err());
    assert!(Path::parse(&format!("${}", ".a".repeat(1_000))).is_err());
}

#[test]
fn a_reference_path_names_one_node() {
    for (path, is_reference) in [
        ("$", true),
        ("$.a.b", true),
        ("$['a b'][3]", true),
        ("$$.Execution", true),
        ("$.a[*]", false),
        ("$.a[0,1]", false),
        ("$.a[0:1]", false),
        ("$..a", false),
        ("$.a[?(@.b)]", false),
        ("$.a.length()", false),
        ("$['a','b']", false),
    ] {
        assert_eq!(Path::parse(path).unwrap().is_reference(), is_reference, "{path}");
    }
}

#[test]
fn a_value_is_put_where_the_path_points_to() {
    let put = |root: Value, path: &str| Path::parse(path).unwrap().put(root, json!("new"));
    for (root, path, result) in [
        (json!({"a": 1}), "$", json!("new")),
        (json!({"a": 1}), "$.b", json!({"a": 1, "b": "new"})),
        (json!({"a": 1}), "$.b.c", json!({"a": 1, "b": {"c": "new"}})),
        (json!({"a": {"b": 2}}), "$.a.c", json!({"a": {"b": 2, "c": "new"}})),
        (json!({"a": [1, 2]}), "$.a[1]", json!({"a": [1, "new"]})),
        (json!([{"a": 1}]), "$[0].a", json!([{"a": "new"}])),
    ] {
        assert_eq!(put(root, path), Ok(result), "{path}");
    }
    for (root, path) in [
        (json!("text"), "$.b"),
        (json!(null), "$.b"),
        (json!({"a": 1}), "$.a.b"),
        (json!({"a": [1]}), "$.a[1]"),
        (json!({}), "$.b[0]"),
        (json!({}), "$..b"),
        (json!({}), "$$.b"),
    ] {
        let error = put(root.clone(), path).unwrap_err();
        assert_eq!(error.to_string(), format!("Unable to apply ReferencePath {path} to input {root}"));
        assert_eq!(error.error_name(), "States.ResultPathMatchFailure");
    }
}

fn render(template: Value, input: Value) -> Result<Value, PathError> {
    let template = Template::parse(&template).unwrap_or_else(|error| panic!("{error}: {:?}", error.source));
    let variables = json!({"constant": "v"});
    let context = json!({"Execution": {"Name": "run"}});
    template.render(&input, &context, variables.as_object().unwrap(), &mut Seeded::new(1, 0))
}

#[test]
fn a_template_keeps_what_is_constant_and_fills_what_is_not() {
    let template = json!({
        "a": 1, "b.$": "$.x", "c": {"d.$": "$$.Execution.Name", "e": "$.x"},
        "f": [{"g.$": "$constant"}, "$.x"], "h.$": "States.Array($.x, 'y')"
    });
    let rendered = json!({
        "a": 1, "b": 9, "c": {"d": "run", "e": "$.x"}, "f": [{"g": "v"}, "$.x"], "h": [9, "y"]
    });
    assert_eq!(render(template, json!({"x": 9})), Ok(rendered));
}

#[test]
fn a_template_says_which_field_cannot_be_read() {
    for (template, field, at) in [
        (json!({"a.$": 1}), "a.$", ""),
        (json!({"a.$": "x"}), "a.$", ""),
        (json!({"a.$": "$.["}), "a.$", ""),
        (json!({"a": [{"b.$": "States.Nothing()"}]}), "b.$", "/a/0"),
        (json!({"a.$": "States.UUID(1)"}), "a.$", ""),
        (json!({"a.$": "States.Array($.a"}), "a.$", ""),
    ] {
        let error = Template::parse(&template).unwrap_err();
        assert_eq!((error.field.as_str(), error.at.as_str()), (field, at), "{template}");
        assert_eq!(
            error.to_string(),
            format!(
                "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
            )
        );
    }
}

#[test]
fn calls_nest_ten_deep_and_no_deeper() {
    let nested = |depth: usize| format!("{}1{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Call::parse(&nested(CALL_DEPTH_MAX)).is_ok());
    assert!(Call::parse(&nested(CALL_DEPTH_MAX + 1)).is_err());
}

fn call(text: &str, input: Value) -> Result<Value, String> {
    let call = Call::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let value = call.evaluate(&input, &json!({}), &Map::new(), &mut Seeded::new(1, 0));
    value.map_err(|error| {
        assert_eq!(error.error_name(), "States.IntrinsicFailure");
        error.to_string()
    })
}

#[test]
fn intrinsic_functions_give_what_the_guide_shows() {
    let sha1 = "aaff4a450a104cd177d28d18d74485e8cae074b7";
    for (text, input, value) in [
        ("States.Array('a', 1, null, true, $.x)", json!({"x": {}}), json!(["a", 1, null, true, {}])),
        ("States.ArrayPartition($.a, 4)", json!({"a": [1, 2, 3, 4, 5]}), json!([[1, 2, 3, 4], [5]])),
        ("States.ArrayContains($.a, 5)", json!({"a": [1, 5.0]}), json!(true)),
        ("States.ArrayContains($.a, '5')", json!({"a": [1, 5]}), json!(false)),
        ("States.ArrayRange(1, 9, 2)", json!({}), json!([1, 3, 5, 7, 9])),
        ("States.ArrayRange(3, 1, -1)", json!({}), json!([3, 2, 1])),
        ("States.ArrayGetItem($.a, 5)", json!({"a": [1, 2, 3, 4, 5, 6]}), json!(6)),
        ("States.ArrayLength($.a)", json!({"a": [1, 2]}), json!(2)),
        ("States.ArrayUnique($.a)", json!({"a": [1, 3, 3, {"b": 1}, {"b": 1}, 1]}), json!([1, 3, {"b": 1}])),
        ("States.Base64Encode('Data to encode')", json!({}), json!("RGF0YSB0byBlbmNvZGU=")),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", json!({}), json!("Data to encode")),
        ("States.Hash('input data', 'SHA-1')", json!({}), json!(sha1)),
        ("States.Hash('', 'MD5')", json!({}), json!("d41d8cd98f00b204e9800998ecf8427e")),
        (
            "States.JsonMerge($.a, $.b, false)",
            json!({"a": {"x": {"y": 1}, "z": 1}, "b": {"x": {}}}),
            json!({"x": {}, "z": 1}),
        ),
        ("States.JsonToString($.a)", json!({"a": {"b": [1, "c"]}}), json!(r#"{"b":[1,"c"]}"#)),
        ("States.StringToJson($.a)", json!({"a": "{\"b\": 1}"}), json!({"b": 1})),
        ("States.StringToJson($.a)", json!({"a": " "}), json!(null)),
        ("States.StringToJson($.a)", json!({"a": "-0"}), json!(0)),
        ("States.MathAdd($.a, -1)", json!({"a": 111}), json!(110)),
        ("States.MathAdd(1.5, 1)", json!({}), json!(3)),
        (
            "States.StringSplit('This.is+a,test=string', '.+,=')",
            json!({}),
            json!(["This", "is", "a", "test", "string"]),
        ),
        ("States.StringSplit('Hello\nWorld', '\n')", json!({}), json!(["Hello", "World"])),
        ("States.Format('Hello, {}.', $.a)", json!({"a": "Ada"}), json!("Hello, Ada.")),
        ("States.Format($.t, $.a)", json!({"t": "{}!", "a": 1.1}), json!("1.1!")),
        ("States.Format('{}', $.a)", json!({"a": {"A": 1, "B": [], "C": "x"}}), json!("{A=1, B=[], C=x}")),
        (r"States.Format('\{\}\'\\ {}', $.a)", json!({"a": null}), json!(r"{}'\ null")),
    ] {
        assert_eq!(call(text, input), Ok(value), "{text}");
    }
}

#[test]
fn intrinsic_functions_refuse_what_is_beyond_their_limits() {
    let long = "x".repeat(10_001);
    for (text, input, reason) in [
        ("States.ArrayGetItem($.a, 5)", json!({"a": []}), "Index 5 is out of bounds for an array of 0 items"),
        (
            "States.ArrayGetItem($.a, -1)",
            json!({"a": [1]}),
            "Index -1 is out of bounds for an array of 1 items",
        ),
        ("States.ArrayLength($.a)", json!({"a": 1}), "Argument 1 must be an array, but was: 1"),
        (
            "States.ArrayPartition($.a, 0)",
            json!({"a": []}),
            "Argument 2 must be a positive integer, but was: 0",
        ),
        ("States.ArrayRange(0, 1000, 1)", json!({}), "Arrays cannot contain more than 1000 items"),
        ("States.ArrayRange(0, 1, 0)", json!({}), "Argument 3 must be other than zero, but was: 0"),
        ("States.Base64Encode($.a)", json!({"a": long}), "The string has more than 10000 characters"),
        ("States.MathAdd(2147483647, 1)", json!({}), "The sum 2147483648 is out of range"),
        (
            "States.MathAdd(2147483648, 0)",
            json!({}),
            "Argument 1 must be an integer of 32 bits, but was: 2147483648",
        ),
        ("States.MathRandom(5, 5)", json!({}), "The end number 5 must be greater than the start number 5"),
        (
            "States.JsonMerge($.a, $.a, true)",
            json!({"a": {}}),
            "Argument 3 must be false: deep merging is not supported, but was: true",
        ),
        (
            "States.Format('{} {}', 1)",
            json!({}),
            "The number of arguments does not match the occurrences of {} in '{} {}'",
        ),
        (
            "States.Format('{}', $.b)",
            json!({"a": 1}),
            "The JsonPath argument for the field '$.b' could not be found in the input '{\"a\":1}'",
        ),
    ] {
        let error = format!("The function '{text}' had the following error: {reason}");
        assert_eq!(call(text, input), Err(error));
    }
}

#[test]
fn random_numbers_stay_in_their_range_and_follow_their_seed() {
    for seed in 0..200 {
        let text = format!("States.MathRandom(-3, 4, {seed})");
        let drawn = call(&text, json!({})).unwrap().as_i64().unwrap();
        assert!((-3..4).contains(&drawn), "{drawn}");
        assert_eq!(call(&text, json!({})), Ok(drawn.into()));
    }
    let drawn = call("States.MathRandom(0, 9007199254740992)", json!({})).unwrap();
    assert!(drawn.as_i64().is_some());
    assert_eq!(call("States.UUID()", json!({})).unwrap().as_str().unwrap().len(), 36);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Texts that are often nearly paths.
fn path_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$",
        "$$",
        ".",
        "..",
        "*",
        "[",
        "]",
        "'a'",
        "a",
        "b",
        "0",
        "-1",
        ":",
        ",",
        "?(",
        "@",
        ")",
        "==",
        "<",
        "&&",
        "||",
        "!",
        "'",
        "\\",
        " ",
        "length()",
        "true",
        "1.5e",
        "ü",
        "(",
        "States.Format(",
        "{}",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_path_panic(text in prop_oneof![path_like(), path_like().prop_map(|t| format!("${t}")), any::<String>()], input in any_json()) {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(path.text(), &text);
            let selected = path.select(&input, &input, &Map::new());
            if path.is_reference() && let Ok(found) = &selected && path.variable().is_none() && !path.is_context() {
                // What is found can be put back, and changes nothing.
                prop_assert_eq!(path.put(input.clone(), found.clone()), Ok(input.clone()));
            }
            let _ = path.put(input.clone(), Value::Null);
        }
        let _ = Template::parse(&json!({"a.$": text}))
            .map(|template| template.render(&input, &input, &Map::new(), &mut Seeded::new(0, 0)));
    }

    #[test]
    fn no_arguments_make_a_function_panic(a in any_json(), b in any_json(), c in any_json()) {
        let input = json!({"a": a, "b": b, "c": c});
        for (_, name, least, most) in super::intrinsic::functions() {
            for count in *least..=(*most).min(3) {
                let arguments = ["$.a", "$.b", "$.c"][..count].join(", ");
                let call = Call::parse(&format!("{name}({arguments})")).unwrap();
                let _ = call.evaluate(&input, &Value::Null, &Map::new(), &mut Seeded::new(0, 0));
            }
        }
    }

    #[test]
    fn what_is_put_is_found_there(input in any_json(), value in any_json(), names in prop::collection::vec("[a-c]", 1..4)) {
        let path = Path::parse(&format!("$.{}", names.join("."))).unwrap();
        if let Ok(after) = path.put(input, value.clone()) {
            prop_assert_eq!(path.select(&after, &Value::Null, &Map::new()), Ok(value));
        }
    }
}
