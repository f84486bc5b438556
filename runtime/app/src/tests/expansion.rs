//! `Fn::ForEach`, `AWS::Include` and macros that only AWS has.

use super::notes;
use crate::{App, Diagnostics, Memory, Options, load_from};

const EXTENSIONS: &str = "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n";

/// Loads a template with other files beside it.
fn load(template: &str, others: &[(&str, &str)]) -> Result<App, Diagnostics> {
    let mut files = Memory::default();
    files.insert("/app/template.yaml", template);
    files.insert("/app/code/bootstrap", "");
    for (path, content) in others {
        files.insert(format!("/app/{path}"), *content);
    }
    load_from(&files, "/app/template.yaml".as_ref(), &Options::default())
}

#[track_caller]
fn app(template: &str, others: &[(&str, &str)]) -> App {
    load(template, others).unwrap_or_else(|faults| panic!("{faults}"))
}

#[track_caller]
fn said(template: &str, others: &[(&str, &str)]) -> String {
    load(template, others).expect_err("the template loads").to_string()
}

#[test]
fn resources_outputs_and_properties_are_repeated() {
    let app = app(
        &format!(
            "{EXTENSIONS}
Parameters:
  Teams: {{Type: CommaDelimitedList, Default: 'red, blue-green'}}
Resources:
  Fn::ForEach::Queues:
    - Team
    - !Ref Teams
    - 'Queue&{{Team}}':
        Type: AWS::SQS::Queue
        Properties:
          QueueName: !Sub 'jobs-${{Team}}'
      Fn::ForEach::Functions:
        - Stage
        - [Dev, Prod]
        - 'Worker${{Stage}}&{{Team}}':
            Type: AWS::Serverless::Function
            Properties:
              Runtime: provided.al2023
              Handler: bootstrap
              CodeUri: code
              Environment:
                Variables:
                  Fn::ForEach::Flags:
                    - Flag
                    - [A, B]
                    - 'FLAG_${{Flag}}': !Ref Flag
                  TEAM: !Ref Team
                  STAGE: !Sub '${{Stage}}-${{AWS::Region}}'
              Events:
                Jobs:
                  Type: SQS
                  Properties:
                    Queue: !GetAtt 'Queue&{{Team}}.Arn'
Outputs:
  Fn::ForEach::Urls:
    - Team
    - !Ref Teams
    - 'Url&{{Team}}': {{Value: !Ref 'Queue&{{Team}}'}}
"
        ),
        &[],
    );
    let queues: Vec<_> = app.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(queues, ["jobs-red", "jobs-blue-green"]);
    let functions: Vec<_> = app.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        functions,
        ["WorkerDevred", "WorkerProdred", "WorkerDevbluegreen", "WorkerProdbluegreen"]
    );
    let variables: Vec<_> =
        app.functions[2].environment.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(variables, ["FLAG_A=A", "FLAG_B=B", "STAGE=Dev-us-east-1", "TEAM=blue-green"]);
    let outputs: Vec<_> = app.outputs.iter().map(|o| format!("{} {}", o.name, o.value)).collect();
    assert_eq!(
        outputs,
        [
            "Urlred http://127.0.0.1:9000/000000000000/jobs-red",
            "Urlbluegreen http://127.0.0.1:9000/000000000000/jobs-blue-green"
        ]
    );
    assert_eq!(app.functions[3].span.line, 16);
}

