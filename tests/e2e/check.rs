//! `samovar check`: what it says, where, and its exit status.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::samovar;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("check::the_example", example),
        trial("check::the_example_as_json", example_as_json),
        trial("check::faults", faults),
        trial("check::faults_as_json", faults_as_json),
        trial("check::what_cannot_be_read", unreadable),
        trial("check::parameter_overrides", parameter_overrides),
        trial("check::samconfig", samconfig),
        trial("check::variables", variables),
        trial("check::values", values),
        trial("check::faults_beside_the_template", faults_beside),
    ]
}

/// `samovar check` in a folder.
fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = samovar();
    command.current_dir(folder).arg("check").args(arguments);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What it prints on standard output, which must be all that it prints.
#[track_caller]
fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = check(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

/// What it prints on standard error where it ends with a status; standard output is empty.
#[track_caller]
fn bad(folder: &Path, arguments: &[&str], status: i32) -> String {
    let output = check(folder, arguments);
    assert_eq!(output.status.code(), Some(status), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(stdout(&output), "");
    stderr(&output)
}

/// The document that it prints, with its status.
#[track_caller]
fn document(folder: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = check(folder, &[arguments, &["--format", "json"]].concat());
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}:\n{}{}", stdout(&output), stderr(&output)));
    assert_eq!(stderr(&output), "");
    (document, output.status.code())
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A template whose outputs and variables show what it was given.
const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, test, prod]}
  Name: {Type: String, Default: shop}
  Image: {Type: AWS::SSM::Parameter::Value<String>, Default: /shop/image}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code/
      Environment:
        Variables:
          STAGE: !Ref Stage
          RETRIES: 3
  Other:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code/
      Environment:
        Variables:
          STAGE: !Ref Stage
Outputs:
  Title: {Value: !Sub '${Stage} ${Name}'}
  Arn: {Value: !GetAtt Hello.Arn}
  Image: {Value: !Ref Image}
";

/// The template with its code, and more files.
fn application(more: &[(&str, &str)]) -> TempDir {
    folder(&[&[("template.yaml", TEMPLATE), ("code/bootstrap", "")], more].concat())
}

/// The value of an output.
#[track_caller]
fn output(folder: &Path, arguments: &[&str], name: &str) -> String {
    let (document, status) = document(folder, arguments);
    assert_eq!(status, Some(0), "{document:#}");
    let outputs = document["outputs"].as_array().unwrap();
    let output = outputs.iter().find(|output| output["name"] == name).unwrap();
    output["value"].as_str().unwrap().to_owned()
}

fn example() {
    let text = good(&crate::server::root(), &[]);
    assert_has(
        &text,
        &[
            "  template.yaml\n  A small shop",
            "    OrdersApi    process  provided.al2023  256 MB   5 s  functions/orders-api    \
             POST /orders · GET /orders/health\n",
            "    Hello        wasm ",
            "function URL",
            "  HTTP API  Api, stage $default\n    POST  /orders         → OrdersApi\n",
            "    OrdersQueue        → OrderWorker, after 3 receives → OrdersDeadLetters\n",
            "    ReceiptsQueue\n",
            "    HelloFunctionUrl      http://hello.localhost:3000/\n",
            "every minute",
            "  Valid: 7 functions, 1 API, 3 queues\n",
        ],
    );
    assert!(!text.contains("Not emulated"), "{text}");
}

fn example_as_json() {
    let (document, status) = document(&crate::server::root(), &["-t", "template.yaml"]);
    assert_eq!(status, Some(0));
    assert_eq!(document["template"], "template.yaml");
    assert_eq!(document["valid"], true);
    let functions = document["functions"].as_array().unwrap();
    let names: Vec<_> = functions.iter().map(|function| function["name"].clone()).collect();
    let expected =
        ["OrdersApi", "OrderWorker", "Thumbnail", "Hello", "HelloNative", "WordCount", "Heartbeat"];
    assert_eq!(names, expected);
    assert_eq!(document["queues"][0]["deadLetters"]["queue"], "OrdersDeadLetters");
}

const FAULTY: &str = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code/
      Timout: 3
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: soon
";

