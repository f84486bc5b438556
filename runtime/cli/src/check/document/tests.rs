//! The whole document, as programs read it.

use std::path::Path;

use samovar_app::{Memory, Options, load_from};
use serde_json::{Value, json};

use super::Document;
use crate::settings::Settings;

/// What `samovar check --format json` prints of a template.
fn document(text: &str) -> Value {
    let mut files = Memory::default();
    files.insert("/app/template.yaml", text);
    files.insert("/app/code/bootstrap", "");
    let options = Options::default();
    let template = Path::new("/app/template.yaml");
    let result = load_from(&files, template, &options);
    let (template, skipped, time_scale) = (template.to_owned(), Vec::new(), None);
    let jwks = Default::default();
    let settings = Settings { template, options, skipped, time_scale, jwks };
    let document = Document::new(None, Some(&settings), result.as_ref());
    serde_json::from_str(&document.to_string()).unwrap()
}

#[test]
fn a_good_template() {
    let document = document(
        "Transform: AWS::Serverless-2016-10-31
Description: A small shop
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment: {Variables: {QUEUE: !Ref Jobs}}
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 5}}
        Get: {Type: HttpApi, Properties: {Path: /hello, Method: get}}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}
  Dead:
    Type: AWS::SQS::Queue
  Files:
    Type: AWS::S3::Bucket
Outputs:
  Url: {Value: !Ref Jobs, Description: Jobs that wait, Export: {Name: jobs}}
",
    );
    let at = |line: u32, column: u32| json!({"file": "/app/template.yaml", "line": line, "column": column});
    let with = |mut value: Value, place: Value| {
        let Value::Object(place) = place else { panic!("{place}") };
        value.as_object_mut().unwrap().extend(place);
        value
    };
    for (field, expected) in [
        ("template", json!("/app/template.yaml")),
        ("valid", json!(true)),
        ("errors", json!([])),
        ("omittedErrors", json!(0)),
        ("warnings", json!([])),
        ("description", json!("A small shop")),
        (
            "functions",
            json!([with(
                json!({
                    "logicalId": "Hello",
                    "name": "Hello",
                    "arn": "arn:aws:lambda:us-east-1:000000000000:function:Hello",
                    "kind": "process",
                    "notRun": null,
                    "runtime": "provided.al2023",
                    "handler": "bootstrap",
                    "architecture": "x86_64",
                    "memoryMb": 128,
                    "timeoutSeconds": 3.0,
                    "code": {"path": "/app/code", "build": "prebuilt"},
                    "environment": {"QUEUE": "http://127.0.0.1:9000/000000000000/Jobs"},
                    "triggers": [
                        with(
                            json!({"type": "queue", "name": "Jobs", "source": "Jobs (batches of 5)"}),
                            at(12, 9),
                        ),
                        with(json!({"type": "http", "name": "Get", "source": "GET /hello"}), at(13, 9)),
                    ],
                    "url": false,
                }),
                at(4, 3),
            )]),
        ),
        (
            "queues",
            json!([
                with(
                    json!({
                        "logicalId": "Jobs",
                        "name": "Jobs",
                        "url": "http://127.0.0.1:9000/000000000000/Jobs",
                        "arn": "arn:aws:sqs:us-east-1:000000000000:Jobs",
                        "attributes": document["queues"][0]["attributes"],
                        "functions": ["Hello"],
                        "senders": [],
                        "deadLetters": {"queue": "Dead", "maxReceiveCount": 2},
                    }),
                    at(14, 3),
                ),
                with(
                    json!({
                        "logicalId": "Dead",
                        "name": "Dead",
                        "url": "http://127.0.0.1:9000/000000000000/Dead",
                        "arn": "arn:aws:sqs:us-east-1:000000000000:Dead",
                        "attributes": {},
                        "functions": [],
                        "senders": [],
                        "deadLetters": null,
                    }),
                    at(18, 3),
                ),
            ]),
        ),
        ("topics", json!([])),
        (
            "outputs",
            json!([with(
                json!({
                    "name": "Url",
                    "description": "Jobs that wait",
                    "value": "http://127.0.0.1:9000/000000000000/Jobs",
                    "export": "jobs",
                }),
                at(23, 3),
            )]),
        ),
    ] {
        assert_eq!(document[field], expected, "{field}");
    }
    let route =
        json!({"method": "GET", "path": "/hello", "function": "Hello", "integration": null});
    assert_eq!(document["apis"][0]["routes"], json!([with(route, at(13, 9))]));
    assert_eq!(document["apis"][0]["kind"], "http");
    assert_eq!(document["apis"][0].get("line"), None, "an implicit API stands nowhere");
    let kinds = document["resources"].as_array().unwrap().iter().map(|r| r["type"].clone());
    let expected =
        ["AWS::Serverless::Function", "AWS::SQS::Queue", "AWS::SQS::Queue", "AWS::S3::Bucket"];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    assert_eq!(document["notEmulated"][0]["what"], "Resources.Files (AWS::S3::Bucket)");
    assert_eq!(document["notEmulated"][0]["line"], 20);
}

#[test]
fn a_faulty_template() {
    let document = document("Resources:\n  Jobs:\n    Type: AWS::SQS::Queu\n");
    assert_eq!(document["valid"], false);
    assert_eq!(
        document["errors"],
        json!([{
            "file": "/app/template.yaml",
            "line": 3,
            "column": 11,
            "width": 14,
            "message": "unknown resource type `AWS::SQS::Queu` of Jobs",
            "path": "Resources.Jobs.Type",
            "help": "did you mean `AWS::SQS::Queue`?",
        }])
    );
    for field in ["functions", "apis", "queues", "topics", "outputs", "resources", "notEmulated"] {
        assert_eq!(document[field], json!([]), "{field}");
    }
}
