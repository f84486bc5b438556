//! HTTP/2, TLS, compression and access logs, with curl and Python's `requests`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Ports, Server, Shared, samovar};
use crate::tools::{CURL, REQUESTS, both, eventually, succeed};
use crate::{against, managed, needing, trial};

/// They run a function of the fixtures, which is built when those are served.
pub(crate) fn trials(fixtures: &Arc<Shared>) -> Vec<Trial> {
    let with = |program, name: &str, test| needing(&[program], against(fixtures, name, test));
    vec![
        with(CURL, "front_door::curl_speaks_http_2_without_tls", cleartext),
        with(CURL, "front_door::curl_trusts_the_kept_authority", encrypted),
        with(REQUESTS, "front_door::python_trusts_the_kept_authority", requests),
        with(CURL, "front_door::a_given_certificate_is_used", given),
        with(CURL, "front_door::rest_bodies_are_compressed", compressed),
        with(CURL, "front_door::accesses_are_logged_in_the_apis_format", logged),
        trial("front_door::a_bad_certificate_is_named", bad),
    ]
}

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      AccessLogSettings:
        DestinationArn: !Sub arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:web
        Format: '{"route":"$context.routeKey","status":"$context.status","ip":"$context.identity.sourceIp","agent":"$context.identity.userAgent","bytes":"$context.responseLength","nothing":"$context.tea"}'
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: Prod
      MinimumCompressionSize: 100
      AccessLogSetting:
        DestinationArn: arn:aws:logs:us-east-1:000000000000:log-group:rest
        Format: $context.httpMethod $context.resourcePath $context.path $context.protocol $context.status $context.error.message
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Web: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: '/web/{id}', Method: any}}
        Rest: {Type: Api, Properties: {RestApiId: !Ref Rest, Path: '/rest/{id}', Method: any}}
"#;

struct Application {
    server: Server,
    folder: TempDir,
}

impl Application {
    fn start(more: &[&str]) -> Self {
        let folder = managed::folder("http-echo");
        let template = folder.path().join("template.yaml");
        std::fs::write(&template, TEMPLATE).unwrap();
        let state = folder.path().join("state");
        let server = Server::start(&template, Ports::free(), Some(&state), more);
        Self { server, folder }
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    /// curl with these arguments, its last one a path at the front door of this name.
    fn curl(&self, scheme: &str, host: &str, path: &str, arguments: &[&str]) -> Vec<u8> {
        let port = self.server.ports.http;
        let mut command = CURL.command();
        command.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "60"]);
        command.args(["--resolve", &format!("{host}:{port}:127.0.0.1")]);
        command.args(arguments).arg(format!("{scheme}://{host}:{port}{path}"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", both(&output));
        output.stdout
    }

    /// The lines of a log.
    fn log(&self, name: &str) -> Vec<String> {
        let mut command = samovar();
        let command = command.args(["logs", name, "--state-dir"]).arg(self.state());
        let output = command.output().unwrap();
        both(&output).lines().map(str::to_owned).collect()
    }
}

const VERSION: &str = "%{stderr}%{http_version} %{http_code}";

fn cleartext(_: &Server) {
    let application = Application::start(&[]);
    let host = "echo.localhost";
    let arguments = ["--http2-prior-knowledge", "--data", "tea", "--write-out", VERSION];
    let seen = application.curl("http", host, "/a?b=c", &arguments);
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    assert_eq!((&seen["method"], &seen["body"]), (&"POST".into(), &"tea".into()));
    assert_eq!(seen["headers"]["x-forwarded-proto"][0], "http");
    // 300 KB in both directions, over windows and frames.
    let large = "x".repeat(300_000);
    let file = application.folder.path().join("large");
    std::fs::write(&file, &large).unwrap();
    let data = format!("@{}", file.display());
    let seen = application.curl("http", host, "/", &["--http2-prior-knowledge", "--data", &data]);
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    assert_eq!(seen["body"].as_str().unwrap().len(), large.len());
    // The guard looks at `:authority`.
    let port = application.server.ports.http;
    let mut command = CURL.command();
    command.args(["--silent", "--http2-prior-knowledge", "--write-out", "%{http_code}"]);
    command.args(["--resolve", &format!("evil.example:{port}:127.0.0.1"), "--output", "/dev/null"]);
    let status = succeed(command.arg(format!("http://evil.example:{port}/")));
    assert_eq!(status, "403");
}

fn encrypted(_: &Server) {
    let application = Application::start(&["--tls"]);
    let authority = application.state().join("tls/ca.pem");
    let authority = authority.to_str().unwrap();
    let output = application.server.output();
    assert!(output.contains(authority) && output.contains("SHA-256"), "{output}");
    for (version, expected) in [("--http2", "2 200"), ("--http1.1", "1.1 200")] {
        for host in ["echo.localhost", "localhost", "127.0.0.1"] {
            let file = application.folder.path().join("body");
            let file = file.to_str().unwrap();
            let path = if host == "echo.localhost" { "/" } else { "/web/1" };
            let format = "%{http_version} %{http_code}";
            let arguments =
                [version, "--cacert", authority, "--output", file, "--write-out", format];
            let told = application.curl("https", host, path, &arguments);
            assert_eq!(String::from_utf8_lossy(&told), expected, "{host}");
            let seen: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            assert_eq!(seen["headers"]["x-forwarded-proto"][0], "https", "{host}");
        }
    }
    // From this machine without TLS too.
    application.curl("http", "echo.localhost", "/", &[]);
    // Nobody else is vouched for, and an unknown authority is none.
    let port = application.server.ports.http;
    let status = CURL
        .command()
        .args(["--silent", &format!("https://localhost:{port}/web/1")])
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(60), "a certificate of an unknown authority was taken");
}

