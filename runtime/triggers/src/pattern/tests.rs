use proptest::prelude::*;
use serde_json::json;

use super::*;

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::new(pattern).expect("a pattern").matches(event)
}

/// Patterns on one field, values of it that match, and values that do not.
fn leaves(tests: &Value, matching: &Value, others: &Value) {
    let pattern = json!({"detail": {"field": tests}});
    for (values, expected) in [(matching, true), (others, false)] {
        for value in values.as_array().expect("values") {
            let event = json!({"detail": {"field": value}, "other": 1});
            assert_eq!(matches(&pattern, &event), expected, "{tests} with {value}");
        }
    }
}

/// EventBridge user guide, "Comparison operators for use in event patterns", example by example.
#[test]
fn operators() {
    for (tests, matching, others) in [
        // Equals, Or, Empty, Null.
        (
            json!(["Alice"]),
            json!(["Alice", ["Bob", "Alice"]]),
            json!(["alice", "Alice ", null, []]),
        ),
        (json!(["Credit", "Debit"]), json!(["Credit", "Debit"]), json!(["Cash", ["Cash"]])),
        (json!([""]), json!([""]), json!([" ", null, [], 0])),
        (json!([null]), json!([null, [null]]), json!(["", "null", 0, false, []])),
        (json!([true]), json!([true]), json!([false, "true", 1])),
        (json!([300]), json!([300, 300.0, 3.0e2]), json!([301, "300"])),
        (json!([3.0e2]), json!([300]), json!([30])),
        (
            json!([9007199254740993_u64]),
            json!([9007199254740993_u64]),
            json!([9007199254740992_u64]),
        ),
        (json!([{"exactly": "a"}]), json!(["a"]), json!(["A"])),
        // Prefix and suffix.
        (
            json!([{"prefix": "2017-10-02"}]),
            json!(["2017-10-02T18:43:48Z", "2017-10-02"]),
            json!(["2017-10-03", "", 2017, null]),
        ),
        (
            json!([{"prefix": {"equals-ignore-case": "EventB"}}]),
            json!(["eventbridge", "EVENTBRIDGE", "EventB"]),
            json!(["event", "xEventB", 1]),
        ),
        (json!([{"suffix": ".png"}]), json!(["a.png", ".png"]), json!(["a.PNG", "png", 1])),
        (
            json!([{"suffix": {"equals-ignore-case": ".png"}}]),
            json!(["a.PNG", "a.pnG"]),
            json!(["a.jpg", "png"]),
        ),
        // Anything-but.
        (
            json!([{"anything-but": "initializing"}]),
            json!(["running", "", null, 1, true, ["initializing", "running"]]),
            json!(["initializing", ["initializing"], []]),
        ),
        (json!([{"anything-but": 123}]), json!([124, "123"]), json!([123, 123.0])),
        (
            json!([{"anything-but": ["stopped", "overloaded"]}]),
            json!(["running"]),
            json!(["stopped", "overloaded"]),
        ),
        (json!([{"anything-but": [100, 200, 300]}]), json!([150]), json!([100, 200, 300])),
        (
            json!([{"anything-but": {"equals-ignore-case": "initializing"}}]),
            json!(["running"]),
            json!(["initializing", "INITIALIZING"]),
        ),
        (
            json!([{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}]),
            json!(["running"]),
            json!(["Initializing", "STOPPED"]),
        ),
        (
            json!([{"anything-but": {"prefix": "init"}}]),
            json!(["running", 1]),
            json!(["initializing"]),
        ),
        (
            json!([{"anything-but": {"prefix": ["init", "error"]}}]),
            json!(["running"]),
            json!(["initializing", "errors"]),
        ),
        (json!([{"anything-but": {"suffix": ".txt"}}]), json!(["a.png"]), json!(["a.txt"])),
        (
            json!([{"anything-but": {"suffix": [".txt", ".rtf"]}}]),
            json!(["a.png"]),
            json!(["a.txt", "a.rtf"]),
        ),
        (
            json!([{"anything-but": {"wildcard": "*/lib/*"}}]),
            json!(["/usr/bin/x"]),
            json!(["/usr/lib/x"]),
        ),
        (
            json!([{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]),
            json!(["/usr/etc/x"]),
            json!(["/usr/lib/x", "/usr/bin/x"]),
        ),
        // Numeric.
        (json!([{"numeric": ["=", 100]}]), json!([100, 100.0]), json!([99, "100", null])),
        (json!([{"numeric": ["<", 10]}]), json!([9.99, -1]), json!([10, 11])),
        (json!([{"numeric": ["<=", 10]}]), json!([10]), json!([10.1])),
        (json!([{"numeric": [">", 10, "<=", 20]}]), json!([10.1, 20]), json!([10, 20.1])),
        (json!([{"numeric": [">=", 0, "<", 5]}]), json!([0, 4, [9, 4]]), json!([5, -1, [9, -1]])),
        (json!([{"numeric": [">", 0]}]), json!([5.0e9]), json!([5.1e9])),
        // Exists.
        (json!([{"exists": true}]), json!([0, "", null, [1]]), json!([{}, {"a": 1}, []])),
        (json!([{"exists": false}]), json!([{"a": 1}, [], {}]), json!([0, "", null, [1]])),
        (json!(["a", {"exists": false}]), json!(["a", []]), json!(["b"])),
        // CIDR.
        (
            json!([{"cidr": "10.0.0.0/24"}]),
            json!(["10.0.0.0", "10.0.0.255"]),
            json!(["10.0.1.0", "10.0.0", "::1", "", 10]),
        ),
        (json!([{"cidr": "0.0.0.0/0"}]), json!(["1.2.3.4"]), json!(["::1"])),
        (json!([{"cidr": "10.0.0.7/32"}]), json!(["10.0.0.7"]), json!(["10.0.0.6"])),
        (
            json!([{"cidr": "2001:db8::/32"}]),
            json!(["2001:db8::1", "2001:DB8:ffff::"]),
            json!(["2001:db9::1", "10.0.0.1"]),
        ),
        // Equals, ignoring case.
        (
            json!([{"equals-ignore-case": "alice"}]),
            json!(["ALICE", "Alice"]),
            json!(["Alic", "Alices"]),
        ),
        // Wildcards.
        (
            json!([{"wildcard": "dir/*.png"}]),
            json!(["dir/.png", "dir/a/b.png"]),
            json!(["dir/a.pn", "adir/b.png", "dir.png"]),
        ),
        (json!([{"wildcard": "*"}]), json!(["", "a"]), json!([null, 1])),
        (json!([{"wildcard": "a*b*c"}]), json!(["abc", "aXbYc", "abbcc"]), json!(["acb", "ac"])),
        (json!([{"wildcard": "ab*ba"}]), json!(["abba"]), json!(["aba"])),
        (json!([{"wildcard": "hello"}]), json!(["hello"]), json!(["hello!"])),
        (json!([{"wildcard": r"a\*\\*"}]), json!([r"a*\", r"a*\b"]), json!([r"ab\", "a*"])),
    ] {
        leaves(&tests, &matching, &others);
    }
}

/// The guide's "Example with multiple fields" of `$or`.
#[test]
fn alternatives() {
    let pattern = json!({
        "source": ["aws.cloudwatch"],
        "$or": [
            {"metricName": [{"prefix": "CPU"}, "ReadLatency"]},
            {"metricType": ["MetricType"], "namespace": ["AWS/EC2", "AWS/ES"]},
            {"detail": {"scope": ["Service"], "$or": [{"a": [1]}, {"b": [{"exists": false}]}]}},
        ],
    });
    for (event, expected) in [
        (json!({"source": "aws.cloudwatch", "metricName": "CPUUtilization"}), true),
        (json!({"source": "aws.cloudwatch", "metricName": "Writes"}), false),
        (json!({"source": "aws.ec2", "metricName": "CPUUtilization"}), false),
        (json!({"source": "aws.cloudwatch", "metricType": "MetricType"}), false),
        (
            json!({"source": "aws.cloudwatch", "metricType": "MetricType", "namespace": "AWS/ES"}),
            true,
        ),
        (json!({"source": "aws.cloudwatch", "detail": {"scope": "Service", "b": 1}}), false),
        (json!({"source": "aws.cloudwatch", "detail": {"scope": "Service", "b": 1, "a": 1}}), true),
        (json!({"source": "aws.cloudwatch", "detail": {"scope": "Service"}}), true),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{event}");
    }
}

/// As event-ruler does: fields of one object match in one element of an array, and absence is of
/// the whole event.
#[test]
fn arrays_of_objects() {
    let event = json!({"people": [[{"name": "Ann", "age": 7}], {"name": "Bob", "age": 9}, "x"]});
    for (pattern, expected) in [
        (json!({"people": {"name": ["Ann"], "age": [7]}}), true),
        (json!({"people": {"name": ["Ann"], "age": [9]}}), false),
        (json!({"people": {"name": ["Ann"], "height": [{"exists": false}]}}), true),
        (json!({"people": {"height": [{"exists": false}]}, "a": {"b": [{"exists": false}]}}), true),
        (json!({"people": {"name": ["Ann"], "age": [{"exists": false}]}}), false),
        (json!({"people": ["x"]}), true),
        (json!({"people": {"$or": [{"name": ["Eve"]}, {"age": [9]}], "name": ["Bob"]}}), true),
        (json!({"people": {"$or": [{"name": ["Eve"]}, {"age": [9]}], "name": ["Ann"]}}), false),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{pattern}");
    }
    for event in [json!(null), json!([]), json!("people"), json!({"people": null})] {
        assert!(!matches(&json!({"people": {"name": ["Ann"]}}), &event), "{event}");
        assert!(matches(&json!({"people": {"name": [{"exists": false}]}}), &event), "{event}");
    }
}

#[test]
fn mistakes_are_named() {
    for (pattern, message) in [
        (json!([]), "the pattern must be an object"),
        (json!("text"), "the pattern must be an object"),
        (json!({}), "the pattern must not be an empty object"),
        (json!({"a": {"b": {}}}), "`a.b` must not be an empty object"),
        (json!({"a": {"b": "c"}}), "`a.b` must be an object or an array"),
        (json!({"a": []}), "`a` must not be an empty array"),
        (json!({"a": [["b"]]}), "`a` must not have an array in its array"),
        (json!({"a": [{}]}), "`a` must have one operator in each object of its array"),
        (
            json!({"a": [{"prefix": "a", "suffix": "b"}]}),
            "`a` must have one operator in each object of its array",
        ),
        (json!({"a": [{"regex": "b"}]}), "`a` has the unknown operator `regex`"),
        (json!({"a": [{"prefix": 1}]}), "`a` needs a string in its `prefix`"),
        (json!({"a": [{"exists": "yes"}]}), "`a` needs `true` or `false` in its `exists`"),
        (
            json!({"a": [{"cidr": "10.0.0.0/33"}]}),
            "`a` needs a block of addresses, as `10.0.0.0/24` in its `cidr`",
        ),
        (
            json!({"a": [{"wildcard": "a**"}]}),
            "`a` has a `wildcard` that must have no two `*` beside each other",
        ),
        (
            json!({"a": [{"wildcard": r"a\n"}]}),
            r"`a` has a `wildcard` that must have `*` or `\` after each `\`",
        ),
        (
            json!({"a": [{"anything-but": ["b", 1]}]}),
            "`a` needs strings only or numbers only in its array in its `anything-but`",
        ),
        (
            json!({"a": [{"anything-but": {"numeric": ["=", 1]}}]}),
            "`a` has an `anything-but` of the unknown `numeric`",
        ),
        (
            json!({"a": [{"anything-but": {"prefix": ""}}]}),
            "`a` needs a text that is not empty in its `prefix`",
        ),
        (
            json!({"a": [{"numeric": [">"]}]}),
            "`a` needs a number after each comparison in its `numeric`",
        ),
        (
            json!({"a": [{"numeric": [">", 1_700_000_000_000_u64]}]}),
            "`a` needs numbers from -5.0e9 to 5.0e9 in its `numeric`",
        ),
        (
            json!({"a": [{"numeric": [">", "1"]}]}),
            "`a` needs numbers from -5.0e9 to 5.0e9 in its `numeric`",
        ),
        (
            json!({"a": [{"numeric": ["!=", 1]}]}),
            "`a` needs `=`, `<`, `<=`, `>` or `>=` before a number in its `numeric`",
        ),
        (
            json!({"a": [{"numeric": ["<", 5, ">", 1]}]}),
            "`a` needs one comparison, or a lower bound and a higher upper bound in its `numeric`",
        ),
        (
            json!({"a": {"$or": [{"b": [1]}]}}),
            "`a` must have an array of two objects or more as its `$or`",
        ),
        (json!({"$or": [{"b": [1]}, 2]}), "the pattern must have nothing but objects in its `$or`"),
        (
            json!({"$or": [{"b": [1]}, {"prefix": ["x"]}]}),
            "`prefix` has a reserved name, which no field within `$or` may have",
        ),
    ] {
        let error = Pattern::new(&pattern).expect_err("a mistake");
        assert_eq!(error.to_string(), message, "{pattern}");
    }
}

#[test]
fn combinations_are_limited() {
    let choice = json!([{"a": [1]}, {"b": [1]}, {"c": [1]}, {"d": [1]}, {"e": [1]}, {"f": [1]},
        {"g": [1]}, {"h": [1]}, {"i": [1]}, {"j": [1]}]);
    let of = |count: usize| {
        let fields = (0..count).map(|n| (format!("f{n}"), json!({"$or": choice})));
        Value::Object(fields.collect())
    };
    assert!(Pattern::new(&of(3)).is_ok());
    let error = Pattern::new(&of(4)).expect_err("10,000");
    assert_eq!(
        error.to_string(),
        "the pattern must have at most 1000 combinations of `$or` alternatives"
    );
    assert!(Pattern::new(&of(400)).is_err(), "the count does not overflow");
}

#[test]
fn depth_is_limited() {
    let deep = |depth| (0..depth).fold(json!([1]), |inner, _| json!({"a": inner}));
    assert!(Pattern::new(&deep(128)).is_ok());
    assert!(Pattern::new(&deep(129)).is_err());
}

/// JSON with the names that the language knows.
fn json_like() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "",
        "a",
        "A",
        "*",
        "a*",
        r"\*",
        "*a*b",
        "=",
        "<",
        ">=",
        "10.0.0.1",
        "10.0.0.0/8",
        "::/0",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..3).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "a",
        "b",
        "$or",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "numeric",
        "cidr",
        "wildcard",
        "equals-ignore-case",
    ]);
    leaf.prop_recursive(4, 40, 4, move |inner| {
        let object =
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// One test of a leaf, well-formed.
fn test() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!("a"),
        json!(1),
        json!(null),
        json!({"prefix": "a"}),
        json!({"suffix": "a"}),
        json!({"wildcard": "*a*b"}),
        json!({"exists": true}),
        json!({"exists": false}),
        json!({"numeric": [">", -1, "<", 2]}),
        json!({"equals-ignore-case": "A"}),
        json!({"cidr": "10.0.0.0/8"}),
        json!({"anything-but": ["a"]}),
    ])
}

proptest! {
    #[test]
    fn no_pattern_and_no_event_panics(pattern in json_like(), event in json_like()) {
        if let Ok(pattern) = Pattern::new(&pattern) {
            pattern.matches(&event);
        }
    }

    /// The alternatives of a leaf, of an event's array, and of `$or`, against each alone.
    #[test]
    fn alternatives_are_or(one in test(), other in test(), event in json_like(), more in json_like()) {
        let alone = |test: &Value| matches(&json!({"a": [test]}), &event);
        let either = alone(&one) || alone(&other);
        prop_assert_eq!(matches(&json!({"a": [one, other]}), &event), either);
        prop_assert_eq!(matches(&json!({"$or": [{"a": [one]}, {"a": [other]}]}), &event), either);
        if one != json!({"exists": false}) {
            let element = |value: &Value| matches(&json!({"a": [one]}), &json!({"a": value}));
            let both = json!({"a": [event, more]});
            prop_assert_eq!(matches(&json!({"a": [one]}), &both), element(&event) || element(&more));
        }
    }
}
