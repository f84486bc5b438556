//! `samconfig.toml` and its YAML twin.

use super::{faults, files, good, map};
use crate::Diagnostics;
use crate::config::{SamConfig, find_samconfig, find_template, samconfig};

fn toml(text: &str) -> Result<SamConfig, Diagnostics> {
    samconfig(&files([("samconfig.toml", text)]), "samconfig.toml".as_ref(), None)
}

/// As `sam deploy --guided` writes it.
const GUIDED: &str = r#"# More information about the configuration file can be found here:
version = 0.1

[default.deploy.parameters]
stack_name = "shop"
resolve_s3 = true
s3_prefix = "shop"
region = "eu-central-1"
confirm_changeset = true
capabilities = "CAPABILITY_IAM"
parameter_overrides = "Stage=\"prod\" Zones=\"a,b\""
image_repositories = []
template_file = ".aws-sam/build/template.yaml"
"#;

#[test]
fn what_a_guided_deployment_leaves() {
    let config = good(toml(GUIDED));
    assert_eq!(config.region.as_deref(), Some("eu-central-1"));
    assert_eq!(config.parameters.values, map([("Stage", "prod"), ("Zones", "a,b")]));
    // What is deployed is a copy.
    assert_eq!(config.template, None);
}

#[test]
fn sections_go_before_one_another() {
    let config = good(toml(
        r#"
version = 0.1
[default.global.parameters]
region = "us-west-2"
env_vars = "global.json"
template = "global.yaml"
[default.build.parameters]
template_file = "infra/template.yaml"
parameter_overrides = "Only=build"
[default.deploy.parameters]
region = "eu-west-1"
parameter_overrides = "Stage=prod Size=9"
[default.local_start_api.parameters]
env_vars = "local.json"
[default.samovar.parameters]
parameter_overrides = { Stage = "dev", Zones = ["a", "b"], Debug = true }
env_file = ".env"
values = "values.yaml"
time_scale = 0.01
jwks = { "https://issuer.example.com/" = "keys.json" }
[prod.global.parameters]
region = "us-east-2"
"#,
    ));
    assert_eq!(
        config,
        SamConfig {
            template: Some("infra/template.yaml".into()),
            parameters: crate::config::Overrides {
                values: map([("Debug", "True"), ("Stage", "dev"), ("Zones", "a,b")]),
                skipped: Vec::new(),
            },
            region: Some("eu-west-1".into()),
            env_vars: Some("local.json".into()),
            env_file: Some(".env".into()),
            values: Some("values.yaml".into()),
            time_scale: Some(0.01),
            jwks: [("https://issuer.example.com/".into(), "keys.json".into())].into(),
        }
    );
}

#[test]
fn an_environment_is_chosen_by_name() {
    let files = files([(
        "samconfig.yaml",
        "version: 0.1\n\
         default: {global: {parameters: {region: us-west-2}}}\n\
         prod:\n  deploy:\n    parameters:\n      parameter_overrides:\n        - Stage=prod\n        \
         - Size: 010\n          On: yes\n",
    )]);
    let path = "samconfig.yaml".as_ref();
    let prod = good(samconfig(&files, path, Some("prod")));
    assert_eq!(prod.region, None);
    assert_eq!(prod.parameters.values, map([("On", "yes"), ("Size", "10"), ("Stage", "prod")]));
    assert_eq!(
        faults(samconfig(&files, path, Some("prd"))),
        "samconfig.yaml: error: there is no environment `prd`\nhelp: did you mean `prod`?"
    );
    let text = faults(samconfig(&files, path, Some("staging")));
    assert!(text.contains("environments are default, prod"), "{text}");
}

#[test]
fn what_says_nothing_is_nothing() {
    for text in [
        "",
        "# empty\n",
        "version = 0.1\n",
        "version = 0.1\n[prod.deploy.parameters]\nregion = \"eu-west-1\"\n",
        "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = \"\"\n",
        "version = 0.1\n[default.deploy]\n[default.deploy.parameters]\nparameter_overrides = []\n",
    ] {
        assert_eq!(good(toml(text)), SamConfig::default(), "{text}");
    }
}