fn requests(_: &Server) {
    let application = Application::start(&["--tls"]);
    let script = r#"
import requests, sys
port, authority = sys.argv[1:]
for url in [f"https://localhost:{port}/web/1", f"https://127.0.0.1:{port}/web/1"]:
    with requests.Session() as session:
        session.trust_env = False
        for n in range(3):
            answer = session.post(url, data="tea", verify=authority)
            assert answer.status_code == 200 and answer.json()["body"] == "tea", answer.text
"#;
    let mut command = REQUESTS.command();
    command.args(["-c", script, &application.server.ports.http.to_string()]);
    succeed(command.arg(application.state().join("tls/ca.pem")));
}

/// With the authority's own leaf nobody has, so with one of OpenSSL's making.
fn given(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    command.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    command.args(["-addext", "subjectAltName=DNS:localhost", "-keyout"]).arg(&key);
    if command.arg("-out").arg(&certificate).output().is_err() {
        eprintln!("NOT RUN: this machine has no openssl to make a certificate with");
        return;
    }
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let application = Application::start(&["--tls-cert", certificate, "--tls-key", key]);
    application.curl("https", "localhost", "/web/1", &["--cacert", certificate]);
    assert!(!application.state().join("tls").exists());
}

fn bad() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, "Resources:\n  Q: {Type: AWS::SQS::Queue}\n").unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let up = |arguments: &[&Path]| {
        let mut command = samovar();
        command.args(["up", "--api-port", "0", "--http-port", "0", "--template"]).arg(&template);
        command.arg("--tls-cert").args(arguments);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        both(&output)
    };
    let text = up(&[&empty, Path::new("--tls-key"), &empty]);
    assert!(text.contains("empty.pem: no certificate in PEM is there"), "{text}");
    let text = up(&[&empty]);
    assert!(text.contains("--tls-key"), "{text}");
}

fn compressed(_: &Server) {
    let application = Application::start(&[]);
    let host = "rest.localhost";
    let head = |arguments: &[&str], path: &str| {
        let mut all = vec!["--dump-header", "-", "--output", "/dev/null"];
        all.extend(arguments);
        String::from_utf8(application.curl("http", host, path, &all)).unwrap().to_lowercase()
    };
    let accepts = ["--header", "accept-encoding: gzip"];
    let gzip = head(&accepts, "/rest/1");
    assert!(gzip.contains("content-encoding: gzip"), "{gzip}");
    assert!(!head(&[], "/rest/1").contains("content-encoding"));
    // curl unpacks it.
    let seen = application.curl("http", host, "/rest/1", &["--compressed"]);
    assert_eq!(serde_json::from_slice::<Value>(&seen).unwrap()["method"], "GET");
    // An HTTP API does not know of it.
    let accepts = ["--dump-header", "-", "--header", "accept-encoding: gzip"];
    let http = application.curl("http", "web.localhost", "/web/1", &accepts);
    assert!(!String::from_utf8_lossy(&http).to_lowercase().contains("content-encoding"));

    let packed = application.folder.path().join("packed");
    let script = "import gzip, sys; open(sys.argv[1], 'wb').write(gzip.compress(b'tea' * 1000))";
    succeed(Command::new("python3").args(["-c", script]).arg(&packed));
    let data = format!("@{}", packed.display());
    let send = ["--header", "content-encoding: gzip", "--data-binary", &data];
    let seen = application.curl("http", host, "/rest/1", &send);
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    assert_eq!(seen["body"], "tea".repeat(1000));
    assert!(seen["headers"]["content-encoding"].is_null(), "{seen}");
}

fn logged(_: &Server) {
    let application = Application::start(&[]);
    let agent = ["--user-agent", "a \"tea\" pot"];
    let body = application.curl("http", "web.localhost", "/web/1", &agent);
    application.curl("http", "rest.localhost", "/rest/1?a=b", &["--request", "PUT"]);
    let mut command = CURL.command();
    command.args(["--silent", "--header", "host: rest.localhost"]);
    succeed(command.arg(application.server.http("/nowhere")));
    eventually("both logs", || {
        application.log("Rest").len() == 2 && application.log("Web").len() == 1
    });
    let web = application.log("Web");
    let line: Value = serde_json::from_str(&web[0][web[0].find('{').unwrap()..]).unwrap();
    assert_eq!(line["route"], "ANY /web/{id}");
    assert_eq!((&line["status"], &line["ip"]), (&"200".into(), &"127.0.0.1".into()));
    assert_eq!(line["agent"], "a \"tea\" pot");
    assert_eq!(line["bytes"], body.len().to_string());
    assert_eq!(line["nothing"], "-");
    let rest = application.log("Rest");
    assert!(rest[0].ends_with("PUT /rest/{id} /Prod/rest/1 HTTP/1.1 200 -"), "{rest:?}");
    let missing = "GET - /Prod/nowhere HTTP/1.1 403 Missing Authentication Token";
    assert!(rest[1].ends_with(missing), "{rest:?}");
}
