//! Properties of the intrinsic functions, whatever their arguments are.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{Memory, Options, load_from};

/// The value of an expression in a template that is JSON, and in one that is YAML.
fn value(expression: &Json) -> Result<String, String> {
    let template = json!({
        "Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"],
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
        "Conditions": {
            "Yes": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
            "No": {"Fn::Not": [{"Condition": "Yes"}]},
        },
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"It": {"Value": expression}},
    });
    let load = |text: String| {
        let mut files = Memory::default();
        files.insert("/template", text);
        let app = load_from(&files, "/template".as_ref(), &Options::default());
        app.map(|app| app.outputs[0].value.clone()).map_err(|faults| {
            faults.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("; ")
        })
    };
    let from_json = load(template.to_string());
    let mut text = String::new();
    yaml(&template, 0, &mut text);
    let from_yaml = load(text.clone());
    assert_eq!(from_json, from_yaml, "{text}");
    from_json
}

/// YAML as people write it: block style, with the short forms of intrinsic functions where YAML
/// allows them.
fn yaml(value: &Json, indent: usize, text: &mut String) {
    let pad = "  ".repeat(indent);
    match value {
        Json::Object(map) if map.is_empty() => text.push_str("{}"),
        Json::Object(map) => {
            let single = map.iter().next().filter(|_| map.len() == 1);
            if let Some((name, argument)) = single
                && let Some(short) = name.strip_prefix("Fn::").or((name == "Ref").then_some("Ref"))
                // A tag on a tag is no YAML, and one on a number makes it text.
                && !is_call(argument)
                && !(argument.is_number() || argument.is_boolean())
            {
                text.push_str(&format!("!{short} "));
                return yaml(argument, indent, text);
            }
            for (key, child) in map {
                text.push_str(&format!("\n{pad}{}: ", Json::from(key.as_str())));
                yaml(child, indent + 1, text);
            }
        }
        Json::Array(items) if items.is_empty() => text.push_str("[]"),
        Json::Array(items) => {
            for item in items {
                text.push_str(&format!("\n{pad}- "));
                yaml(item, indent + 1, text);
            }
        }
        // JSON's scalars are YAML's.
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn is_call(value: &Json) -> bool {
    value.as_object().is_some_and(|map| {
        map.len() == 1 && map.keys().all(|name| name == "Ref" || name.starts_with("Fn::"))
    })
}

/// Text that may hold anything but what `Fn::Sub` and dynamic references make something of.
fn text() -> impl Strategy<Value = String> {
    "[ -~äß日\n\t]{0,20}".prop_map(|text| text.replace(['$', '{', '}'], "."))
}

/// An expression whose value is text, with the value.
fn expression() -> impl Strategy<Value = (Json, String)> {
    let leaf = prop_oneof![
        text().prop_map(|text| (json!(text), text)),
        Just((json!({"Ref": "Stage"}), "dev".to_owned())),
        Just((json!({"Ref": "AWS::Region"}), "us-east-1".to_owned())),
        Just((json!({"Fn::GetAtt": ["Queue", "QueueName"]}), "Queue".to_owned())),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (text(), list.clone()).prop_map(|(delimiter, items)| {
                let (expressions, values): (Vec<_>, Vec<_>) = items.into_iter().unzip();
                (json!({"Fn::Join": [delimiter, expressions]}), values.join(&delimiter))
            }),
            (list, any::<prop::sample::Index>()).prop_map(|(items, index)| {
                let index = index.index(items.len());
                let expressions: Vec<_> = items.iter().map(|(e, _)| e).collect();
                (json!({"Fn::Select": [index, expressions]}), items[index].1.clone())
            }),
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(yes, no, condition)| {
                let name = if condition { "Yes" } else { "No" };
                let value = if condition { &yes.1 } else { &no.1 };
                (json!({"Fn::If": [name, yes.0, no.0]}), value.clone())
            }),
            inner.clone().prop_map(|(e, value)| {
                (json!({"Fn::Base64": e}), BASE64_STANDARD.encode(value))
            }),
            (text(), inner.clone()).prop_map(|(before, (e, value))| {
                let whole = json!({"Fn::Sub": [format!("{before}${{X}}${{!X}}"), {"X": e}]});
                (whole, format!("{before}{value}${{X}}"))
            }),
            (inner.clone(), "[,;|]").prop_map(|((e, value), delimiter)| {
                let split = json!({"Fn::Split": [delimiter, e]});
                let rejoined = json!({"Fn::Join": [delimiter, split]});
                (rejoined, value)
            }),
            prop::collection::vec(text(), 0..5).prop_map(|items| {
                (json!({"Fn::Join": ["", [{"Fn::Length": items}]]}), items.len().to_string())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn values_are_those_of_the_definitions((expression, expected) in expression()) {
        prop_assert_eq!(value(&expression), Ok(expected));
    }

    #[test]
    fn to_json_string_is_json_that_says_the_same(
        texts in prop::collection::vec(text(), 0..4), number in any::<i32>(), flag in any::<bool>()
    ) {
        let given = json!({"texts": texts, "number": number, "flag": flag, "none": {}});
        let said = value(&json!({"Fn::ToJsonString": given})).unwrap();
        prop_assert_eq!(serde_json::from_str::<Json>(&said).unwrap(), given);
    }

    #[test]
    fn blocks_of_addresses_follow_one_another(
        octets in any::<[u8; 2]>(), count in 1_u32..=16, bits in 4_u32..=8
    ) {
        let block = format!("10.{}.{}.0/16", octets[0], 0);
        let cidr = json!({"Fn::Cidr": [block, count, bits]});
        let said = value(&json!({"Fn::Join": [" ", cidr]})).unwrap();
        let expected: Vec<_> = (0..count)
            .map(|index| {
                let start = (u32::from(octets[0]) << 16) + (10 << 24) + index * (1 << bits);
                let [a, b, c, d] = start.to_be_bytes();
                format!("{a}.{b}.{c}.{d}/{}", 32 - bits)
            })
            .collect();
        prop_assert_eq!(said, expected.join(" "));
    }

    #[test]
    fn conditions_follow_de_morgan(a in any::<bool>(), b in any::<bool>(), c in any::<bool>()) {
        let equals = |value: bool| json!({"Fn::Equals": [value.to_string(), "true"]});
        let parts = [equals(a), equals(b), equals(c)];
        let inverse: Vec<_> = parts.iter().map(|part| json!({"Fn::Not": [part]})).collect();
        let template = json!({
            "Conditions": {
                "Both": {"Fn::And": parts},
                "Neither": {"Fn::Not": [{"Fn::Or": inverse}]},
            },
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {
                "A": {"Value": {"Fn::If": ["Both", "yes", "no"]}},
                "B": {"Value": {"Fn::If": ["Neither", "yes", "no"]}},
            },
        });
        let mut files = Memory::default();
        files.insert("/template", template.to_string());
        let app = load_from(&files, "/template".as_ref(), &Options::default()).unwrap();
        let expected = if a && b && c { "yes" } else { "no" };
        prop_assert_eq!(&app.outputs[0].value, expected);
        prop_assert_eq!(&app.outputs[1].value, expected);
    }

    #[test]
    fn no_argument_makes_a_function_panic(
        function in prop::sample::select(FUNCTIONS), argument in anything()
    ) {
        // Whether it is a value or a fault is the function's; both forms agree on it.
        let _ = value(&json!({function: argument}));
    }
}

const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
];

/// Any value, the names that functions take among them.
fn anything() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        prop::sample::select(
            &["Stage", "Queue", "Queue.Arn", "Yes", "AWS::NoValue", "", "-1", "10.0.0.0/8"][..]
        )
        .prop_map(|name| json!(name)),
        "[ -~]{0,12}".prop_map(|text| json!(text)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|flag| json!(flag)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            (prop::sample::select(FUNCTIONS), inner.clone())
                .prop_map(|(function, argument)| json!({function: argument})),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}
