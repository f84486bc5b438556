//! Every property of a function, in the model and at its place.

use std::time::Duration;

use super::{app, hello, notes};
use crate::{Architecture, Cors, Destination, LayerReference, Target, Tracing};

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn every_property() {
    let app = app(&hello(
        "Description: Says hello
Architectures: [arm64]
MemorySize: 256
Timeout: 30
EphemeralStorage: {Size: 1024}
Layers: [!Ref Tools, 'arn:aws:lambda:eu-west-1:123456789012:layer:other:7']
ReservedConcurrentExecutions: 5
ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: '2'}
AutoPublishAlias: !Ref Stage
EventInvokeConfig:
  MaximumEventAgeInSeconds: 60
  MaximumRetryAttempts: 0
  DestinationConfig:
    OnSuccess: {Type: Lambda, Destination: !GetAtt Hello.Arn}
    OnFailure: {Type: SQS, Destination: !GetAtt Jobs.Arn}
DeadLetterQueue: {Type: SNS, TargetArn: !Ref Topic}
Tracing: Active
LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: TRACE, SystemLogLevel: WARN, LogGroup: /my/logs}
SnapStart: {ApplyOn: PublishedVersions}",
        "  Tools: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: code}}
  Jobs: {Type: 'AWS::SQS::Queue'}
  Topic: {Type: 'AWS::SNS::Topic'}
Parameters: {Stage: {Type: String, Default: prod-1}}
Outputs:
  Alias: {Value: !Ref HelloAliasprodD1}
  Referred: {Value: !Ref Hello.Alias}
",
    ));
    let hello = app.function("Hello").unwrap();
    assert_eq!(hello.description.as_deref(), Some("Says hello"));
    assert_eq!(hello.architecture, Architecture::Arm64);
    assert_eq!((hello.memory_mb, hello.timeout), (256, Duration::from_secs(30)));
    assert_eq!(hello.ephemeral_storage_mb, 1024);
    let other = "arn:aws:lambda:eu-west-1:123456789012:layer:other:7";
    assert_eq!(
        hello.layers,
        [LayerReference::Local("Tools".into()), LayerReference::Remote(other.into())]
    );
    assert_eq!((hello.reserved_concurrency, hello.provisioned_concurrency), (Some(5), Some(2)));
    assert_eq!(hello.alias.as_deref(), Some("prod-1"));
    let alias = "arn:aws:lambda:us-east-1:000000000000:function:Hello:prod-1";
    assert_eq!((app.outputs[0].value.as_str(), app.outputs[1].value.as_str()), (alias, alias));
    let asynchronous = &hello.asynchronous;
    assert_eq!((asynchronous.maximum_age.as_secs(), asynchronous.maximum_retries), (60, 0));
    assert_eq!(
        asynchronous.on_success,
        Some(Destination { arn: hello.arn.clone(), target: Target::Function("Hello".into()) })
    );
    assert_eq!(
        asynchronous.on_failure,
        Some(Destination {
            arn: "arn:aws:sqs:us-east-1:000000000000:Jobs".into(),
            target: Target::Queue("Jobs".into())
        })
    );
    assert_eq!(
        hello.dead_letter,
        Some(Destination {
            arn: "arn:aws:sns:us-east-1:000000000000:Topic".into(),
            target: Target::Topic("Topic".into())
        })
    );
    assert_eq!(hello.tracing, Tracing::Active);
    let logging = &hello.logging;
    assert!(logging.json && hello.snap_start);
    assert_eq!(logging.application_level.as_deref(), Some("TRACE"));
    assert_eq!(logging.system_level.as_deref(), Some("WARN"));
    assert_eq!(logging.group.as_deref(), Some("/my/logs"));
}