#[test]
fn faults_have_places() {
    for (text, expected) in [
        (
            "[default.deploy.parameters]\nregion = \"eu-west-1\"\n",
            "samconfig.toml: error: the configuration file has no `version`\n\
             help: write `version = 0.1` at the top (YAML: `version: 0.1`)",
        ),
        (
            "version = 1\n",
            "samconfig.toml:1:11: error: `version` must be 0.1, not `1`\n    \
             1 | version = 1\n      \
             |           ^\n  \
             at version\n\
             help: write `version = 0.1` at the top (YAML: `version: 0.1`)",
        ),
        (
            "version = 0.1\n[default.global.parameters]\nregion = [\"é\"]\n",
            "samconfig.toml:3:10: error: `region` of section global must be text, not a list\n    \
             3 | region = [\"é\"]\n      \
             |          ^^^^^\n  \
             at default.global.parameters.region",
        ),
        (
            "version = 0.1\n[default.samovar.parameters]\nregon = \"eu-west-1\"\n",
            "samconfig.toml:3:1: error: unknown property `regon` of section samovar\n    \
             3 | regon = \"eu-west-1\"\n      \
             | ^^^^^\n  \
             at default.samovar.parameters.regon\n\
             help: did you mean `region`?",
        ),
        (
            "version = 0.1\n[default.deploy.parameters]\nregion = \"Frankfurt am Main\"\n",
            "samconfig.toml:3:10: error: `Frankfurt am Main` is no region\n    \
             3 | region = \"Frankfurt am Main\"\n      \
             |          ^^^^^^^^^^^^^^^^^^^\n  \
             at default.deploy.parameters.region\n\
             help: write it as `eu-central-1`",
        ),
        (
            "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = \"Stage prod\"\n",
            "samconfig.toml:3:23: error: `Stage prod` gives no parameter a value\n    \
             3 | parameter_overrides = \"Stage prod\"\n      \
             |                       ^^^^^^^^^^^^\n  \
             at default.deploy.parameters.parameter_overrides\n\
             help: write `Key=Value` or `ParameterKey=Key,ParameterValue=Value`; keys are letters \
             and digits, and a value with blanks has quotes of its own",
        ),
        (
            "version = 0.1\ndefault = 3\n",
            "samconfig.toml:2:11: error: `default` must be a mapping, not `3`\n    \
             2 | default = 3\n      \
             |           ^\n  \
             at default",
        ),
        (
            "version = 0.1\nregion = eu-west-1\n",
            "samconfig.toml:2:10: error: not valid TOML: string values must be quoted, expected \
             literal string\n    \
             2 | region = eu-west-1\n      \
             |          ^^^^^^^^^\n\
             help: put the value in quotes",
        ),
    ] {
        assert_eq!(faults(toml(text)), expected, "{text}");
    }
}

#[test]
fn every_line_that_is_no_toml_is_shown_once() {
    let text = faults(toml("version = 0.1\na =\nb = yes\nc = 'x\n"));
    assert_eq!(text.matches("error:").count(), 3, "{text}");
}

#[test]
fn files_that_cannot_be_read() {
    let files = files([("app/samconfig.toml/x", ""), ("samconfig.json", "{}")]);
    let missing = samconfig(&files, "no.toml".as_ref(), None).expect_err("it is not there");
    assert!(missing.is_unreadable());
    assert_eq!(
        missing.to_string(),
        "no.toml: error: there is no such configuration file\n\
         help: give the configuration file's path: --config-file FILE"
    );
    let folder = find_samconfig(&files, "app".as_ref()).expect("it is there");
    let folder = samconfig(&files, &folder, None).expect_err("it is a folder");
    assert!(folder.is_unreadable());
    // The SAM CLI does not read JSON either.
    let json = samconfig(&files, "samconfig.json".as_ref(), None).expect_err("it is JSON");
    assert!(!json.is_unreadable());
    assert!(json.to_string().contains("ends in .toml, .yaml or .yml"), "{json}");
}

#[test]
fn files_are_found_in_the_order_of_the_sam_cli() {
    let files = files([("samconfig.yml", ""), ("samconfig.yaml", ""), ("template.json", "")]);
    assert_eq!(find_samconfig(&files, "".as_ref()), Some("samconfig.yaml".into()));
    assert_eq!(good(find_template(&files, "".as_ref())), std::path::Path::new("template.json"));
    let none = find_template(&files, "app".as_ref()).expect_err("there is none");
    assert!(none.is_unreadable());
}

#[test]
fn hostile_files_end() {
    for text in [
        format!("{}a = 1\n", "a.".repeat(100_000)),
        format!("a = {}", "[".repeat(400_000)),
        format!("a = [{}]", "\"é\", ".repeat(100_000)),
        "=\n".repeat(300_000),
        "\u{0}".repeat(1000),
        "x".repeat(2 << 20),
    ] {
        toml(&text).expect_err("it is no samconfig");
    }
}
