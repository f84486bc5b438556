//! Bad properties of functions, and what is said about them.

use super::super::{hello, messages};
use super::says;

/// A template with one bad property each, and what is said.
#[track_caller]
fn say(cases: &[(&str, &str)]) {
    for (properties, expected) in cases {
        assert_eq!(messages(&hello(properties, "")), [*expected], "{properties}");
    }
}

#[test]
fn a_property_deep_down() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      EventInvokeConfig:
        MaximumRetryAttempts: 3
        DestinationConfig:
          OnFailure:
            Type: SQS
            Destination: !Ref Jobs
          OnSucces: {}
      Layers: [!Ref Jobs]
  Jobs: {Type: AWS::SQS::Queue}
",
        "
template.yaml:10:31: error: `EventInvokeConfig.MaximumRetryAttempts` of Hello must be from 0 to 2, not `3`
   10 |         MaximumRetryAttempts: 3
      |                               ^
  at Resources.Hello.Properties.EventInvokeConfig.MaximumRetryAttempts
help: write a whole number from 0 to 2

template.yaml:14:26: error: `EventInvokeConfig.DestinationConfig.OnFailure.Destination` of Hello must be an ARN, not `http://127.0.0.1:9000/000000000000/Jobs`
   14 |             Destination: !Ref Jobs
      |                          ^^^^^^^^^
  at Resources.Hello.Properties.EventInvokeConfig.DestinationConfig.OnFailure.Destination
help: `!Ref` gives the queue's URL: write `!GetAtt Jobs.Arn`

template.yaml:15:11: error: unknown property `OnSucces` of Hello
   15 |           OnSucces: {}
      |           ^^^^^^^^
  at Resources.Hello.Properties.EventInvokeConfig.DestinationConfig.OnSucces
help: did you mean `OnSuccess`?

template.yaml:16:16: error: `Layers[0]` of Hello must be the ARN of a layer's version, not `http://127.0.0.1:9000/000000000000/Jobs`
   16 |       Layers: [!Ref Jobs]
      |                ^^^^^^^^^
  at Resources.Hello.Properties.Layers[0]
help: write `!Ref LAYER`, or `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`
",
    );
}

#[test]
fn asynchronous_invocations() {
    let config = "EventInvokeConfig: {DestinationConfig: {OnFailure: ";
    let of = |destination: &str| format!("{config}{destination}}}}}");
    say(&[
        (
            "EventInvokeConfig: {MaximumEventAgeInSeconds: 59}",
            "`EventInvokeConfig.MaximumEventAgeInSeconds` of Hello must be from 60 to 21600, not `59`",
        ),
        (
            &of("{Destination: 'arn:aws:sqs:x'}"),
            "`EventInvokeConfig.DestinationConfig.OnFailure` of Hello has no `Type`",
        ),
        (
            &of("{Type: EventBridge}"),
            "`EventInvokeConfig.DestinationConfig.OnFailure` of Hello has no `Destination`",
        ),
        (
            &of("{Type: Queue}"),
            "`EventInvokeConfig.DestinationConfig.OnFailure.Type` of Hello must be one of SQS, SNS, EventBridge, Lambda, S3Bucket, not `Queue`",
        ),
        ("DeadLetterQueue: {Type: SQS}", "`DeadLetterQueue` of Hello has no `TargetArn`"),
        ("DeadLetterQueue: {TargetArn: 'arn:x'}", "`DeadLetterQueue` of Hello has no `Type`"),
        (
            "DeadLetterQueue: {Type: Lambda, TargetArn: 'arn:x'}",
            "`DeadLetterQueue.Type` of Hello must be one of SQS, SNS, not `Lambda`",
        ),
    ]);
}

#[test]
fn versions_and_concurrency() {
    say(&[
        (
            "ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}",
            "`ProvisionedConcurrencyConfig` of Hello needs an alias",
        ),
        (
            "AutoPublishAlias: live\nProvisionedConcurrencyConfig: {}",
            "`ProvisionedConcurrencyConfig` of Hello has no `ProvisionedConcurrentExecutions`",
        ),
        (
            "AutoPublishAlias: live\nReservedConcurrentExecutions: 2\n\
             ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}",
            "Hello has 3 provisioned environments of 2",
        ),
        (
            "AutoPublishAlias: '12'",
            "`AutoPublishAlias` of Hello must be the name of an alias, not `12`",
        ),
        ("VersionDeletionPolicy: Retain", "`VersionDeletionPolicy` of Hello needs an alias"),
        ("SnapStart: {}", "`SnapStart` of Hello has no `ApplyOn`"),
        (
            "SnapStart: {ApplyOn: Always}",
            "`SnapStart.ApplyOn` of Hello must be one of PublishedVersions, None, not `Always`",
        ),
    ]);
}