#[test]
fn faults_of_loops() {
    let resources = |body: &str| format!("{EXTENSIONS}Resources:\n{body}");
    assert_eq!(
        said("Resources:\n  Fn::ForEach::Q: [A, [x], {'Q${A}': {Type: AWS::SQS::Queue}}]\n", &[]),
        "\
/app/template.yaml:2:3: error: `Fn::ForEach::Q` needs the language extensions
    2 |   Fn::ForEach::Q: [A, [x], {'Q${A}': {Type: AWS::SQS::Queue}}]
      |   ^^^^^^^^^^^^^^
  at Resources.Fn::ForEach::Q
help: write `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]`"
    );
    assert_eq!(
        said(&resources("  Fn::ForEach::Q: [A, [x, y], {Jobs: {Type: AWS::SQS::Queue}}]\n"), &[]),
        "\
/app/template.yaml:3:32: error: `Jobs` is given twice in one mapping
    3 |   Fn::ForEach::Q: [A, [x, y], {Jobs: {Type: AWS::SQS::Queue}}]
      |                                ^^^^
  at Resources.Fn::ForEach::Q[2].Jobs
help: put the loop's variable into the key: `Name${Variable}`"
    );
    for (body, message) in [
        (
            "  Fn::ForEach::Q: [A, [x]]\n",
            "takes a list of an identifier, a collection and a mapping",
        ),
        (
            "  Fn::ForEach::Q: [A, x, {'Q${A}': {Type: AWS::SQS::Queue}}]\n",
            "goes through a list, not `x`",
        ),
        ("  Fn::ForEach::Q: [A, [x], y]\n", "repeats a mapping, not `y`"),
        ("  Fn::ForEach::Q: [[A], [x], {}]\n", "the identifier must be text, not a list"),
        ("  Fn::ForEach::Q-1: [A, [x], {}]\n", "`Q-1` is not the name of a loop"),
        ("  Fn::ForEach::Q: [A, !Ref Nope, {}]\n", "there is no parameter or resource `Nope`"),
        (
            "  Fn::ForEach::Q: [A, [x], {'Q${A}': {Type: AWS::SQS::Queue}}]\n  R:\n    Type: AWS::SQS::Queue\n    Properties:\n      Fn::ForEach::Q: [A, [x], {}]\n",
            "two loops are named `Q`",
        ),
    ] {
        let said = said(&resources(body), &[]);
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn endless_loops_are_bounded() {
    let items = (0..300).map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ");
    let mut body = "{'Q&{A}&{B}&{C}': {Type: AWS::SQS::Queue}}".to_owned();
    for identifier in ["A", "B", "C"] {
        body = format!("{{'Fn::ForEach::L{identifier}': [{identifier}, [{items}], {body}]}}");
    }
    let said = said(&format!("{EXTENSIONS}Resources: {body}\n"), &[]);
    assert!(said.contains("more than 1000000 values, loops and files expanded"), "{said:.300}");
}

#[test]
fn files_are_included() {
    let app = app(
        "
Transform:
  - AWS::Serverless-2016-10-31
  - Name: AWS::Include
    Parameters: {Location: parts/queues.yaml}
Parameters:
  Folder: {Type: String, Default: parts}
Mappings:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: ./parts/regions.json}}
Resources:
  Own: {Type: AWS::SQS::Queue}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment:
        Variables:
          OWN: mine
          REGION: !FindInMap [Regions, us-east-1, Name]
          Fn::Transform:
            Name: AWS::Include
            Parameters: {Location: !Sub '${Folder}/variables.yaml'}
",
        &[
            (
                "parts/queues.yaml",
                "Resources:\n  Jobs: {Type: AWS::SQS::Queue}\n  Own: {Type: Nope}\n",
            ),
            ("parts/regions.json", r#"{"Regions": {"us-east-1": {"Name": "Virginia"}}}"#),
            ("parts/variables.yaml", "OWN: theirs\nJOBS: !GetAtt Jobs.Arn\n"),
        ],
    );
    let queues: Vec<_> = app.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(queues, ["Own", "Jobs"]);
    assert_eq!(app.queues[1].span.to_string(), "/app/parts/queues.yaml:2:3");
    let variables: Vec<_> =
        app.functions[0].environment.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(
        variables,
        ["JOBS=arn:aws:sqs:us-east-1:000000000000:Jobs", "OWN=mine", "REGION=Virginia"]
    );
}

#[test]
fn faults_of_included_files_are_told_in_them() {
    let template = "\
Resources:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: queues.yaml}}
";
    assert_eq!(
        said(template, &[("queues.yaml", "Jobs:\n  Type: AWS::SQS::Queue\n  Propertys: {}\n")]),
        "\
/app/queues.yaml:3:3: error: unknown attribute `Propertys` of resource Jobs
    3 |   Propertys: {}
      |   ^^^^^^^^^
  at Jobs.Propertys
help: did you mean `Properties`?"
    );
    assert_eq!(
        said(template, &[]),
        "\
/app/template.yaml:2:62: error: the included file `queues.yaml` does not exist
    2 |   Fn::Transform: {Name: AWS::Include, Parameters: {Location: queues.yaml}}
      |                                                              ^^^^^^^^^^^
  at Resources
help: the path is taken from the template's folder: /app/queues.yaml"
    );
    let circle = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: queues.yaml}}\n";
    let circle = said(template, &[("queues.yaml", circle)]);
    assert!(circle.contains("queues.yaml:1:60: error: `queues.yaml` includes itself"), "{circle}");
}

#[test]
fn macros_are_named() {
    let app = app(
        "
Transform: [AWS::Serverless-2016-10-31, {Name: AWS::Include, Parameters: {Location: s3://b/k}}]
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: jobs
      Fn::Transform: {Name: Count, Parameters: {Many: 3}}
",
        &[],
    );
    assert_eq!(
        notes(&app),
        [
            "AWS::Include of s3://b/k: not fetched: what is in it is missing",
            "Fn::Transform (Count): not applied: what it would add to the template is missing",
        ]
    );
}
