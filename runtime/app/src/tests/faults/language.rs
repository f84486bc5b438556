//! Bad templates and what is said about them, word for word: text that is no template.

use super::says;

#[test]
fn tab() {
    says(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n\tHello:\n",
        "
template.yaml:3:1: error: not valid YAML: a tab indents this line
    3 |  Hello:
      | ^
help: indent with spaces: YAML forbids tabs there
",
    );
}

#[test]
fn not_yaml() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello: [1, 2
  Other: x
",
        "
template.yaml:4:8: error: not valid YAML: illegal placement of ':' indicator
    4 |   Other: x
      |        ^
help: check the indentation, quotes and brackets up to this place
",
    );
}

#[test]
fn bad_indentation() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::SQS::Queue
   Properties: {}
",
        "
template.yaml:5:4: error: not valid YAML: while parsing a block mapping, did not find expected key
    5 |    Properties: {}
      |    ^
help: check the indentation, quotes and brackets up to this place
",
    );
}

#[test]
fn not_a_mapping() {
    says(
        "just text
",
        "
template.yaml:1:1: error: a template must be a mapping, not `just text`
    1 | just text
      | ^^^^^^^^^
help: start with `Transform: AWS::Serverless-2016-10-31` and a `Resources` section
",
    );
}

#[test]
fn empty() {
    says(
        "",
        "
template.yaml: error: the template is empty
help: start with `Transform: AWS::Serverless-2016-10-31` and a `Resources` section
",
    );
}

#[test]
fn only_a_comment() {
    says(
        "# nothing
",
        "
template.yaml: error: the template is empty
help: start with `Transform: AWS::Serverless-2016-10-31` and a `Resources` section
",
    );
}

#[test]
fn two_documents() {
    says(
        "Resources: {}
---
Resources: {}
",
        "
template.yaml:2:1: error: a second YAML document starts here
    2 | ---
      | ^^^
help: a template is one document: remove the `---` line
",
    );
}

#[test]
fn missing_value() {
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
          STAGE:
",
        "
template.yaml:11:11: error: a value is missing here
   11 |           STAGE:
      |           ^^^^^
  at Resources.Hello.Properties.Environment.Variables.STAGE
help: give it a value, or remove its key
",
    );
}

#[test]
fn self_alias() {
    says(
        "Resources: &r
  Hello: *r
",
        "
template.yaml:2:10: error: this alias is inside the value of its own anchor
    2 |   Hello: *r
      |          ^^
help: write the value out
",
    );
}

#[test]
fn duplicate_key() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Timeout: 3
      Timeout: 5
",
        "
template.yaml:10:7: error: `Timeout` is given twice in one mapping
   10 |       Timeout: 5
      |       ^^^^^^^
  at Resources.Hello.Properties.Timeout
help: the first is on line 9: keep one of them
",
    );
}

#[test]
fn unknown_tag() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Description: !Reff X
",
        "
template.yaml:9:20: error: unknown tag `!Reff`
    9 |       Description: !Reff X
      |                    ^^^^^^^
  at Resources.Hello.Properties.Description
help: did you mean `!Ref`?
",
    );
}

#[test]
fn control_characters() {
    says(
        r#"Transform: AWS::Serverless-2016-10-31
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties:
      "Del\e[31may": 3
"#,
        r#"
template.yaml:6:7: error: unknown property `Del�[31may` of Q
    6 |       "Del\e[31may": 3
      |       ^^^^^^^^^^^^^
  at Resources.Q.Properties.Del�[31may
"#,
    );
}
