//! Every intrinsic function, by the output that it gives.

use super::{app, hello, load_with, messages, notes};
use crate::{Options, Values};

/// The frame in which a value is resolved.
const FRAME: &str = r#"
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Stage: {Type: String, Default: dev}
  Zones: {Type: CommaDelimitedList, Default: "a, b ,c"}
  Secret: {Type: "AWS::SSM::Parameter::Value<String>", Default: /app/secret}
Mappings:
  Sizes:
    dev: {memory: 128, names: [small, tiny]}
    prod: {memory: 1024, names: [large]}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Not [!Condition IsDev]
  Either: !Or [!Condition IsDev, !Condition IsProd]
  Both: !And [!Condition IsDev, Condition: IsProd]
Resources:
  Jobs: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Sub "jobs-${Stage}"}}
  Ordered: {Type: "AWS::SQS::Queue", Properties: {FifoQueue: true}}
  Table: {Type: "AWS::DynamoDB::Table", Properties: {TableName: orders}}
  Topic: {Type: "AWS::SNS::Topic"}
  Bucket: {Type: "AWS::S3::Bucket"}
  Setting: {Type: "AWS::SSM::Parameter", Properties: {Type: String, Value: !Ref Stage}}
  OnlyProd: {Type: "AWS::SQS::Queue", Condition: IsProd}
  Web: {Type: "AWS::Serverless::HttpApi"}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      AutoPublishAlias: live
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Root: {Type: Api, Properties: {Path: /, Method: GET}}
        Web: {Type: HttpApi, Properties: {ApiId: !Ref Web}}
Outputs:
  It:
    Value: "#;

fn options() -> Options {
    let ssm = [("/app/secret".to_owned(), "hunter2".to_owned())].into();
    let exports = [("network-Vpc".to_owned(), "vpc-1".to_owned())].into();
    let values = Values { ssm, exports, ..Values::default() };
    Options { values, region: "eu-west-1".into(), ..Options::default() }
}

/// What a value of one line resolves to.
#[track_caller]
fn value(expression: &str) -> String {
    match load_with(&format!("{FRAME}{expression}\n"), &options()) {
        Ok(app) => app.outputs[0].value.clone(),
        Err(faults) => panic!("{expression}:\n{faults}"),
    }
}

#[track_caller]
fn each(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression), *expected, "{expression}");
    }
}

