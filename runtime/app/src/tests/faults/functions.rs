//! Bad templates and what is said about them, word for word: functions.

use super::says;

#[test]
fn wrong_type() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Timeout: soon
",
        "
template.yaml:9:16: error: `Timeout` of Hello must be a whole number, not `soon`
    9 |       Timeout: soon
      |                ^^^^
  at Resources.Hello.Properties.Timeout
help: write a whole number of seconds from 1 to 900
",
    );
}

#[test]
fn out_of_range() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Timeout: 901
      MemorySize: 64
",
        "
template.yaml:9:16: error: `Timeout` of Hello must be from 1 to 900, not `901`
    9 |       Timeout: 901
      |                ^^^
  at Resources.Hello.Properties.Timeout
help: write a whole number of seconds from 1 to 900

template.yaml:10:19: error: `MemorySize` of Hello must be from 128 to 10240, not `64`
   10 |       MemorySize: 64
      |                   ^^
  at Resources.Hello.Properties.MemorySize
help: write a whole number of MB from 128 to 10240
",
    );
}

#[test]
fn unknown_property() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Timout: 3
",
        "
template.yaml:9:7: error: unknown property `Timout` of Hello
    9 |       Timout: 3
      |       ^^^^^^
  at Resources.Hello.Properties.Timout
help: did you mean `Timeout`?
",
    );
}

#[test]
fn no_code_uri() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
",
        "
template.yaml:3:3: error: Hello has no `CodeUri`
    3 |   Hello:
      |   ^^^^^
  at Resources.Hello
help: add `CodeUri: FOLDER`, taken from the template's own folder
",
    );
}

#[test]
fn code_is_empty() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: empty
",
        "
template.yaml:8:16: error: Hello has no code: `empty` has neither Cargo.toml nor bootstrap
    8 |       CodeUri: empty
      |                ^^^^^
  at Resources.Hello.Properties.CodeUri
help: give the folder of a cargo package, or of a built `bootstrap`
",
    );
}

#[test]
fn component_is_missing() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: other.wasm
      CodeUri: code
",
        "
template.yaml:8:16: error: Hello has no code: `code` has neither Cargo.toml nor other.wasm
    8 |       CodeUri: code
      |                ^^^^
  at Resources.Hello.Properties.CodeUri
help: give the folder of a cargo package, or of the built component
",
    );
}

#[test]
fn cargo_lambda_without_package() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: empty
",
        "
template.yaml:10:16: error: Hello has no code: `empty` has no Cargo.toml
   10 |       CodeUri: empty
      |                ^^^^^
  at Resources.Hello.Properties.CodeUri
help: `BuildMethod: rust-cargolambda` needs a cargo package there
",
    );
}

#[test]
fn unknown_runtime() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2024
      Handler: bootstrap
      CodeUri: code
",
        "
template.yaml:6:16: error: unknown runtime `provided.al2024` of Hello
    6 |       Runtime: provided.al2024
      |                ^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.Runtime
help: did you mean `provided.al2023`?
",
    );
}

#[test]
fn no_runtime() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: bootstrap
      CodeUri: code
",
        "
template.yaml:3:3: error: Hello has no `Runtime`
    3 |   Hello:
      |   ^^^^^
  at Resources.Hello
help: add one: `Runtime: provided.al2023` runs a native binary
",
    );
}

#[test]
fn environment() {
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
          AWS_REGION: eu-west-1
          MY-VAR: x
          LIST: [a, b]
          STAGE: &s x
        Variable: {}
",
        "
template.yaml:11:11: error: `AWS_REGION` is set by Lambda itself
   11 |           AWS_REGION: eu-west-1
      |           ^^^^^^^^^^
  at Resources.Hello.Properties.Environment.Variables.AWS_REGION
help: choose another name: AWS refuses this one

template.yaml:12:11: error: `MY-VAR` is not the name of an environment variable
   12 |           MY-VAR: x
      |           ^^^^^^
  at Resources.Hello.Properties.Environment.Variables.MY-VAR
help: start with a letter, go on with letters, digits and `_`

template.yaml:13:17: error: `LIST` of Hello must be text, not a list
   13 |           LIST: [a, b]
      |                 ^
  at Resources.Hello.Properties.Environment.Variables.LIST

template.yaml:15:9: error: unknown property `Variable` of Hello
   15 |         Variable: {}
      |         ^^^^^^^^
  at Resources.Hello.Properties.Environment.Variable
help: did you mean `Variables`?
",
    );
}

#[test]
fn function_url() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      FunctionUrlConfig:
        InvokeMode: STREAM
",
        "
template.yaml:9:7: error: `FunctionUrlConfig` of Hello has no `AuthType`
    9 |       FunctionUrlConfig:
      |       ^^^^^^^^^^^^^^^^^
  at Resources.Hello.Properties.FunctionUrlConfig
help: add one: `AuthType: NONE`

template.yaml:10:21: error: `InvokeMode` of Hello must be one of BUFFERED, RESPONSE_STREAM, not `STREAM`
   10 |         InvokeMode: STREAM
      |                     ^^^^^^
  at Resources.Hello.Properties.FunctionUrlConfig.InvokeMode
",
    );
}

#[test]
fn allowed_hosts() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: hello.wasm
      CodeUri: code
    Metadata:
      Samovar:
        AllowedHost: a.example
        AllowedHosts:
          - https://api.example.com/v1
          - 'api.*.com'
          - 0x7f.1
",
        "
template.yaml:11:9: error: unknown property `AllowedHost` of Hello
   11 |         AllowedHost: a.example
      |         ^^^^^^^^^^^
  at Resources.Hello.Metadata.Samovar.AllowedHost
help: did you mean `AllowedHosts`?

template.yaml:13:13: error: `Metadata.Samovar.AllowedHosts[0]` of Hello must be a host, not `https://api.example.com/v1`
   13 |           - https://api.example.com/v1
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^
  at Resources.Hello.Metadata.Samovar.AllowedHosts[0]
help: a path, a query or a user cannot be allowed alone: write only the host

template.yaml:14:13: error: `Metadata.Samovar.AllowedHosts[1]` of Hello must be a host, not `api.*.com`
   14 |           - 'api.*.com'
      |             ^^^^^^^^^^^
  at Resources.Hello.Metadata.Samovar.AllowedHosts[1]
help: a wildcard is the whole first part of a name: `*.example.com`

template.yaml:15:13: error: `Metadata.Samovar.AllowedHosts[2]` of Hello must be a host, not `0x7f.1`
   15 |           - 0x7f.1
      |             ^^^^^^
  at Resources.Hello.Metadata.Samovar.AllowedHosts[2]
help: write an IPv4 address as four decimal numbers: `10.0.0.5`
",
    );
}

#[test]
fn a_number_of_requests_that_is_none() {
    let template = |value: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: hello.wasm
      CodeUri: code
    Metadata:
      Samovar:
        Reuse: {value}
"
        )
    };
    for (value, problem, width) in [
        ("0", "must be from 1 to 1000000, not `0`", 1),
        ("-1", "must be from 1 to 1000000, not `-1`", 2),
        ("1000001", "must be from 1 to 1000000, not `1000001`", 7),
        ("yes please", "must be a whole number, not `yes please`", 10),
    ] {
        says(
            &template(value),
            &format!(
                "
template.yaml:11:16: error: `Metadata.Samovar.Reuse` of Hello {problem}
   11 |         Reuse: {value}
      |                {}
  at Resources.Hello.Metadata.Samovar.Reuse
help: write a whole number of requests from 1 to 1000000
",
                "^".repeat(width)
            ),
        );
    }
}