fn faults() {
    let folder = folder(&[("template.yaml", FAULTY), ("code/bootstrap", "")]);
    let text = bad(folder.path(), &[], 1);
    assert_has(
        &text,
        &[
            "template.yaml:9:7: error: unknown property `Timout` of Hello\n",
            "    9 |       Timout: 3\n      |       ^^^^^^\n",
            "  at Resources.Hello.Properties.Timout\nhelp: did you mean `Timeout`?\n\n",
            "template.yaml:13:21: error: `DelaySeconds` of Jobs must be",
            "\n\n2 errors in template.yaml\n",
        ],
    );
}

fn faults_as_json() {
    let folder = folder(&[("template.yaml", FAULTY), ("code/bootstrap", "")]);
    let (document, status) = document(folder.path(), &[]);
    assert_eq!(status, Some(1));
    assert_eq!(document["valid"], false);
    assert_eq!(document["functions"], json!([]));
    assert_eq!(document["errors"].as_array().unwrap().len(), 2);
    assert_eq!(
        document["errors"][0],
        json!({
            "file": "template.yaml",
            "line": 9,
            "column": 7,
            "width": 6,
            "message": "unknown property `Timout` of Hello",
            "path": "Resources.Hello.Properties.Timout",
            "help": "did you mean `Timeout`?",
        })
    );
}

fn unreadable() {
    let folder = folder(&[("app/template.yaml", "Resources: {}\n")]);
    assert_has(
        &bad(folder.path(), &[], 2),
        &["there is no template.yaml here", "--template PATH", "1 error in template.yaml"],
    );
    assert_has(&bad(folder.path(), &["-t", "no.yaml"], 2), &["no.yaml: error: there is no such"]);
    assert_has(
        &bad(folder.path(), &["-t", "app"], 2),
        &["is a directory", "did you mean `app/template.yaml`?"],
    );
    let missing = bad(folder.path(), &["-t", "app/template.yaml", "--env-vars", "env.json"], 2);
    assert_has(&missing, &["env.json: error: there is no such file", "--env-vars FILE"]);
    let (document, status) = document(folder.path(), &["-t", "no.yaml"]);
    assert_eq!(status, Some(2));
    assert_eq!(document["template"], "no.yaml");
    assert_eq!(document["errors"][0]["line"], Value::Null);
    // Root may read everything.
    let path = folder.path().join("app/template.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_err() {
        let text = bad(folder.path(), &["-t", "app/template.yaml"], 2);
        assert_has(&text, &["cannot be read"]);
    }
}

fn parameter_overrides() {
    let folder = application(&[("more.yaml", "Stage: prod\nName: from a file\n")]);
    let title = |arguments: &[&str]| output(folder.path(), arguments, "Title");
    assert_eq!(title(&[]), "dev shop");
    assert_eq!(
        title(&["--parameter-overrides", "Stage=test", "Name=\"tea pots\""]),
        "test tea pots"
    );
    assert_eq!(
        title(&[
            "--parameter-overrides",
            "ParameterKey=Stage,ParameterValue=test ParameterKey=Name,ParameterValue=x,y",
            "--parameter-overrides",
            "Stage=prod",
        ]),
        "prod x,y"
    );
    assert_eq!(title(&["--parameter-overrides", "file://more.yaml"]), "prod from a file");
    let text = bad(folder.path(), &["--parameter-overrides", "Stage=beta"], 1);
    assert_has(&text, &["template.yaml:3:3:", "`beta` is not an allowed value of Stage"]);
    let text = bad(folder.path(), &["--parameter-overrides", "Stge=test"], 1);
    assert_has(&text, &["`Stge`", "did you mean `Stage`?"]);
    let text = bad(folder.path(), &["--parameter-overrides", "Stage"], 1);
    assert_has(&text, &["--parameter-overrides:1:1: error: `Stage` gives no parameter a value"]);
    // What the SAM CLI would pass over is told.
    let given = check(folder.path(), &["--parameter-overrides", "Stage=test Name=tea pots"]);
    assert_eq!(given.status.code(), Some(0));
    assert_has(&stderr(&given), &["--parameter-overrides:1:21: warning: `pots` gives no"]);
    assert_has(&stdout(&given), &["test tea\n"]);
}