#[test]
fn references() {
    each(&[
        ("!Ref Stage", "dev"),
        ("{Ref: Stage}", "dev"),
        ("!Ref Secret", "hunter2"),
        ("!ImportValue network-Vpc", "vpc-1"),
        ("!ImportValue {'Fn::Join': ['-', [network, Vpc]]}", "vpc-1"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ("!Ref Jobs", "http://127.0.0.1:9000/000000000000/jobs-dev"),
        ("!Ref Hello", "Hello"),
        ("!Ref Table", "orders"),
        ("!Ref Topic", "arn:aws:sns:eu-west-1:000000000000:Topic"),
        ("!Ref Bucket", "bucket"),
        ("!Ref Setting", "Setting"),
    ]);
}

#[test]
fn attributes() {
    each(&[
        ("!GetAtt Jobs.Arn", "arn:aws:sqs:eu-west-1:000000000000:jobs-dev"),
        ("!GetAtt [Jobs, QueueName]", "jobs-dev"),
        ("{Fn::GetAtt: [Jobs, !Join ['', [Queue, Name]]]}", "jobs-dev"),
        ("{Fn::GetAtt: Jobs.QueueUrl}", "http://127.0.0.1:9000/000000000000/jobs-dev"),
        ("!GetAtt Ordered.QueueName", "Ordered.fifo"),
        ("!GetAtt Hello.Arn", "arn:aws:lambda:eu-west-1:000000000000:function:Hello"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:eu-west-1:000000000000:table/orders"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::bucket"),
        ("!GetAtt Bucket.DomainName", "bucket.s3.amazonaws.com"),
        ("!GetAtt Topic.TopicName", "Topic"),
        ("!GetAtt Setting.Value", "dev"),
        ("!GetAtt Web.ApiEndpoint", "http://web.localhost:3000"),
    ]);
}

#[test]
fn what_sam_generates() {
    each(&[
        ("!GetAtt HelloUrl.FunctionUrl", "http://hello.localhost:3000/"),
        ("!GetAtt HelloRole.Arn", "arn:aws:iam::000000000000:role/HelloRole"),
        ("!Ref HelloAliaslive", "arn:aws:lambda:eu-west-1:000000000000:function:Hello:live"),
        ("!Ref Hello.Version", "arn:aws:lambda:eu-west-1:000000000000:function:Hello:1"),
        ("!Ref HelloTick", "HelloTick"),
        ("!GetAtt HelloTick.Arn", "arn:aws:events:eu-west-1:000000000000:rule/HelloTick"),
        ("!Ref ServerlessRestApiProdStage", "Prod"),
        ("!Ref WebApiGatewayDefaultStage", "$default"),
    ]);
    assert_eq!(value("!Ref ServerlessRestApi").len(), 10);
    assert_eq!(value("!Ref ServerlessRestApi"), value("!Ref ServerlessRestApi"));
    assert_ne!(value("!Ref ServerlessRestApi"), value("!Ref Web"));
}

#[test]
fn addresses_of_apis_are_live_ones() {
    let at = |id: &str, rest: &str| {
        value(&format!("!Sub 'https://${{{id}}}.execute-api.${{AWS::Region}}.amazonaws.com{rest}'"))
    };
    assert_eq!(at("Web", "/orders"), "http://web.localhost:3000/orders");
    assert_eq!(
        at("ServerlessRestApi", "/Prod/hello"),
        "http://serverlessrestapi.localhost:3000/hello"
    );
    assert_eq!(at("ServerlessRestApi", "/Prod"), "http://serverlessrestapi.localhost:3000");
    assert_eq!(
        at("ServerlessRestApi", "/Products"),
        "http://serverlessrestapi.localhost:3000/Products"
    );
}

#[test]
fn substitution() {
    each(&[
        ("!Sub 'a-${Stage}-${AWS::Region}-${Jobs.QueueName}'", "a-dev-eu-west-1-jobs-dev"),
        ("!Sub 'keep ${!Stage} and $ and {x} and ${'", "keep ${Stage} and $ and {x} and ${"),
        ("!Sub ['${A}${B}', {A: 1, B: !Ref Stage}]", "1dev"),
        ("{Fn::Sub: ['${Stage}', {Stage: mine}]}", "mine"),
        ("!Sub plain", "plain"),
    ]);
}

#[test]
fn lists_and_strings() {
    each(&[
        ("!Join ['-', [a, !Ref Stage, 3, true]]", "a-dev-3-true"),
        ("!Join ['', !Ref Zones]", "abc"),
        ("!Join [',', []]", ""),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select ['2', [a, b, c]]", "c"),
        ("!Select [1, !Split ['|', 'x|y|z']]", "y"),
        ("!Join ['+', !Split [',', 'a,,b']]", "a++b"),
        ("!Base64 hello", "aGVsbG8="),
        ("{Fn::Base64: !Sub '${Stage}'}", "ZGV2"),
        ("!Join [',', [a, !Ref AWS::NoValue, b]]", "a,b"),
        ("!Length [a, b, c]", "3"),
        ("!ToJsonString {a: [1, true, !Ref Stage], b: '2'}", r#"{"a":[1,true,"dev"],"b":"2"}"#),
        ("!Join [',', !GetAZs '']", "eu-west-1a,eu-west-1b,eu-west-1c"),
        ("!Join [',', !GetAZs us-east-1]", "us-east-1a,us-east-1b,us-east-1c"),
        ("!Join [',', !Cidr [10.0.1.0/24, 3, 5]]", "10.0.1.0/27,10.0.1.32/27,10.0.1.64/27"),
        ("!Join [',', !Cidr ['fd00::/8', 2, 64]]", "fd00::/64,fd00:0:0:1::/64"),
    ]);
}

#[test]
fn conditions_and_mappings() {
    each(&[
        ("!If [IsDev, yes it is, !Ref Nothing]", "yes it is"),
        ("!If [IsProd, !ImportValue x, 'no']", "no"),
        ("!If [Either, a, b]", "a"),
        ("!If [Both, a, b]", "b"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "128"),
        ("!Select [0, !FindInMap [Sizes, prod, names]]", "large"),
        ("!FindInMap [Sizes, test, memory, {DefaultValue: 64}]", "64"),
        ("{Fn::If: [IsDev, {Fn::If: [IsProd, a, b]}, c]}", "b"),
    ]);
}

#[test]
fn parameters_take_values_from_outside() {
    let mut options = options();
    options.parameters.insert("Stage".into(), "prod".into());
    options.parameters.insert("Zones".into(), "x,y".into());
    let text =
        format!("{FRAME}!Join ['-', [!Ref Stage, !Select [1, !Ref Zones], !Ref OnlyProd]]\n");
    let app = load_with(&text, &options).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(app.outputs[0].value, "prod-y-http://127.0.0.1:9000/000000000000/OnlyProd");
    assert_eq!(app.queues.len(), 3);

    options.parameters.insert("Sage".into(), "x".into());
    let faults = load_with(&text, &options).expect_err("the template loads");
    assert_eq!(
        faults.to_string(),
        "template.yaml: error: a value is given for `Sage`, which is no parameter\n\
         help: did you mean `Stage`?"
    );
}

#[test]
fn a_parameter_s_pattern_is_the_whole_value_s() {
    let template = |pattern: &str, value: &str| {
        format!(
            "Parameters:\n  Name: {{Type: String, Default: {value}, AllowedPattern: '{pattern}', \
             ConstraintDescription: small letters}}\n\
             Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\n"
        )
    };
    assert_eq!(app(&template("[a-z]+", "orders")).queues.len(), 1);
    assert_eq!(
        messages(&template("[a-z]+", "orders1")),
        ["`orders1` does not match the `AllowedPattern` of Name"]
    );
    // Java's patterns can say more than is understood here; such a one judges nothing.
    assert_eq!(app(&template("(?!x)[a-z]+", "ORDERS")).queues.len(), 1);
}

#[test]
fn what_only_aws_knows_is_named_and_what_is_made_of_it_is_not_judged() {
    for (expression, expected) in [
        ("!Ref Secret", "{{unresolved:ssm:/app/secret}}"),
        ("!Sub 'x-${Secret}'", "x-{{unresolved:ssm:/app/secret}}"),
        ("!Join ['-', [a, !Ref Secret]]", "a-{{unresolved:ssm:/app/secret}}"),
        ("!Select [7, !Split [',', !Ref Secret]]", "Fn::Select"),
    ] {
        let app = app(&format!("{FRAME}{expression}\n"));
        assert_eq!(app.outputs[0].value, expected, "{expression}");
        let note = "not known here: give it under `Parameters` of a values file";
        let note = format!("SSM parameter /app/secret: {note}");
        assert!(notes(&app).contains(&note), "{:?}", notes(&app));
    }
    let app = app(&hello("Timeout: !ImportValue slow\nMemorySize: !ImportValue large\n", ""));
    assert_eq!(app.functions[0].timeout.as_secs(), 3);
    assert_eq!(
        notes(&app),
        [
            "Fn::ImportValue slow: not known here: give it under `Exports` of a values file",
            "Fn::ImportValue large: not known here: give it under `Exports` of a values file",
        ]
    );
}

#[test]
fn long_chains_are_refused_and_do_not_end_the_stack() {
    let mut text = "Resources:\n".to_owned();
    for index in 0..5000 {
        text.push_str(&format!(
            "  Q{index}: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: !GetAtt Q{}.QueueName}}}}\n",
            index + 1
        ));
    }
    text.push_str("  Q5000: {Type: 'AWS::SQS::Queue'}\n");
    let messages = messages(&text);
    assert_eq!(messages[0], "values need one another more than 64 levels deep");
}

#[test]
fn values_that_double_at_every_step_are_refused() {
    let mut text = "Resources:\n".to_owned();
    for index in 0..60 {
        let next = index + 1;
        text.push_str(&format!(
            "  Q{index}: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: !Sub '${{Q{next}.TopicName}}${{Q{next}.TopicName}}'}}}}\n"
        ));
    }
    text.push_str("  Q60: {Type: 'AWS::SNS::Topic', Properties: {TopicName: xxxxxxxxxxxxxxxx}}\n");
    text.push_str("Outputs: {It: {Value: !GetAtt Q0.TopicName}}\n");
    assert_eq!(messages(&text), ["the template's values grow too large when resolved"]);
}
