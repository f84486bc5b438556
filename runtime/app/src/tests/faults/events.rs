//! Bad templates and what is said about them, word for word: events.

use super::says;

#[test]
fn unknown_event_type() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Orders:
          Type: SQSS
",
        "
template.yaml:11:17: error: unknown event type `SQSS` of Hello
   11 |           Type: SQSS
      |                 ^^^^
  at Resources.Hello.Properties.Events.Orders.Type
help: did you mean `SQS`?
",
    );
}

#[test]
fn schedule_plural() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Tick:
          Type: Schedule
          Properties:
            Schedule: rate(1 minutes)
",
        "
template.yaml:13:23: error: `Schedule` of event Tick of Hello must be a schedule expression, not `rate(1 minutes)`
   13 |             Schedule: rate(1 minutes)
      |                       ^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Events.Tick.Properties.Schedule
help: write `rate(1 minute)`: AWS refuses the other form
",
    );
}

#[test]
fn schedule_input() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Tick:
          Type: Schedule
          Properties:
            Schedule: rate(1 minute)
            Input: hello
",
        r#"
template.yaml:14:20: error: `Input` of event Tick of Hello must be JSON text, not `hello`
   14 |             Input: hello
      |                    ^^^^^
  at Resources.Hello.Properties.Events.Tick.Properties.Input
help: write JSON in quotes, as in '{"key": "value"}' (expected value at line 1 column 1)
"#,
    );
}

#[test]
fn queue_by_url() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Orders:
          Type: SQS
          Properties:
            Queue: !Ref OrdersQueue
  OrdersQueue:
    Type: AWS::SQS::Queue
",
        "
template.yaml:13:20: error: `Queue` of event Orders of Hello must be the ARN of a queue, not `http://127.0.0.1:9000/000000000000/OrdersQueue`
   13 |             Queue: !Ref OrdersQueue
      |                    ^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Events.Orders.Properties.Queue
help: `!Ref` gives the queue's URL: write `!GetAtt OrdersQueue.Arn`
",
    );
}

#[test]
fn short_visibility() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Timeout: 60
      Events:
        Orders:
          Type: SQS
          Properties:
            Queue: !GetAtt OrdersQueue.Arn
  OrdersQueue:
    Type: AWS::SQS::Queue
",
        "
template.yaml:11:9: error: the visibility time-out of OrdersQueue (30 s) is shorter than the time-out of Hello (60 s)
   11 |         Orders:
      |         ^^^^^^
  at Resources.Hello.Properties.Events.Orders
help: give the queue a `VisibilityTimeout` of at least 60, better 360
",
    );
}

#[test]
fn large_batch() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Orders:
          Type: SQS
          Properties:
            Queue: !GetAtt OrdersQueue.Arn
            BatchSize: 100
  OrdersQueue:
    Type: AWS::SQS::Queue
",
        "
template.yaml:14:24: error: `BatchSize` of event Orders of Hello is 100 without a batching window
   14 |             BatchSize: 100
      |                        ^^^
  at Resources.Hello.Properties.Events.Orders.Properties.BatchSize
help: above 10, add `MaximumBatchingWindowInSeconds: 1` or more
",
    );
}

#[test]
fn route_twice() {
    says(
        r#"Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        A:
          Type: HttpApi
          Properties: {Method: GET, Path: "/a/{id}"}
        B:
          Type: HttpApi
          Properties: {Method: get, Path: "/a/{name}"}
"#,
        "
template.yaml:13:9: error: Hello is called for `GET /a/{name}` of the same API already
   13 |         B:
      |         ^
  at Resources.Hello.Properties.Events.B
help: give each route to one function
",
    );
}

#[test]
fn route_without_slash() {
    says(
        r#"Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        A:
          Type: HttpApi
          Properties: {Method: FETCH, Path: orders}
        B:
          Type: Api
          Properties: {Path: /x}
        C:
          Type: Api
          Properties: {Path: "/x/{proxy+}/y", Method: ANY}
"#,
        r#"
template.yaml:12:32: error: `Method` of event A of Hello must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY, not `FETCH`
   12 |           Properties: {Method: FETCH, Path: orders}
      |                                ^^^^^
  at Resources.Hello.Properties.Events.A.Properties.Method
help: did you mean `PATCH`?

template.yaml:13:9: error: event B of Hello has no `Method`
   13 |         B:
      |         ^
  at Resources.Hello.Properties.Events.B
help: add one: `Method: GET`, or `ANY`

template.yaml:18:30: error: `Path` of event C of Hello must be a path of API Gateway's, not `/x/{proxy+}/y`
   18 |           Properties: {Path: "/x/{proxy+}/y", Method: ANY}
      |                              ^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Events.C.Properties.Path
help: a greedy parameter (`{proxy+}`) must come last
"#,
    );
}

#[test]
fn cron_field() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Event:
          Type: Schedule
          Properties:
            Schedule: cron(0 25 * * ? *)
",
        "
template.yaml:13:23: error: `Schedule` of event Event of Hello must be a schedule expression, not `cron(0 25 * * ? *)`
   13 |             Schedule: cron(0 25 * * ? *)
      |                       ^^^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Events.Event.Properties.Schedule
help: the field for hours has `25`: write 0 to 23, `*`, ranges `a-b`, steps `a/n`
",
    );
}

#[test]
fn pattern_operator() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Event:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [orders]
              detail:
                state: [{prefx: new}]
",
        "
template.yaml:16:26: error: unknown operator `prefx` at `detail.state` of `Pattern` of event Event of Hello
   16 |                 state: [{prefx: new}]
      |                          ^^^^^
  at Resources.Hello.Properties.Events.Event.Properties.Pattern.detail.state[0].prefx
help: did you mean `prefix`?
",
    );
}

#[test]
fn bucket_by_name() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Event:
          Type: S3
          Properties:
            Bucket: uploads
            Events: s3:ObjectCreate:*
",
        "
template.yaml:13:21: error: `Bucket` of event Event of Hello must be `!Ref` of an `AWS::S3::Bucket` of this template
   13 |             Bucket: uploads
      |                     ^^^^^^^
  at Resources.Hello.Properties.Events.Event.Properties.Bucket
help: SAM adds the function to the resource itself: write `!Ref` and its logical id

template.yaml:14:21: error: `Events` of event Event of Hello must be an event of S3's, not `s3:ObjectCreate:*`
   14 |             Events: s3:ObjectCreate:*
      |                     ^^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Events.Event.Properties.Events
help: did you mean `s3:ObjectCreated:*`?
",
    );
}

#[test]
fn policy_on_attributes() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Event:
          Type: SNS
          Properties:
            Topic: !Ref Alarms
            FilterPolicy: {house: {door: [open]}}
  Alarms:
    Type: AWS::SNS::Topic
",
        "
template.yaml:14:35: error: `house` of `FilterPolicy` of event Event of Hello must be a list of values, not a mapping
   14 |             FilterPolicy: {house: {door: [open]}}
      |                                   ^
  at Resources.Hello.Properties.Events.Event.Properties.FilterPolicy.house
help: add `FilterPolicyScope: MessageBody`: message attributes have no parts
",
    );
}
