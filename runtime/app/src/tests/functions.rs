//! Functions: properties, globals, code, what is left out.

use std::time::Duration;

use super::{app, hello, messages, notes};
use crate::{Build, Kind, Rate, Trigger};

#[test]
fn globals_merge_as_sam_merges() {
    let app = app("
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    CodeUri: code
    Timeout: 10
    Architectures: [x86_64]
    Environment: {Variables: {FIRST: global, SECOND: global}}
Resources:
  Merged:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: !Ref AWS::NoValue
      Architectures: [arm64]
      Environment: {Variables: {SECOND: local, THIRD: local}}
  Apart:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout, Environment]
    Properties: {}
");
    let merged = app.function("Merged").unwrap();
    assert_eq!(merged.timeout, Duration::from_secs(3));
    let variables: Vec<_> =
        merged.environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(variables, [("FIRST", "global"), ("SECOND", "local"), ("THIRD", "local")]);
    let apart = app.function("Apart").unwrap();
    assert_eq!(apart.timeout, Duration::from_secs(3));
    assert!(apart.environment.is_empty());
}

#[test]
fn text_is_a_number_where_one_is_asked_for() {
    let app = app(&hello(
        "Timeout: '12'\nMemorySize: !Ref Memory\nEnvironment: {Variables: {PORT: 8080, ON: true}}",
        "Parameters: {Memory: {Type: Number, Default: 512}}\n",
    ));
    let hello = app.function("Hello").unwrap();
    assert_eq!((hello.timeout.as_secs(), hello.memory_mb), (12, 512));
    assert_eq!(
        (hello.environment["PORT"].as_str(), hello.environment["ON"].as_str()),
        ("8080", "true")
    );
}

#[test]
fn code_is_built_or_taken() {
    for (properties, kind, build) in [
        ("", Kind::Process, Build::Prebuilt),
        ("Handler: hello.wasm", Kind::Wasm, Build::Prebuilt),
        ("CodeUri: crate", Kind::Process, Build::Cargo { binary: None }),
        (
            "CodeUri: crate/\nHandler: my-hello.wasm",
            Kind::Wasm,
            Build::Cargo { binary: Some("my-hello".to_owned()) },
        ),
        // What runs on AWS; here the same package is built and not compiled ahead of time.
        (
            "CodeUri: crate/\nHandler: my-hello.cwasm",
            Kind::Wasm,
            Build::Cargo { binary: Some("my-hello".to_owned()) },
        ),
        ("Handler: hello.cwasm", Kind::Wasm, Build::Prebuilt),
    ] {
        // Later lines replace those of the frame.
        let mut text = hello("", "");
        for line in properties.lines() {
            let key = line.split(':').next().unwrap();
            let old = text.lines().find(|l| l.trim_start().starts_with(key)).unwrap().to_owned();
            text = text.replace(&old, &format!("      {line}"));
        }
        let app = app(&text);
        let hello = app.function("Hello").unwrap();
        assert_eq!((hello.kind, &hello.code.build), (kind, &build), "{properties}");
    }
}

#[test]
fn what_is_not_run_is_read_all_the_same() {
    let app = app("
Transform: AWS::Serverless-2016-10-31
Resources:
  Ruby:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: ruby3.4
      Handler: app.handler
      CodeUri: nowhere
      Events:
        Get: {Type: HttpApi, Properties: {Method: GET, Path: /}}
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image, ImageUri: x}
  Inline:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Handler: x, InlineCode: x}
  Stored:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Handler: x, CodeUri: s3://bucket/key}
Outputs:
  Arn: {Value: !GetAtt Ruby.Arn}
");
    let not_run: Vec<_> =
        app.functions.iter().map(|f| (f.name.as_str(), f.not_run.as_deref())).collect();
    assert_eq!(
        not_run,
        [
            ("Ruby", Some("the runtime ruby3.4 is not run yet")),
            ("Image", Some("container images are not run")),
            ("Inline", Some("inline code is not run")),
            ("Stored", Some("code in S3 is not fetched")),
        ]
    );
    assert_eq!(app.functions[0].triggers.len(), 2);
    assert_eq!(app.functions[1].code.build, Build::Image(Some("x".into())));
    assert_eq!(app.functions[2].code.build, Build::Inline("x".into()));
    assert_eq!(app.functions[3].code.build, Build::S3("s3://bucket/key".into()));
    assert_eq!(app.apis[0].routes[0].function(), Some("Ruby"));
    assert_eq!(app.outputs[0].value, "arn:aws:lambda:us-east-1:000000000000:function:Ruby");
    let function = "(AWS::Serverless::Function)";
    assert_eq!(
        notes(&app),
        [
            format!("Resources.Ruby {function}: not run: the runtime ruby3.4 is not run yet"),
            format!("Resources.Image {function}: not run: container images are not run"),
            format!("Resources.Inline {function}: not run: inline code is not run"),
            format!("Resources.Stored {function}: not run: code in S3 is not fetched"),
        ]
    );
}

