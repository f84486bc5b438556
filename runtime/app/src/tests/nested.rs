//! Nested applications.

use super::notes;
use crate::{App, Diagnostics, Memory, Options, Trigger, load_from};

fn load(files: &[(&str, &str)]) -> Result<App, Diagnostics> {
    let mut memory = Memory::default();
    memory.insert("/app/code/bootstrap", "");
    memory.insert("/app/orders/code/bootstrap", "");
    for (path, content) in files {
        memory.insert(format!("/app/{path}"), *content);
    }
    load_from(&memory, "/app/template.yaml".as_ref(), &Options::default())
}

#[track_caller]
fn app(files: &[(&str, &str)]) -> App {
    load(files).unwrap_or_else(|faults| panic!("{faults}"))
}

const PARENT: &str = "
Transform: AWS::Serverless-2016-10-31
Conditions:
  IsProd: !Equals [a, a]
Resources:
  Audit: {Type: AWS::SQS::Queue}
  Orders:
    Type: AWS::Serverless::Application
    Properties:
      Location: orders/template.yaml
      Parameters: !If
        - IsProd
        - {Stage: prod, Audit: !GetAtt Audit.Arn, Names: [a, b]}
        - !Ref AWS::NoValue
  Watcher:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment: {Variables: {ORDERS: !GetAtt Orders.Outputs.QueueUrl}}
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Orders.Outputs.QueueArn}}
        Get: {Type: HttpApi, Properties: {Path: /, Method: GET}}
";

const CHILD: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
  Audit: {Type: String}
  Names: {Type: CommaDelimitedList}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment: {Variables: {STAGE: !Ref Stage, NAME: !Select [1, !Ref Names]}}
      Events:
        Audit: {Type: SQS, Properties: {Queue: !Ref Audit}}
        Post: {Type: HttpApi, Properties: {Path: /, Method: POST}}
Outputs:
  QueueUrl: {Value: !Ref Queue}
  QueueArn: {Value: !GetAtt Queue.Arn}
";

#[test]
fn a_nested_application_is_part_of_the_whole() {
    let app = app(&[("template.yaml", PARENT), ("orders/template.yaml", CHILD)]);
    let functions: Vec<_> =
        app.functions.iter().map(|f| (f.logical_id.as_str(), f.name.as_str())).collect();
    assert_eq!(functions, [("Watcher", "Watcher"), ("Orders/Worker", "Orders-Worker")]);
    let worker = app.function("Orders/Worker").unwrap();
    assert_eq!(worker.code.path.to_str(), Some("/app/orders/code"));
    assert_eq!(worker.span.to_string(), "/app/orders/template.yaml:9:3");
    assert_eq!(
        (worker.environment["STAGE"].as_str(), worker.environment["NAME"].as_str()),
        ("prod", "b")
    );
    let queue_of = |id: &str| match &app.function(id).unwrap().triggers[0] {
        Trigger::Queue(trigger) => trigger.queue.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(queue_of("Orders/Worker").as_deref(), Some("Audit"));
    assert_eq!(queue_of("Watcher").as_deref(), Some("Orders-Queue"));
    let watcher = app.function("Watcher").unwrap();
    assert_eq!(watcher.environment["ORDERS"], "http://127.0.0.1:9000/000000000000/Orders-Queue");
    let apis: Vec<_> = app
        .apis
        .iter()
        .map(|api| (api.logical_id.as_str(), api.routes[0].function().unwrap()))
        .collect();
    assert_eq!(
        apis,
        [("ServerlessHttpApi", "Watcher"), ("Orders/ServerlessHttpApi", "Orders/Worker")]
    );
    assert_ne!(app.apis[0].id, app.apis[1].id);
}

#[test]
fn a_template_that_is_elsewhere_is_named() {
    let app = app(&[(
        "template.yaml",
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Store:
    Type: AWS::Serverless::Application
    Properties:
      Location: {ApplicationId: 'arn:aws:serverlessrepo:us-east-1:1:applications/x', SemanticVersion: 1.0.0}
  Stack:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: 'https://s3.amazonaws.com/b/k.yaml'}
Outputs:
  It: {Value: !GetAtt Store.Outputs.Table}
",
    )]);
    assert_eq!(
        notes(&app),
        [
            "Resources.Store (AWS::Serverless::Application): its template is not fetched: what is in it is not served",
            "Resources.Stack (AWS::CloudFormation::Stack): its template is not fetched: what is in it is not served",
        ]
    );
    assert_eq!(app.outputs[0].value, "{{unresolved:Store:Table}}");
}

#[test]
fn faults_around_nested_templates() {
    let parent = |location: &str, rest: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Orders:\n    Type: AWS::Serverless::Application\n    Properties:\n      Location: {location}\n{rest}"
        )
    };
    let said = |parent: &str, child: &str| {
        load(&[("template.yaml", parent), ("child.yaml", child)])
            .expect_err("the template loads")
            .to_string()
    };
    let queue = "Resources: {Q: {Type: AWS::SQS::Queue}}\n";
    let circle = parent("child.yaml", "");
    for (parent, child, expected) in [
        (parent("nowhere.yaml", ""), queue, "the nested template `nowhere.yaml` does not exist"),
        (
            circle.clone(),
            circle.as_str(),
            "child.yaml:6:17: error: `child.yaml` is nested in itself",
        ),
        (
            parent("child.yaml", "      Parameters: {Stge: x}\n"),
            "Parameters: {Stage: {Type: String, Default: dev}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n",
            "template.yaml:7:20: error: the template of Orders has no parameter `Stge`",
        ),
        (
            parent("child.yaml", "Outputs: {It: {Value: !GetAtt Orders.Outputs.Nope}}\n"),
            queue,
            "the template of Orders has no output `Nope`",
        ),
        (
            parent("child.yaml", "      Parameters: {Stage: !GetAtt Orders.Outputs.It}\n"),
            "Parameters: {Stage: {Type: String}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n",
            "the parameters of Orders need its own outputs",
        ),
        (
            parent("child.yaml", ""),
            "Resources:\n  Q: {Type: AWS::SQS::Quee}\n",
            "/app/child.yaml:2:13: error: unknown resource type",
        ),
    ] {
        let said = said(&parent, child);
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}
