//! Who may call APIs and function URLs: tokens, Lambda authorizers, API keys, signatures.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use libtest_mimic::Trial;

use crate::server::{Ports, Server, root, samovar};
use crate::tools::{SIGNERS, both, succeed};
use crate::{needing, trial};

const VARIABLES: [(&str, &str); 2] = [
    ("SAMOVAR_ACCESS_KEY_ID", "AKIDTEST"),
    ("SAMOVAR_SECRET_ACCESS_KEY", "a secret of the end-to-end tests"),
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        needing(&[SIGNERS], trial("authorizers::whoever_may_is_let_through", all)),
        trial("authorizers::faulty_key_files_are_named", key_files),
    ]
}

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters: {Issuer: {Type: String}}
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: code, Timeout: 5}
Resources:
  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Tokens
        EnableIamAuthorizer: true
        Authorizers:
          Tokens:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: !Ref Issuer, audience: [shop]}
          Filed:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: 'https://filed.example/', audience: [shop]}
          Simple:
            FunctionArn: !GetAtt Authorize.Arn
            AuthorizerPayloadFormatVersion: 2.0
            EnableSimpleResponses: true
            Identity: {Headers: [X-User], ReauthorizeEvery: 60}
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      Auth:
        Authorizers:
          Policy: {FunctionArn: !GetAtt Authorize.Arn, Identity: {Header: X-Token}}
        UsagePlan: {CreateUsagePlan: PER_API, Quota: {Limit: 3, Period: MONTH}}
  Authorize:
    Type: AWS::Serverless::Function
    Properties: {Environment: {Variables: {ROLE: authorizer}}}
  Show:
    Type: AWS::Serverless::Function
    Properties:
      FunctionUrlConfig: {AuthType: AWS_IAM}
      Events:
        Token: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: GET, Path: /token}}
        Scoped: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: GET, Path: /scoped,
          Auth: {Authorizer: Tokens, AuthorizationScopes: [write]}}}
        Filed: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: GET, Path: /filed,
          Auth: {Authorizer: Filed}}}
        Open: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: GET, Path: /open,
          Auth: {Authorizer: NONE}, RouteSettings: {ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 2}}}
        Simple: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: GET, Path: /simple,
          Auth: {Authorizer: Simple}}}
        Signed: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: POST, Path: /signed,
          Auth: {Authorizer: AWS_IAM}}}
        Policy: {Type: Api, Properties: {RestApiId: !Ref Rest, Method: GET, Path: /policy,
          Auth: {Authorizer: Policy}}}
        Keyed: {Type: Api, Properties: {RestApiId: !Ref Rest, Method: GET, Path: /keyed,
          Auth: {ApiKeyRequired: true}}}
        RestSigned: {Type: Api, Properties: {RestApiId: !Ref Rest, Method: POST, Path: /signed,
          Auth: {Authorizer: AWS_IAM}}}
";

/// Shows its event, or authorizes: the Runtime API by Python's own library.
const BOOTSTRAP: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
calls = 0


def authorize(event):
    if "authorizationToken" not in event:
        [user] = event["identitySource"]
        if user == "boom":
            raise Exception("no database")
        return {"isAuthorized": user == "ann", "context": {"calls": calls}}
    token = event["authorizationToken"]
    if token == "unauthorized":
        raise Exception("Unauthorized")
    statement = {"Effect": token, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "ann", "policyDocument": policy, "context": {"calls": calls}}


while True:
    with urllib.request.urlopen(f"{BASE}/next") as response:
        request, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
    calls += 1
    try:
        if os.environ.get("ROLE") == "authorizer":
            answer = authorize(event)
        else:
            answer = {"statusCode": 200, "body": json.dumps(event)}
        outcome = "response"
    except Exception as error:
        answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
        outcome = "error"
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(f"{BASE}/{request}/{outcome}", body)).close()
"#;

fn all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("template.yaml"), TEMPLATE).unwrap();
    std::fs::create_dir(at("code")).unwrap();
    std::fs::write(at("code/bootstrap"), BOOTSTRAP).unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(at("code/bootstrap"), executable).unwrap();
    let script = root().join("tests/e2e/authorizers.py");
    let python = || {
        let mut command = SIGNERS.command();
        command.arg(&script).arg(folder.path());
        command
    };
    succeed(python().arg("keys"));
    // Free: nobody listens there until the second script does.
    let issuer = format!("http://127.0.0.1:{}", Ports::free().http);
    let parameter = format!("Issuer={issuer}");
    let filed = format!("https://filed.example/={}", at("keys.json").display());
    let more = ["--parameter-overrides", &parameter, "--jwks", &filed];
    let variables = VARIABLES.map(|(name, value)| (name, Path::new(value)));
    let server = Server::start_with(&at("template.yaml"), Ports::free(), None, &more, &variables);
    let output = server.output();
    let key = output.lines().find_map(|line| line.trim().strip_prefix("RestApiKey "));
    let key = key.unwrap_or_else(|| panic!("no API key is shown:\n{output}")).trim().to_owned();
    let mut command = python();
    command.args(["requests", &issuer, &server.ports.http.to_string(), &key]);
    succeed(command.args(VARIABLES.map(|(_, value)| value)));
}

fn key_files() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, "Resources:\n  Q: {Type: AWS::SQS::Queue}\n").unwrap();
    let file = folder.path().join("keys.json");
    for (text, reason) in [
        (None, "No such file"),
        (Some("<html>"), "no key set"),
        (Some(r#"{"keys": []}"#), "it has no RSA key with a `kid` for signatures"),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut command = samovar();
        command.args(["up", "--api-port", "0", "--http-port", "0", "--template"]).arg(&template);
        let jwks = format!("https://issuer.example={}", file.display());
        let output = command.args(["--jwks", &jwks]).output().unwrap();
        assert!(!output.status.success());
        let text = both(&output);
        assert!(text.contains("the keys of https://issuer.example: "), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}
