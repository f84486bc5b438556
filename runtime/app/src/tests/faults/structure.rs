//! Bad templates and what is said about them, word for word: the frame.

use super::says;

#[test]
fn no_transform() {
    says(
        "Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
",
        "
template.yaml:3:11: error: `AWS::Serverless::Function` needs the SAM transform
    3 |     Type: AWS::Serverless::Function
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
  at Resources.Hello.Type
help: add this line at the top of the template: `Transform: AWS::Serverless-2016-10-31`
",
    );
}

#[test]
fn misspelt_transform() {
    says(
        "Transform: AWS::Serverless-2016-10-30
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
",
        "
template.yaml:1:12: error: unknown transform `AWS::Serverless-2016-10-30`
    1 | Transform: AWS::Serverless-2016-10-30
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^
  at Transform
help: did you mean `AWS::Serverless-2016-10-31`?
",
    );
}

#[test]
fn unknown_serverless_type() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Functoin
",
        "
template.yaml:4:11: error: unknown resource type `AWS::Serverless::Functoin` of Hello
    4 |     Type: AWS::Serverless::Functoin
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
  at Resources.Hello.Type
help: did you mean `AWS::Serverless::Function`?
",
    );
}

#[test]
fn misindented() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Timeout: 3
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
",
        "
template.yaml:5:5: error: unknown attribute `Timeout` of resource Hello
    5 |     Timeout: 3
      |     ^^^^^^^
  at Resources.Hello.Timeout
help: properties belong under `Properties:`
",
    );
}

#[test]
fn unknown_section() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resource:
  Hello:
    Type: AWS::SQS::Queue
",
        "
template.yaml:2:1: error: unknown section `Resource`
    2 | Resource:
      | ^^^^^^^^
  at Resource
help: did you mean `Resources`?
",
    );
}

#[test]
fn globals() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    FunctionName: x
    Timout: 3
  Functions: {}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
",
        "
template.yaml:4:5: error: `FunctionName` cannot stand in `Globals.Function`
    4 |     FunctionName: x
      |     ^^^^^^^^^^^^
  at Globals.Function.FunctionName
help: give it to each resource, under its `Properties`

template.yaml:5:5: error: `Timout` cannot stand in `Globals.Function`
    5 |     Timout: 3
      |     ^^^^^^
  at Globals.Function.Timout
help: did you mean `Timeout`?

template.yaml:6:3: error: `Globals` has no `Functions`
    6 |   Functions: {}
      |   ^^^^^^^^^
  at Globals.Functions
help: did you mean `Function`?
",
    );
}

#[test]
fn depends_on() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Q:
    Type: AWS::SQS::Queue
    DependsOn: [P, Qu]
  Queue:
    Type: AWS::SQS::Queue
",
        "
template.yaml:5:17: error: there is no resource `P`
    5 |     DependsOn: [P, Qu]
      |                 ^
  at Resources.Q.DependsOn[0]

template.yaml:5:20: error: there is no resource `Qu`
    5 |     DependsOn: [P, Qu]
      |                    ^^
  at Resources.Q.DependsOn[1]
help: did you mean `Q`?
",
    );
}

#[test]
fn parameter_values() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage:
    Type: String
    Default: test
    AllowedValues: [dev, prod]
  Size:
    Type: Number
    Default: big
  Key:
    Type: String
  Odd:
    Type: Strng
Resources: {}
",
        "
template.yaml:5:14: error: `test` is not an allowed value of Stage
    5 |     Default: test
      |              ^^^^
  at Parameters.Stage.Default
help: allowed are dev, prod

template.yaml:9:14: error: Size must be a number, not `big`
    9 |     Default: big
      |              ^^^
  at Parameters.Size.Default

template.yaml:10:3: error: parameter Key has no value
   10 |   Key:
      |   ^^^
  at Parameters.Key
help: give it a `Default`, or a value: --parameter-overrides Key=VALUE

template.yaml:13:11: error: unknown type `Strng` of parameter Odd
   13 |     Type: Strng
      |           ^^^^^
  at Parameters.Odd.Type
help: did you mean `String`?
",
    );
}

#[test]
fn circular_conditions() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Conditions:
  A: !Not [!Condition B]
  B: !Not [!Condition A]
Resources:
  Q:
    Type: AWS::SQS::Queue
    Condition: A
",
        "
template.yaml:4:12: error: condition `A` depends on itself
    4 |   B: !Not [!Condition A]
      |            ^^^^^^^^^^^^
  at Conditions.B
help: break the circle of `Condition` references
",
    );
}

#[test]
fn not_created() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Q:
    Type: AWS::SQS::Queue
    Condition: IsProd
Outputs:
  Url:
    Value: !Ref Q
",
        "
template.yaml:12:12: error: Q is not created: its condition `IsProd` is not met
   12 |     Value: !Ref Q
      |            ^^^^^^
  at Outputs.Url.Value
help: use `!If [IsProd, ..., !Ref AWS::NoValue]` here
",
    );
}