#[test]
fn what_is_not_written_has_lambdas_defaults() {
    let app = app(&hello("Tracing: Disabled\nSnapStart: {ApplyOn: None}", ""));
    let hello = app.function("Hello").unwrap();
    assert_eq!(hello.architecture, Architecture::X86_64);
    assert_eq!(hello.asynchronous, crate::Asynchronous::default());
    assert_eq!(hello.logging, crate::Logging::default());
    assert_eq!((hello.tracing, hello.snap_start), (Tracing::PassThrough, false));
    assert_eq!((hello.dead_letter.as_ref(), hello.alias.as_deref()), (None, None));
    assert!(hello.layers.is_empty());
}

#[test]
fn layers_of_globals_come_first() {
    let text = hello("Layers: [!Ref Tools]", "").replace(
        "Resources:\n",
        "Globals: {Function: {Layers: [!Ref Fonts]}}\nResources:
  Fonts: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: code}}
  Tools: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: code}}\n",
    );
    assert_eq!(
        app(&text).function("Hello").unwrap().layers,
        [LayerReference::Local("Fonts".into()), LayerReference::Local("Tools".into())]
    );
}

#[test]
fn sam_makes_the_destinations_that_are_not_named() {
    let app = app(&hello(
        "EventInvokeConfig:
  DestinationConfig:
    OnSuccess: {Type: SNS}
    OnFailure: {Type: SQS, Destination: !Ref AWS::NoValue}
Events:
  Failed: {Type: SQS, Properties: {Queue: !GetAtt HelloEventInvokeConfigOnFailureQueue.Arn}}",
        "Outputs:
  Queue: {Value: !Ref Hello.DestinationQueue}
  Topic: {Value: !Ref HelloEventInvokeConfigOnSuccessTopic}
",
    ));
    let queue = "HelloEventInvokeConfigOnFailureQueue";
    let topic = "HelloEventInvokeConfigOnSuccessTopic";
    let hello = app.function("Hello").unwrap();
    let target = |on: &Option<Destination>| on.as_ref().unwrap().target.clone();
    assert_eq!(target(&hello.asynchronous.on_failure), Target::Queue(queue.into()));
    assert_eq!(target(&hello.asynchronous.on_success), Target::Topic(topic.into()));
    assert_eq!((app.queues[0].logical_id.as_str(), app.queues[0].name.as_str()), (queue, queue));
    assert!(app.queues[0].attributes.is_empty());
    assert_eq!(app.queues[0].span.line, 12);
    assert_eq!(app.topics[0].arn, format!("arn:aws:sns:us-east-1:000000000000:{topic}"));
    assert_eq!(app.outputs[0].value, app.queues[0].url);
    assert_eq!(app.outputs[1].value, app.topics[0].arn);
    // The visibility time-out of 30 seconds is enough for a function of 3.
    assert_eq!(hello.triggers.len(), 1);
}

#[test]
fn a_made_queue_has_a_name_that_sqs_takes() {
    let id = "H".repeat(60);
    let text = hello("EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS}}}", "");
    let app = app(&text.replace("Hello", &id));
    assert_eq!(app.queues[0].name.len(), 80);
    assert!(app.queues[0].name.starts_with(&id));
}

#[test]
fn a_function_url_has_cors() {
    let app = app(&hello(
        "FunctionUrlConfig:
  AuthType: NONE
  InvokeMode: RESPONSE_STREAM
  Cors:
    AllowCredentials: 'true'
    AllowHeaders: [x-a, x-b]
    AllowMethods: [GET, '*']
    AllowOrigins: ['https://example.com']
    ExposeHeaders: [x-c]
    MaxAge: 86400",
        "",
    ));
    let url = app.function("Hello").unwrap().url.as_ref().unwrap();
    assert!(url.public && url.streaming);
    assert_eq!(
        url.cors,
        Some(Cors {
            allow_origins: owned(&["https://example.com"]),
            allow_methods: owned(&["GET", "*"]),
            allow_headers: owned(&["x-a", "x-b"]),
            expose_headers: owned(&["x-c"]),
            max_age: Some(86_400),
            allow_credentials: true,
        })
    );
}

