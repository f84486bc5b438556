//! Bad templates and what is said about them, word for word: intrinsic functions.

use super::says;

#[test]
fn unknown_ref() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment:
        Variables:
          QUEUE_URL: !Ref OrderQueue
  OrdersQueue:
    Type: AWS::SQS::Queue
",
        "
template.yaml:11:22: error: there is no parameter or resource `OrderQueue`
   11 |           QUEUE_URL: !Ref OrderQueue
      |                      ^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.QUEUE_URL
help: did you mean `OrdersQueue`?
",
    );
}

#[test]
fn unknown_attribute() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment:
        Variables:
          QUEUE: !GetAtt OrdersQueue.Name
  OrdersQueue:
    Type: AWS::SQS::Queue
",
        "
template.yaml:11:18: error: OrdersQueue has no attribute `Name`
   11 |           QUEUE: !GetAtt OrdersQueue.Name
      |                  ^^^^^^^^^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.QUEUE
help: it has Arn, QueueName, QueueUrl
",
    );
}

#[test]
fn unknown_variable() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment:
        Variables:
          TEXT: !Sub |
            first line
            table ${Tabel} of ${AWS::Region}
  Table:
    Type: AWS::DynamoDB::Table
",
        "
template.yaml:13:19: error: there is no parameter or resource `Tabel`
   13 |             table ${Tabel} of ${AWS::Region}
      |                   ^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.TEXT
help: did you mean `Table`?
",
    );
}

#[test]
fn circular_names() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${B.QueueName}-a
  B:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${A.QueueName}-b
",
        "
template.yaml:3:3: error: the name of A depends on itself
    3 |   A:
      |   ^
  at Resources.A
help: break the circle: write one of the names out
",
    );
}

#[test]
fn functions_misused() {
    says(
        r#"Transform: AWS::Serverless-2016-10-31
Mappings:
  Sizes:
    prod: {memory: 128}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Environment:
        Variables:
          A1: !Join [",", !Ref AWS::Region]
          B1: !Select [3, [a, b]]
          C1: !Split [",", [a]]
          D1: !If [Prod, a, b]
          E1: !FindInMap [Sizes, dev, memory]
          F1: !Equals [a, b]
          G1: {"Fn::Joine": [",", [a]]}
          H1: !Length [a]
          I1: !Ref AWS::Regoin
          J1: !Sub "${a b}"
          K1: {"Fn::If": [A, b, c], x: y}
          L1: !Cidr [10.0.0.0/24, 4, 16]
          M1: !Sub ["x"]
          N1: !GetAtt Hello
"#,
        r#"
template.yaml:14:27: error: `Fn::Join` needs a list here, not `us-east-1`
   14 |           A1: !Join [",", !Ref AWS::Region]
      |                           ^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.A1

template.yaml:15:24: error: `Fn::Select` asks for item 3 of 2
   15 |           B1: !Select [3, [a, b]]
      |                        ^
  at Resources.Hello.Properties.Environment.Variables.B1
help: items count from 0

template.yaml:16:28: error: `Fn::Split` needs text here, not a list
   16 |           C1: !Split [",", [a]]
      |                            ^
  at Resources.Hello.Properties.Environment.Variables.C1

template.yaml:17:20: error: there is no condition `Prod`
   17 |           D1: !If [Prod, a, b]
      |                    ^^^^
  at Resources.Hello.Properties.Environment.Variables.D1
help: define it under `Conditions:`

template.yaml:18:34: error: `Mappings` has no key `dev` here
   18 |           E1: !FindInMap [Sizes, dev, memory]
      |                                  ^^^
  at Resources.Hello.Properties.Environment.Variables.E1
help: there are prod

template.yaml:19:15: error: `Fn::Equals` gives a condition, not a value
   19 |           F1: !Equals [a, b]
      |               ^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.F1
help: name it under `Conditions:` and use `!If [NAME, VALUE, VALUE]`

template.yaml:20:16: error: unknown intrinsic function `Fn::Joine`
   20 |           G1: {"Fn::Joine": [",", [a]]}
      |                ^^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.G1
help: did you mean `Fn::Join`?

template.yaml:21:15: error: `Fn::Length` needs the language extensions
   21 |           H1: !Length [a]
      |               ^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.H1
help: write `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]`

template.yaml:22:15: error: unknown pseudo parameter `AWS::Regoin`
   22 |           I1: !Ref AWS::Regoin
      |               ^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.I1
help: did you mean `AWS::Region`?

template.yaml:23:21: error: `${a b}` is not a variable of `Fn::Sub`
   23 |           J1: !Sub "${a b}"
      |                     ^^^^^^
  at Resources.Hello.Properties.Environment.Variables.J1
help: write `${!a b}` for the text itself

template.yaml:24:16: error: `Fn::If` must stand alone in its mapping
   24 |           K1: {"Fn::If": [A, b, c], x: y}
      |                ^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.K1.Fn::If
help: remove the keys beside it

template.yaml:25:15: error: `10.0.0.0/24` has no room for 4 blocks of 16 host bits
   25 |           L1: !Cidr [10.0.0.0/24, 4, 16]
      |               ^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.L1

template.yaml:26:15: error: `Fn::Sub` takes a string, or a list of a string and its variables
   26 |           M1: !Sub ["x"]
      |               ^^^^^^
  at Resources.Hello.Properties.Environment.Variables.M1

template.yaml:27:15: error: `Fn::GetAtt` takes a logical id and an attribute
   27 |           N1: !GetAtt Hello
      |               ^^^^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.N1
help: write `!GetAtt NAME.Arn`
"#,
    );
}
