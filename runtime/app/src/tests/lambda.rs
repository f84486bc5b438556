//! Plain Lambda resources: functions and what belongs to them.

use super::{app, hello, notes};
use crate::{Architecture, Destination, LayerReference, Target, Tracing};

/// A plain function, `Hello`, with more properties, and more resources.
fn plain(properties: &str, rest: &str) -> String {
    let properties: String = properties.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Code: code
      Role: !GetAtt Role.Arn
{properties}  Role: {{Type: 'AWS::IAM::Role'}}
{rest}"
    )
}

#[test]
fn a_plain_function_is_a_function() {
    let app = app(&plain(
        "FunctionName: my-hello
Description: Says hello
Architectures: [arm64]
MemorySize: 256
Timeout: 30
EphemeralStorage: {Size: 1024}
Environment: {Variables: {QUEUE: !Ref Jobs}}
Layers: [!Ref Tools]
ReservedConcurrentExecutions: 5
DeadLetterConfig: {TargetArn: !GetAtt Jobs.Arn}
TracingConfig: {Mode: Active}
LoggingConfig: {LogGroup: /my/logs}
SnapStart: {ApplyOn: PublishedVersions}
PackageType: Zip
Tags: [{Key: team, Value: greetings}]",
        "  Jobs: {Type: 'AWS::SQS::Queue'}
  Tools: {Type: 'AWS::Lambda::LayerVersion', Properties: {Content: code}}
",
    ));
    let hello = app.function("Hello").unwrap();
    assert_eq!(hello.arn, "arn:aws:lambda:us-east-1:000000000000:function:my-hello");
    assert_eq!(hello.description.as_deref(), Some("Says hello"));
    assert_eq!(hello.architecture, Architecture::Arm64);
    assert_eq!((hello.memory_mb, hello.timeout.as_secs()), (256, 30));
    assert_eq!(hello.ephemeral_storage_mb, 1024);
    assert_eq!(hello.environment["QUEUE"], app.queues[0].url);
    assert_eq!(hello.layers, [LayerReference::Local("Tools".into())]);
    assert_eq!(hello.reserved_concurrency, Some(5));
    assert_eq!(
        hello.dead_letter,
        Some(Destination { arn: app.queues[0].arn.clone(), target: Target::Queue("Jobs".into()) })
    );
    assert_eq!((hello.tracing, hello.snap_start), (Tracing::Active, true));
    assert_eq!(hello.logging.group.as_deref(), Some("/my/logs"));
    assert_eq!(hello.places.of("TracingConfig.Mode").line, 19);
    assert_eq!(hello.places.of("Code").line, 7);
}

const AROUND: &str = "  Jobs: {Type: 'AWS::SQS::Queue'}
  Url:
    Type: AWS::Lambda::Url
    Properties:
      TargetFunctionArn: !Ref Live
      AuthType: NONE
      InvokeMode: RESPONSE_STREAM
      Cors: {AllowOrigins: ['*']}
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Hello, Description: first}
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      Name: live
      FunctionName: !GetAtt Hello.Arn
      FunctionVersion: !GetAtt Version.Version
      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}
  Async:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Hello
      Qualifier: live
      MaximumRetryAttempts: 1
      DestinationConfig: {OnFailure: {Destination: !GetAtt Jobs.Arn}}
  May:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:InvokeFunction', FunctionName: !Ref Live, Principal: s3.amazonaws.com}
Outputs:
  Version: {Value: !Ref Version}
  VersionArn: {Value: !GetAtt Version.FunctionArn}
  Number: {Value: !GetAtt Version.Version}
  Live: {Value: !Ref Live}
  LiveArn: {Value: !GetAtt Live.AliasArn}
  Url: {Value: !GetAtt Url.FunctionUrl}
  UrlArn: {Value: !Ref Url}
";

#[test]
fn what_stands_around_a_function_is_given_to_it() {
    for (text, first) in [(plain("", AROUND), 11), (hello("", AROUND), 10)] {
        let app = app(&text);
        let hello = app.function("Hello").unwrap();
        assert_eq!(hello.alias.as_deref(), Some("live"));
        assert_eq!(hello.provisioned_concurrency, Some(3));
        let url = hello.url.as_ref().unwrap();
        assert!(url.public && url.streaming);
        assert_eq!(url.cors.as_ref().unwrap().allow_origins, ["*"]);
        assert_eq!(url.span.line, first);
        assert_eq!(hello.places.of("FunctionUrlConfig.Cors.AllowOrigins").line, first + 6);
        assert_eq!(hello.asynchronous.maximum_retries, 1);
        assert_eq!(
            hello.asynchronous.on_failure.as_ref().map(|on| &on.target),
            Some(&Target::Queue("Jobs".into()))
        );
        let outputs: Vec<_> = app.outputs.iter().map(|output| output.value.as_str()).collect();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:Hello";
        assert_eq!(
            outputs,
            [
                format!("{arn}:1"),
                format!("{arn}:1"),
                "1".to_owned(),
                format!("{arn}:live"),
                format!("{arn}:live"),
                "http://hello.localhost:3000/".to_owned(),
                arn.to_owned(),
            ]
        );
        assert_eq!(
            notes(&app),
            [
                "Resources.Version (AWS::Lambda::Version): no versions and aliases: the newest code is called",
                "Resources.Live (AWS::Lambda::Alias): no versions and aliases: the newest code is called",
            ]
        );
    }
}

#[test]
fn functions_of_other_templates_are_named() {
    let app = app(&plain(
        "",
        "  Url: {Type: 'AWS::Lambda::Url', Properties: {TargetFunctionArn: other, AuthType: NONE}}
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      Name: live
      FunctionName: arn:aws:lambda:us-east-1:123456789012:function:far
      FunctionVersion: '7'
  May:
    Type: AWS::Lambda::Permission
    Properties: {Action: '*', FunctionName: other, Principal: '*'}
Outputs:
  Url: {Value: !GetAtt Url.FunctionArn}
  Live: {Value: !Ref Live}
",
    ));
    let hello = app.function("Hello").unwrap();
    assert!(hello.url.is_none() && hello.alias.is_none());
    assert_eq!(app.outputs[0].value, "arn:aws:lambda:us-east-1:000000000000:function:other");
    assert_eq!(app.outputs[1].value, "arn:aws:lambda:us-east-1:123456789012:function:far:live");
    assert_eq!(
        notes(&app),
        [
            "Resources.Url (AWS::Lambda::Url): other is not a function of this template",
            "Resources.Live (AWS::Lambda::Alias): arn:aws:lambda:us-east-1:123456789012:function:far is not a function of this template",
        ]
    );
}

#[test]
fn the_first_of_two_counts() {
    let url = |id: &str, mode: &str| {
        format!(
            "  {id}: {{Type: 'AWS::Lambda::Url', Properties: {{TargetFunctionArn: !Ref Hello, \
             AuthType: NONE, InvokeMode: {mode}}}}}\n"
        )
    };
    let both = url("One", "RESPONSE_STREAM") + &url("Two", "BUFFERED");
    let app = app(&plain("", &both));
    assert!(app.function("Hello").unwrap().url.as_ref().unwrap().streaming);
    assert_eq!(notes(&app), ["Resources.Two (AWS::Lambda::Url): not used: Hello has one already"]);
}