fn samconfig() {
    let settings = "version = 0.1\n\
                    [default.global.parameters]\n\
                    template_file = \"app/template.yaml\"\n\
                    [default.deploy.parameters]\n\
                    stack_name = \"shop\"\n\
                    region = \"eu-central-1\"\n\
                    parameter_overrides = \"Stage=\\\"prod\\\" Unused=1\"\n\
                    [staging.deploy.parameters]\n\
                    parameter_overrides = [\"Stage=test\", \"Name=staging\"]\n";
    let folder = folder(&[
        ("app/template.yaml", TEMPLATE),
        ("app/code/bootstrap", ""),
        ("samconfig.toml", settings),
        ("app/samconfig.yaml", "version: 0.1\ndefault: {global: {parameters: {region: local}}}\n"),
    ]);
    let here = folder.path();
    assert_eq!(output(here, &[], "Title"), "prod shop");
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:Hello";
    assert_eq!(output(here, &[], "Arn"), arn);
    let arn = "arn:aws:lambda:us-west-2:000000000000:function:Hello";
    assert_eq!(output(here, &["--region", "us-west-2"], "Arn"), arn);
    assert_eq!(output(here, &["--parameter-overrides", "Stage=test"], "Title"), "test shop");
    // A template that is named has its settings beside it.
    let named = ["-t", "app/template.yaml"];
    assert_eq!(output(here, &named, "Arn"), "arn:aws:lambda:local:000000000000:function:Hello");
    let staging = ["--config-env", "staging", "--config-file", "../samconfig.toml"];
    assert_eq!(output(here, &[&named[..], &staging].concat(), "Title"), "test staging");
    let text = bad(here, &["--config-env", "stagin"], 1);
    assert_has(&text, &["samconfig.toml: error: there is no environment `stagin`", "`staging`"]);
    let text = bad(here, &["--config-file", "other.toml"], 2);
    assert_has(&text, &["other.toml: error: there is no such configuration file"]);
}

fn variables() {
    let folder = application(&[
        ("env.json", r#"{"Parameters": {"STAGE": "json", "NEW": "x"}, "Other": {"STAGE": 7}}"#),
        (".env", "# for all\nexport STAGE='a file' # here\nRETRIES=${STAGE}!\n"),
    ]);
    let environment = |arguments: &[&str], function: usize| {
        let (document, status) = document(folder.path(), arguments);
        assert_eq!(status, Some(0), "{document:#}");
        document["functions"][function]["environment"].clone()
    };
    // A .env file that is not named is left alone.
    assert_eq!(environment(&[], 0), json!({"STAGE": "dev", "RETRIES": "3"}));
    let json = ["--env-vars", "env.json"];
    assert_eq!(environment(&json, 0), json!({"STAGE": "json", "RETRIES": "3"}));
    assert_eq!(environment(&json, 1), json!({"STAGE": "7"}));
    let file = ["--env-file", ".env"];
    assert_eq!(environment(&file, 0), json!({"STAGE": "a file", "RETRIES": "a file!"}));
    let both = [json, file].concat();
    assert_eq!(environment(&both, 0), json!({"STAGE": "json", "RETRIES": "a file!"}));
    assert_eq!(environment(&["--env-vars", ".env"], 1), json!({"STAGE": "a file"}));
}

fn values() {
    let folder = application(&[("values.yaml", "Parameters:\n  /shop/image: ami-1\n")]);
    assert_eq!(output(folder.path(), &["--values", "values.yaml"], "Image"), "ami-1");
}

fn faults_beside() {
    let folder = application(&[
        ("env.json", "{\"Hello\": {\"STAGE\": {\"a\": 1}}}"),
        ("bad.json", "{\"Hello\": }"),
        ("values.yaml", "Export:\n  a: b\n"),
        ("bad.toml", "version = 0.1\n[default.global.parameters]\nregion = eu-west-1\n"),
    ]);
    for (arguments, parts) in [
        (["--env-vars", "env.json"], &["env.json:1:21: error: `STAGE` of Hello must be text"][..]),
        (["--env-vars", "bad.json"], &["bad.json:1:11: error: not valid JSON"]),
        (["--values", "values.yaml"], &["values.yaml:1:1: error: unknown section", "`Exports`?"]),
        (["--config-file", "bad.toml"], &["bad.toml:3:10: error: not valid TOML", "quotes"]),
    ] {
        let text = bad(folder.path(), &arguments, 1);
        assert_has(&text, parts);
        assert_has(&text, &["1 error in "]);
    }
}