#[test]
fn settings() {
    let long = format!("Description: {}", "x".repeat(257));
    let said = format!(
        "`Description` of Hello must be at most 256 characters long, not `{}...`",
        "x".repeat(57)
    );
    say(&[
        (&long, &said),
        (
            "Architectures: [arm64, x86_64]",
            "`Architectures` of Hello must be a list of one architecture, not a list",
        ),
        (
            "Tracing: Always",
            "`Tracing` of Hello must be one of Active, PassThrough, Disabled, not `Always`",
        ),
        (
            "LoggingConfig: {LogFormat: Text, SystemLogLevel: INFO}",
            "`LoggingConfig.SystemLogLevel` of Hello needs JSON",
        ),
        (
            "LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: NOTICE}",
            "`LoggingConfig.ApplicationLogLevel` of Hello must be one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL, not `NOTICE`",
        ),
        (
            "LoggingConfig: {LogGroup: 'a b'}",
            "`LoggingConfig.LogGroup` of Hello must be the name of a log group, not `a b`",
        ),
        ("Layers: [a:b]", "`Layers[0]` of Hello must be the ARN of a layer's version, not `a:b`"),
    ]);
}

#[test]
fn function_urls() {
    let url = |cors: &str| format!("FunctionUrlConfig: {{AuthType: NONE, Cors: {{{cors}}}}}");
    say(&[
        (
            &url("AllowMethods: [OPTIONS]"),
            "`Cors.AllowMethods[0]` of Hello must be one of GET, PUT, HEAD, POST, PATCH, DELETE, *, not `OPTIONS`",
        ),
        (&url("MaxAge: 86401"), "`Cors.MaxAge` of Hello must be from 0 to 86400, not `86401`"),
        (&url("AllowOrigin: ['*']"), "unknown property `AllowOrigin` of Hello"),
        (&url("AllowOrigins: '*'"), "`Cors.AllowOrigins` of Hello must be a list, not `*`"),
        (
            &url("AllowCredentials: maybe"),
            "`Cors.AllowCredentials` of Hello must be `true` or `false`, not `maybe`",
        ),
    ]);
}

#[test]
fn what_is_only_checked() {
    say(&[
        ("KmsKeyArn: mine", "`KmsKeyArn` of Hello must be an ARN, not `mine`"),
        ("VpcConfig: {Subnets: []}", "unknown property `Subnets` of Hello"),
        (
            "VpcConfig: {SecurityGroupIds: [a, b, c, d, e, f]}",
            "`VpcConfig.SecurityGroupIds` of Hello has 6 items, and 5 at most",
        ),
        (
            "RuntimeManagementConfig: {UpdateRuntimeOn: Never}",
            "`RuntimeManagementConfig.UpdateRuntimeOn` of Hello must be one of Auto, FunctionUpdate, Manual, not `Never`",
        ),
        (
            "FileSystemConfigs: [{Arn: 'arn:aws:elasticfilesystem:x'}]",
            "`FileSystemConfigs[0]` of Hello has no `LocalMountPath`",
        ),
        (
            "RecursiveLoop: Stop",
            "`RecursiveLoop` of Hello must be one of Allow, Terminate, not `Stop`",
        ),
        ("PropagateTags: x", "`PropagateTags` of Hello must be `true` or `false`, not `x`"),
        (
            "DurableConfig: {RetentionPeriodInDays: 3}",
            "`DurableConfig` of Hello has no `ExecutionTimeout`",
        ),
    ]);
}

#[test]
fn what_cannot_stand_together() {
    let provider = "CapacityProviderConfig: {Arn: 'arn:x'}";
    let tenants = "TenancyConfig: {TenantIsolationMode: PER_TENANT}";
    say(&[
        (
            &format!("{provider}\nVpcConfig: {{}}"),
            "Hello has both `CapacityProviderConfig` and `VpcConfig`",
        ),
        (
            &format!("{tenants}\nSnapStart: {{ApplyOn: None}}"),
            "Hello has both `TenancyConfig` and `SnapStart`",
        ),
        (
            &format!(
                "{tenants}\nEvents: {{Tick: {{Type: Schedule, Properties: {{Schedule: rate(1 hour)}}}}}}"
            ),
            "Hello has both `TenancyConfig` and Schedule events",
        ),
        (
            "FunctionScalingConfig: {MinExecutionEnvironments: 1}",
            "`FunctionScalingConfig` of Hello needs a capacity provider",
        ),
        ("ImageConfig: {}", "`ImageConfig` of Hello goes with `PackageType: Image`"),
    ]);
}

#[test]
fn an_image_has_no_runtime() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      ImageUri: repository:v1
      Handler: bootstrap
",
        "
template.yaml:4:5: error: `Runtime` of Hello goes with `PackageType: Zip`
    4 |     Runtime: provided.al2023
      |     ^^^^^^^
  at Globals.Function.Runtime
help: leave the global one out: `IgnoreGlobals: [Runtime]` beside `Type`

template.yaml:11:7: error: `Handler` of Hello goes with `PackageType: Zip`
   11 |       Handler: bootstrap
      |       ^^^^^^^
  at Resources.Hello.Properties.Handler
help: remove it, or write `PackageType: Zip`
",
    );
}

#[test]
fn handlers_have_no_blanks() {
    let text = hello("", "").replace("Handler: bootstrap", "Handler: my handler");
    assert_eq!(
        messages(&text),
        ["`Handler` of Hello must be at most 128 characters without blanks, not `my handler`"]
    );
}