#[test]
fn what_is_not_emulated_is_named_and_what_changes_nothing_is_not() {
    let app = app(&hello(
        "Tracing: Active
Policies: [AWSLambdaBasicExecutionRole]
Tags: {a: b}
VpcConfig: {SubnetIds: [!ImportValue x]}
Layers: [!Ref Layer]
DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Jobs.Arn}
ProvisionedConcurrencyConfig: !Ref AWS::NoValue
FunctionUrlConfig: {AuthType: AWS_IAM, Cors: {AllowOrigins: ['*']}}
Events:
  Topic: {Type: SNS, Properties: {Topic: !Ref Topic}}
  Outside: {Type: SQS, Properties: {Queue: 'arn:aws:sqs:us-east-1:123456789012:jobs'}}
  Inside: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, FilterCriteria: {Filters: []}}}
  Nightly: {Type: Schedule, Properties: {Schedule: cron(0 3 * * ? *)}}",
        "  Layer: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: code}}
  Topic: {Type: 'AWS::SNS::Topic'}
  Jobs: {Type: 'AWS::SQS::Queue'}
  Role: {Type: 'AWS::IAM::Role'}
  May: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [!Ref Jobs]}}
",
    ));
    assert_eq!(
        notes(&app),
        [
            "Resources.Hello.Events.Outside (SQS): arn:aws:sqs:us-east-1:123456789012:jobs is not a queue of this template: nothing arrives from it",
        ]
    );
    let triggers = &app.function("Hello").unwrap().triggers;
    assert_eq!(triggers.len(), 4, "{triggers:?}");
}

const LAYER: &str = "'arn:aws:lambda:us-east-1:123456789012:layer:tools:4'";

#[test]
fn a_layer_that_is_not_on_this_machine_is_named() {
    let app = app(&hello(&format!("Layers: [{LAYER}]"), ""));
    let note = "Resources.Hello.Layers[0]: not on this machine: functions run without it";
    assert_eq!(notes(&app), [note]);
}

#[test]
fn globals_that_are_not_emulated_are_named_once() {
    let one = "{Type: 'AWS::Serverless::Function', Properties: {Runtime: provided, Handler: x, CodeUri: code}}";
    let app = app(&format!(
        "Transform: AWS::Serverless-2016-10-31\nGlobals: {{Function: {{AutoPublishAlias: live}}}}\n\
         Resources: {{A: {one}, B: {one}}}\n"
    ));
    assert_eq!(
        notes(&app),
        ["Globals.Function.AutoPublishAlias: no versions and aliases: the newest code is called"]
    );
}

#[test]
fn schedules_of_both_kinds() {
    let app = app(&hello(
        "Events:
  Rule: {Type: Schedule, Properties: {Schedule: rate(2 hours), Name: every-two, Enabled: false}}
  Off: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 days), State: DISABLED}}
  Once: {Type: ScheduleV2, Properties: {ScheduleExpression: 'at(2030-01-01T00:00:00)'}}",
        "",
    ));
    let found: Vec<_> = app
        .function("Hello")
        .unwrap()
        .triggers
        .iter()
        .map(|trigger| match trigger {
            Trigger::Schedule(s) => (s.rule.as_str(), s.rate.clone(), s.enabled),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            ("every-two", Rate::Every(Duration::from_secs(7200)), false),
            ("HelloOff", Rate::Every(Duration::from_secs(86_400)), false),
            ("HelloOnce", Rate::Expression("at(2030-01-01T00:00:00)".to_owned()), true),
        ]
    );
}

