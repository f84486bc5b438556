//! `--parameter-overrides`.

use super::{faults, files, good, map};
use crate::config::{Overrides, parameter_overrides};
use crate::{Diagnostics, Memory, Options, load_from};

fn read(files: &Memory, arguments: &[&str]) -> Result<Overrides, Diagnostics> {
    let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
    parameter_overrides(files, &arguments)
}

#[test]
fn later_arguments_go_before_earlier_ones() {
    let overrides = good(read(
        &Memory::default(),
        &["Stage=dev Size=1", "ParameterKey=Size,ParameterValue=2", "", "Name=\"a b\""],
    ));
    assert_eq!(overrides.values, map([("Name", "a b"), ("Size", "2"), ("Stage", "dev")]));
    assert_eq!(overrides.skipped, []);
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(good(read(&Memory::default(), &[])), Overrides::default());
    assert_eq!(good(read(&Memory::default(), &["", " "])), Overrides::default());
}

#[test]
fn parts_that_say_nothing_are_told() {
    let overrides = good(read(&Memory::default(), &["A=1", "Empty= B=x y"]));
    assert_eq!(overrides.values, map([("A", "1"), ("B", "x")]));
    let told: Vec<_> =
        overrides.skipped.iter().map(|s| (s.at.to_string(), s.text.as_str())).collect();
    assert_eq!(
        told,
        [
            ("--parameter-overrides:2:1".to_owned(), "Empty="),
            ("--parameter-overrides:2:12".to_owned(), "y")
        ]
    );
    assert_eq!(overrides.skipped[0].help, "write `Empty=\"\"` for an empty value");
}

#[test]
fn an_argument_without_any_value() {
    assert_eq!(
        faults(read(&Memory::default(), &["A=1", "Name="])),
        "--parameter-overrides:2:1: error: `Name=` gives no parameter a value\n    \
         2 | Name=\n      \
         | ^^^^^\n\
         help: write `Name=\"\"` for an empty value"
    );
    let text = faults(read(&Memory::default(), &["Name=\"half"]));
    assert!(text.contains("help: close the quotes"), "{text}");
}

#[test]
fn files_are_read_as_the_sam_cli_reads_them() {
    // Values as CfnParameterOverridesType gives them for the same files.
    let files = files([
        (
            "p/all.yaml",
            "$include: [file://more.toml, 'E=5 F=6']\n\
             Yes: yes\nTrue: true\nTen: 010\nAccount: 012345678901\nHex: 0x10\nFloat: 1.10\n\
             Nothing: ~\nList: [a, ' b ', '', 3, ~]\nQuoted: '\"q\"'\nF: 7\n",
        ),
        (
            "p/more.toml",
            "Big = 1e20\nSmall = 1e-7\nOn = true\nDay = 2026-01-31\nZones = ['a', 'b']",
        ),
        ("list.yml", "- A=1\n- [B=2, {C: 3}]\n-\n- {A: 4}\n"),
        ("text.yaml", "A=1 B=2"),
        ("empty.yaml", "# nothing\n"),
    ]);
    assert_eq!(
        good(read(&files, &["file://p/all.yaml"])).values,
        map([
            ("Account", "12345678901"),
            ("Big", "1e+20"),
            ("Day", "2026-01-31"),
            ("E", "5"),
            ("F", "7"),
            ("Float", "1.1"),
            ("Hex", "16"),
            ("List", "a,b,3"),
            ("Nothing", ""),
            ("On", "True"),
            ("Quoted", "q"),
            ("Small", "1e-07"),
            ("Ten", "10"),
            ("True", "True"),
            ("Yes", "yes"),
            ("Zones", "a,b"),
        ])
    );
    let list = good(read(&files, &["file://list.yml"])).values;
    assert_eq!(list, map([("A", "4"), ("B", "2"), ("C", "3")]));
    let text = good(read(&files, &["file://text.yaml", "file://empty.yaml", "B=3"])).values;
    assert_eq!(text, map([("A", "1"), ("B", "3")]));
}

#[test]
fn faults_of_files() {
    let files = files([
        ("a.yaml", "$include: file://b.yaml"),
        ("b.yaml", "- A=1\n- file://a.yaml\n"),
        ("c.yaml", "A: {x: 1}\nB: [[1]]\n$include: {A: 1}\n"),
        ("d.yaml", "- 5\n"),
        ("e.toml", "A = 1\nA = 2\n"),
    ]);
    for (argument, parts) in [
        ("file://a.yaml", &["b.yaml:2:3: error: `a.yaml` takes in itself", "at [1]"][..]),
        (
            "file://c.yaml",
            &[
                "c.yaml:1:4: error: `A` must be text or a list of texts",
                "c.yaml:2:4: error: `B` must be",
                "c.yaml:3:11: error: `$include` must be text or a list",
            ],
        ),
        ("file://d.yaml", &["d.yaml:1:3: error: parameter overrides cannot be `5`"]),
        ("file://e.toml", &["e.toml:2:1: error: not valid TOML: duplicate key"]),
        ("file://no.yaml", &["no.yaml: error: there is no such file of parameters"]),
        ("file://a.json", &["--parameter-overrides:1:1: error: `a.json` has an extension"]),
    ] {
        let text = faults(read(&files, &[argument]));
        for part in parts {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
    }
}

#[test]
fn configured_values_are_taken_where_the_template_has_the_parameter() {
    let files = files([(
        "/app/template.yaml",
        "Parameters:\n  Stage: {Type: String, Default: dev}\n  Size: {Type: Number}\n\
         Resources: {}\nOutputs:\n  All: {Value: !Sub '${Stage} ${Size}'}\n",
    )]);
    let load = |parameters: &[(&str, &str)]| {
        let parameters = parameters.iter().map(|&(name, value)| (name.into(), value.into()));
        let options = Options {
            parameters: parameters.collect(),
            configured: map([("Stage", "prod"), ("Size", "3"), ("Other", "x")]),
            ..Options::default()
        };
        load_from(&files, "/app/template.yaml".as_ref(), &options)
    };
    assert_eq!(good(load(&[])).outputs[0].value, "prod 3");
    assert_eq!(good(load(&[("Stage", "test")])).outputs[0].value, "test 3");
    // What is asked for by name is a slip.
    let text = faults(load(&[("Stge", "test")]));
    assert!(text.contains("did you mean `Stage`?"), "{text}");
}

#[test]
fn hostile_input_is_bounded() {
    let many = (0..100_000).map(|n| format!("K{n}=1 ")).collect::<String>();
    let text = faults(read(&Memory::default(), &[&many]));
    assert!(text.contains("more than 1000 parameter values"), "{text}");
    let noise = "x= ".repeat(300_000) + "A=1";
    let overrides = good(read(&Memory::default(), &[&noise]));
    assert_eq!(overrides.values, map([("A", "1")]));
    // Each file takes in the next one twice.
    let mut files = Memory::default();
    for n in 0..40 {
        let next = format!("- file://{}.yaml\n", n + 1).repeat(2);
        files.insert(format!("{n}.yaml"), next);
    }
    let text = faults(read(&files, &["file://0.yaml"]));
    assert!(text.contains("too many files"), "{text}");
}
