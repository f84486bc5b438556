//! Code in every place where a template may have it, and templates that are more than one file.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use libtest_mimic::Trial;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::against;
use crate::server::{Ports, Server, Shared, root};
use crate::tools::{answer, block_on, eventually, get, lambda, post, request, sqs};

/// They run the example's `hello`, which is built when the example is served.
pub(crate) fn trials(example: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(example, "packaging::folders_archives_and_makefiles", locations),
        against(example, "packaging::what_sam_build_leaves", sam_build),
        against(example, "packaging::plain_cloudformation", plain),
        against(example, "packaging::nested_applications", nested),
        against(example, "packaging::what_is_not_run_says_so", not_run),
    ]
}

/// The native build of `hello`.
fn hello() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    target.join("release/hello")
}

/// A folder with these files; `hello` is wherever a path ends in `bootstrap`.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if path.ends_with("bootstrap") {
            fs::copy(hello(), path).unwrap();
        } else {
            fs::write(path, content).unwrap();
        }
    }
    folder
}

pub(crate) fn serve(template: &Path) -> Server {
    Server::start(template, Ports::free(), None, &[])
}

#[track_caller]
fn greets(server: &Server, function: &str) {
    assert_eq!(
        answer(server, function, &json!({"name": "Ada"})),
        json!({"message": "Hello, Ada!"}),
        "{function}"
    );
}

fn locations(_: &Server) {
    let folder = folder(&[
        ("code/bootstrap", ""),
        ("target/lambda/hello/bootstrap", ""),
        ("made/hello/bootstrap", ""),
        ("made/Makefile", "build-Made:\n\tcp hello/bootstrap $(ARTIFACTS_DIR)/bootstrap\n"),
        (
            "template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap}
Resources:
  Folder: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: code/}}
  CargoLambda: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: target/lambda/hello}}
  Zip: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: hello.zip}}
  Made:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: made}
",
        ),
    ]);
    let mut zip = ZipWriter::new(File::create(folder.path().join("hello.zip")).unwrap());
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(&fs::read(hello()).unwrap()).unwrap();
    zip.finish().unwrap();
    let server = serve(&folder.path().join("template.yaml"));
    for function in ["Folder", "CargoLambda", "Zip", "Made"] {
        greets(&server, function);
    }
}

/// The shape of `.aws-sam/build` after `sam build` of SAM CLI 1.170.
fn sam_build(_: &Server) {
    let folder = folder(&[
        (".aws-sam/build/Hello/bootstrap", ""),
        (
            ".aws-sam/build/template.yaml",
            "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties:
        Binary: hello
      SamResourceId: Hello
    Properties:
      CodeUri: Hello
      Handler: bootstrap
      Runtime: provided.al2023
",
        ),
    ]);
    greets(&serve(&folder.path().join(".aws-sam/build/template.yaml")), "Hello");
}

fn plain(_: &Server) {
    let folder = folder(&[
        ("code/bootstrap", ""),
        (
            "template.json",
            &json!({
                "Resources": {
                    "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
                    "Hello": {
                        "Type": "AWS::Lambda::Function",
                        "Properties": {
                            "Code": "code",
                            "Handler": "bootstrap",
                            "Runtime": "provided.al2023",
                            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                            "FunctionName": {"Fn::Sub": "hello-${AWS::Region}"},
                        },
                    },
                    "Url": {
                        "Type": "AWS::Lambda::Url",
                        "Properties": {
                            "AuthType": "NONE",
                            "TargetFunctionArn": {"Ref": "Hello"},
                        },
                    },
                    "Api": {
                        "Type": "AWS::ApiGatewayV2::Api",
                        "Properties": {
                            "Name": "hello",
                            "ProtocolType": "HTTP",
                            "Target": {"Fn::GetAtt": ["Hello", "Arn"]},
                            "RouteKey": "GET /greet",
                        },
                    },
                    "Jobs": {"Type": "AWS::SQS::Queue"},
                    "Mapping": {
                        "Type": "AWS::Lambda::EventSourceMapping",
                        "Properties": {
                            "EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
                            "FunctionName": {"Ref": "Hello"},
                        },
                    },
                },
            })
            .to_string(),
        ),
    ]);
    let server = serve(&folder.path().join("template.json"));
    greets(&server, "hello-us-east-1");
    let greeting = get(&server.http("/greet?name=Ada"));
    assert_eq!(
        (greeting.status, greeting.text()),
        (200, r#"{"message":"Hello, Ada!"}"#.to_owned())
    );
    // The name `hello.localhost` is the client's to resolve, and not every client does.
    let host = [("host", "hello.localhost")];
    let greeting = request("GET", &server.http("/?name=Ada"), &host, b"");
    assert_eq!(greeting.json(), json!({"message": "Hello, Ada!"}));
    let queue = sqs(&server);
    let send =
        queue.send_message().queue_url(server.api("/000000000000/Jobs")).message_body("{}").send();
    block_on(send).unwrap();
    eventually("the message is delivered", || server.output().contains("Jobs"));
}

fn nested(_: &Server) {
    let folder = folder(&[
        ("shop/code/bootstrap", ""),
        (
            "template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Application
    Properties:
      Location: shop/template.yaml
      Parameters: {Greeter: hello-shop}
Outputs:
  Name: {Value: !GetAtt Shop.Outputs.Name}
",
        ),
        (
            "shop/template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeter: {Type: String}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Ref Greeter
      CodeUri: code
      Handler: bootstrap
      Runtime: provided.al2023
      Events:
        Get: {Type: HttpApi, Properties: {Path: /greet, Method: POST}}
Outputs:
  Name: {Value: !Ref Hello}
",
        ),
    ]);
    let server = serve(&folder.path().join("template.yaml"));
    greets(&server, "hello-shop");
    let answer = post(&server.http("/greet"), r#"{"name":"Ada"}"#);
    assert_eq!(answer.json(), json!({"message": "Hello, Ada!"}));
}

fn not_run(_: &Server) {
    let folder = folder(&[
        ("code/bootstrap", ""),
        (
            "template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Java:
    Type: AWS::Serverless::Function
    Properties: {Runtime: java21, Handler: example.Hello, CodeUri: nowhere}
  Hello:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: code}
",
        ),
    ]);
    let server = serve(&folder.path().join("template.yaml"));
    greets(&server, "Hello");
    let refused = block_on(lambda(&server).invoke().function_name("Java").send()).unwrap_err();
    assert_eq!(refused.code(), Some("ResourceConflictException"));
    let message = refused.message().unwrap_or_default();
    assert!(message.contains("the runtime java21 is not run yet"), "{message}");
}