#[test]
fn a_binary_is_a_name_and_never_an_option() {
    for binary in ["--config=x", "../x", "a b", "''"] {
        let text = hello("", "").replace(
            "    Properties:",
            &format!("    Metadata: {{BuildProperties: {{Binary: {binary}}}}}\n    Properties:"),
        );
        let messages = messages(&text);
        assert!(messages[0].contains("must be the name of a binary"), "{messages:?}");
    }
}

#[test]
fn a_handler_stays_in_its_folder() {
    for handler in ["../hello.wasm", "/etc/x.wasm"] {
        let text = hello("", "").replace("Handler: bootstrap", &format!("Handler: {handler}"));
        assert_eq!(
            messages(&text),
            ["`Handler` of Hello must name a file in the folder of the code"]
        );
    }
}

#[test]
fn two_functions_cannot_share_a_name() {
    let two = "  Other: {Type: 'AWS::Serverless::Function', Properties: {Runtime: provided, Handler: x, CodeUri: code, FunctionName: Hello}}\n";
    assert_eq!(messages(&hello("", two)), ["another function is named `Hello` as Other is"]);
}

#[test]
fn names_in_what_is_not_read_are_checked_too() {
    let text = hello(
        "Policies:
  - SQSSendMessagePolicy: {QueueName: !GetAtt Jbos.QueueName}
  - Statement: [{Effect: Allow, Action: 's3:*', Resource: !Sub '${Bukket}/${!user}/${HelloXyz}'}]",
        "  Jobs: {Type: 'AWS::SQS::Queue'}\n  Bucket: {Type: 'AWS::S3::Bucket'}\n",
    );
    assert_eq!(
        messages(&text),
        ["there is no resource `Jbos`", "there is no parameter or resource `Bukket`"]
    );
}

#[test]
fn dynamic_references_are_left_and_named() {
    let app = app(&hello("Environment: {Variables: {KEY: '{{resolve:ssm:/app/key}}'}}", ""));
    assert_eq!(app.function("Hello").unwrap().environment["KEY"], "{{resolve:ssm:/app/key}}");
    assert_eq!(
        notes(&app),
        [
            "Resources.Hello.Environment.Variables.KEY: the dynamic reference is left as it is written"
        ]
    );
}

#[test]
fn allowed_hosts_are_metadata() {
    let hosts = "    Metadata:
      BuildMethod: rust-cargolambda
      Samovar:
        AllowedHosts:
          - api.example.com
          - '*.example.com'
          - !Sub https://${Api}:8443
          - http://127.0.0.1:8080
          - !ImportValue elsewhere
Parameters: {Api: {Type: String, Default: Api.Example.Org}}
";
    let wasm = app(&hello("", hosts).replace("bootstrap", "hello.wasm"));
    let allowed = &wasm.function("Hello").unwrap().allowed_hosts;
    let expected = [
        "api.example.com",
        "*.example.com",
        "https://api.example.org:8443",
        "http://127.0.0.1:8080",
    ];
    assert_eq!(*allowed, expected.map(|host| host.parse().unwrap()));
    let unknown = "Resources.Hello.Metadata.Samovar.AllowedHosts[4]: only AWS knows the host: it is \
                   not allowed";
    assert!(notes(&wasm).iter().any(|note| note == unknown), "{:?}", notes(&wasm));
    let native = app(&hello("", hosts));
    let native_only = "Resources.Hello.Metadata.Samovar.AllowedHosts: holds for WASM functions \
                       only: a native one reaches every host";
    assert!(notes(&native).iter().any(|note| note == native_only), "{:?}", notes(&native));
}

#[test]
fn isolates_are_used_again_where_metadata_says_so() {
    let reuse = "    Metadata:
      Samovar: {Reuse: 100}
";
    let wasm = app(&hello("", reuse).replace("bootstrap", "hello.wasm"));
    let function = wasm.function("Hello").unwrap();
    assert_eq!(function.reuse.get(), 100);
    assert!(function.places.has("Metadata.Samovar.Reuse"));
    let fresh = app(&hello("", "").replace("bootstrap", "hello.wasm"));
    assert_eq!(fresh.function("Hello").unwrap().reuse.get(), 1);
    let native = app(&hello("", reuse));
    let note = "Resources.Hello.Metadata.Samovar.Reuse: holds for WASM functions only: a native \
                environment is always used again";
    assert!(notes(&native).iter().any(|given| given == note), "{:?}", notes(&native));
}