#[test]
fn functions_on_a_capacity_provider_have_wider_bounds() {
    let app = app(&hello(
        "CapacityProviderConfig: {Arn: !GetAtt Provider.Arn}
FunctionScalingConfig: {MinExecutionEnvironments: 1}
MemorySize: 32768
Timeout: 5400",
        "  Provider: {Type: 'AWS::Serverless::CapacityProvider'}\n",
    ));
    let hello = app.function("Hello").unwrap();
    assert_eq!((hello.memory_mb, hello.timeout.as_secs()), (32_768, 5400));
}

#[test]
fn what_only_aws_knows_is_not_judged() {
    let app = app(&hello(
        "Description: !ImportValue description
Architectures: [!ImportValue architecture]
EphemeralStorage: {Size: !ImportValue size}
Layers: [!ImportValue layer]
AutoPublishAlias: !ImportValue alias
EventInvokeConfig: !ImportValue config
DeadLetterQueue: {Type: SQS, TargetArn: !ImportValue dead}
Tracing: !ImportValue tracing
LoggingConfig: {LogFormat: !ImportValue format, ApplicationLogLevel: !ImportValue level}
SnapStart: {ApplyOn: !ImportValue snap}
FunctionUrlConfig: {AuthType: !ImportValue auth, Cors: {MaxAge: !ImportValue age}}
VpcConfig: {SubnetIds: !ImportValue subnets}",
        "",
    ));
    let hello = app.function("Hello").unwrap();
    assert_eq!(hello.layers.len(), 1);
    assert!(hello.url.as_ref().unwrap().public);
    // Where the value means nothing here, it is not missed.
    assert!(!notes(&app).iter().any(|note| note.contains("subnets")), "{:?}", notes(&app));
}

#[test]
fn every_property_knows_its_place() {
    let text = "\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Timeout: 10
    Layers: [!Ref Tools]
    Environment:
      Variables:
        FIRST: global
        SECOND: global
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: bootstrap
      CodeUri: code
      MemorySize: 256
      Layers:
        - !Ref Tools
      Environment:
        Variables:
          SECOND: local
      EventInvokeConfig:
        MaximumRetryAttempts: 1
  Apart:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout]
    Properties: {Handler: bootstrap, CodeUri: code}
  Tools: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: code}}
";
    let app = app(text);
    let line = |id: &str, path: &str| app.function(id).unwrap().places.of(path).line;
    for (path, expected) in [
        ("Timeout", 5),
        ("MemorySize", 17),
        ("Runtime", 4),
        ("Layers[0]", 6),
        ("Layers[1]", 19),
        ("Environment.Variables.FIRST", 9),
        ("Environment.Variables.SECOND", 22),
        ("EventInvokeConfig.MaximumRetryAttempts", 24),
        ("EventInvokeConfig.MaximumEventAgeInSeconds", 23),
        ("Description", 12),
    ] {
        assert_eq!(line("Hello", path), expected, "{path}");
    }
    assert_eq!(line("Apart", "Timeout"), 25);
    assert_eq!(line("Apart", "Runtime"), 4);
    assert_eq!(app.function("Hello").unwrap().places.of("Timeout").column, 14);
}

#[test]
fn every_resource_knows_where_its_properties_stand() {
    let app = app("\
Transform: AWS::Serverless-2016-10-31
Globals:
  HttpApi:
    CorsConfiguration: {AllowOrigins: ['*']}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: 5
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Dead.Arn
        maxReceiveCount: 3
  Dead: {Type: AWS::SQS::Queue}
  Web: {Type: AWS::Serverless::HttpApi}
");
    let line = |id: &str, path: &str| app.resource(id).unwrap().places.of(path).line;
    assert_eq!(line("Jobs", "DelaySeconds"), 9);
    assert_eq!(line("Jobs", "RedrivePolicy.maxReceiveCount"), 12);
    assert_eq!(line("Jobs", "VisibilityTimeout"), 6);
    assert_eq!(line("Web", "CorsConfiguration.AllowOrigins[0]"), 4);
    assert!(app.resource("Nothing").is_none());
}
