//! Every operation of Lambda's service model, by boto3 and the AWS CLI, with a restart.

use std::fs;
use std::sync::Arc;

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::managed::release;
use crate::server::{Ports, Server, Shared, root};
use crate::tools::{AWS, BOTO3, NPM, PIP, succeed};
use crate::{against, needing};

/// It runs functions of the fixtures, which are built when those are served.
pub(crate) fn trials(fixtures: &Arc<Shared>) -> Vec<Trial> {
    let table = against(fixtures, "lambda_api::every_operation_is_served_or_named", table);
    vec![needing(&[BOTO3, AWS, PIP, NPM], table)]
}

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Work: {Type: AWS::SQS::Queue}
  Tools:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layer}
  Declared:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Timeout: 10
      Layers: [!Ref Tools]
      AutoPublishAlias: live
      Events:
        Get: {Type: HttpApi, Properties: {Path: /declared, Method: get}}
";

fn table(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("template.yaml"), TEMPLATE).unwrap();
    fs::create_dir(path("code")).unwrap();
    fs::copy(release().join("environment"), path("code/bootstrap")).unwrap();
    fs::create_dir_all(path("layer/python")).unwrap();
    fs::write(path("layer/python/shared.py"), "NAME = 'the template'\n").unwrap();
    for phase in ["made", "kept"] {
        let state = path("state");
        let server = Server::start(&path("template.yaml"), Ports::free(), Some(&state), &[]);
        let mut command = BOTO3.command();
        command.arg(root().join("tests/e2e/lambda_api.py")).args([phase, &server.api("")]);
        command.arg(server.ports.http.to_string()).arg(release().join("echo"));
        succeed(&mut command);
        server.signal(Signal::KILL);
        server.wait();
    }
}
