//! Bad plain Lambda resources, and what is said about them.

use super::super::messages;
use super::says;

#[test]
fn a_plain_function_has_its_own_properties() {
    says(
        "Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Code: code
      Tracing: Active
      DeadLetterConfg: {}
",
        "
template.yaml:2:3: error: Hello has no `Role`
    2 |   Hello:
      |   ^^^^^
  at Resources.Hello
help: add one: `Role: !GetAtt NAME.Arn`

template.yaml:8:7: error: unknown property `Tracing` of Hello
    8 |       Tracing: Active
      |       ^^^^^^^
  at Resources.Hello.Properties.Tracing

template.yaml:9:7: error: unknown property `DeadLetterConfg` of Hello
    9 |       DeadLetterConfg: {}
      |       ^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.DeadLetterConfg
help: did you mean `DeadLetterConfig`?
",
    );
}

/// What is said of one resource beside a function, `Hello`.
#[track_caller]
fn said(kind: &str, properties: &str) -> Vec<String> {
    messages(&format!(
        "Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Code: code
      Role: arn:aws:iam::000000000000:role/hello
  It: {{Type: 'AWS::Lambda::{kind}', Properties: {{{properties}}}}}
"
    ))
}

#[test]
fn what_stands_around_a_function() {
    let function = "FunctionName: !Ref Hello";
    for (kind, properties, expected) in [
        ("Url", "AuthType: NONE", &["It has no `TargetFunctionArn`"][..]),
        ("Url", "TargetFunctionArn: !Ref Hello", &["It has no `AuthType`"]),
        (
            "Url",
            "TargetFunctionArn: !Ref Hello, AuthType: IAM",
            &["`AuthType` of It must be one of NONE, AWS_IAM, not `IAM`"],
        ),
        (
            "Alias",
            &format!("{function}, Name: '1', Versoin: '1'"),
            &[
                "It has no `FunctionVersion`",
                "`Name` of It must be the name of an alias, not `1`",
                "unknown property `Versoin` of It",
            ],
        ),
        (
            "Alias",
            &format!(
                "{function}, Name: live, FunctionVersion: '1', RoutingConfig: {{}}, \
                 ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 1}}"
            ),
            &["It has both `ProvisionedConcurrencyConfig` and `RoutingConfig`"],
        ),
        (
            "Version",
            &format!(
                "{function}, ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 0}}"
            ),
            &[
                "`ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions` of It must be from 1 to 1000000, not `0`",
            ],
        ),
        (
            "EventInvokeConfig",
            &format!(
                "{function}, MaximumRetryAttempts: 3, DestinationConfig: {{OnFailure: {{Type: SQS}}}}"
            ),
            &[
                "It has no `Qualifier`",
                "`MaximumRetryAttempts` of It must be from 0 to 2, not `3`",
                "`DestinationConfig.OnFailure` of It has no `Destination`",
                "unknown property `Type` of It",
            ],
        ),
        (
            "Permission",
            &format!("{function}, Principal: '*', FunctionUrlAuthType: IAM"),
            &[
                "It has no `Action`",
                "`FunctionUrlAuthType` of It must be one of AWS_IAM, NONE, not `IAM`",
            ],
        ),
        (
            "LayerVersion",
            "Content: {S3Bucket: b}, CompatibleArchitectures: [x86]",
            &[
                "`Content` of It has no `S3Key`",
                "`CompatibleArchitectures[0]` of It must be one of arm64, x86_64, not `x86`",
            ],
        ),
    ] {
        assert_eq!(said(kind, properties), expected, "{kind} {properties}");
    }
}

#[test]
fn attributes_that_they_do_not_have() {
    let text = "
Resources:
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: f, Name: live, FunctionVersion: '1'}}
Outputs:
  Arn: {Value: !GetAtt Live.Arn}
";
    says(
        text,
        "
template.yaml:5:16: error: Live has no attribute `Arn`
    5 |   Arn: {Value: !GetAtt Live.Arn}
      |                ^^^^^^^^^^^^^^^^
  at Outputs.Arn.Value
help: it has AliasArn
",
    );
}
