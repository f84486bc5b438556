//! Who may call: signatures of the AWS protocols, and listening beyond loopback.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;

use libtest_mimic::Trial;

use crate::managed::folder;
use crate::server::{Ports, Server, Shared, root, samovar};
use crate::tools::{BOTO3, succeed};
use crate::{against, needing, trial};

const VARIABLES: [(&str, &str); 2] = [
    ("SAMOVAR_ACCESS_KEY_ID", "AKIDTEST"),
    ("SAMOVAR_SECRET_ACCESS_KEY", "a secret of the end-to-end tests"),
];

/// They run a function of the fixtures, which is built when those are served.
pub(crate) fn trials(fixtures: &Arc<Shared>) -> Vec<Trial> {
    let signed = against(fixtures, "access::boto3_must_sign_with_the_keys", signed);
    vec![
        needing(&[BOTO3], signed),
        trial("access::nothing_listens_beyond_loopback_without_credentials", refused),
    ]
}

/// An address of this machine that others see, where it has one: nothing is sent.
fn address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let found = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    found.map_or_else(|_| "127.0.0.2".to_owned(), |address| address.ip().to_string())
}

fn signed(_: &Server) {
    let folder = folder("environment");
    let template = folder.path().join("template.yaml");
    let variables = VARIABLES.map(|(name, value)| (name, Path::new(value)));
    let everywhere = ["--listen", "0.0.0.0"];
    for (more, host) in [(&[][..], "127.0.0.1".to_owned()), (&everywhere, address())] {
        let state = tempfile::tempdir().unwrap();
        let state = Some(state.path());
        let server = Server::start_with(&template, Ports::free(), state, more, &variables);
        let mut command = BOTO3.command();
        command.arg(root().join("tests/e2e/access.py"));
        command.arg(format!("http://{host}:{}", server.ports.api));
        succeed(command.args(VARIABLES.map(|(_, value)| value)));
        tools(&format!("http://{host}:{}", server.ports.api));
    }
}

/// Samovar's own tools sign with the same variables, and say so where they are not set.
fn tools(endpoint: &str) {
    let run = |arguments: &[&str]| {
        let mut command = samovar();
        command.args(arguments).args(["--endpoint", endpoint]);
        command
    };
    for arguments in [
        &["queues"][..],
        &["send", "Work", "a message with ü"],
        &["peek", "Work"],
        &["purge", "Work", "--yes"],
        &["trigger"],
    ] {
        let output = run(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(text.contains("refuses this: Missing Authentication Token"), "{text}");
        assert!(text.contains("help: set SAMOVAR_ACCESS_KEY_ID"), "{text}");
        succeed(run(arguments).envs(VARIABLES));
    }
    let mut wrong = run(&["queues"]);
    wrong.envs(VARIABLES).env(VARIABLES[1].0, "another secret of these tests");
    let output = wrong.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("refuses this: The request signature"), "{text}");
}

fn refused() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, "Resources:\n  Q: {Type: AWS::SQS::Queue}\n").unwrap();
    let mut command = samovar();
    command.args(["up", "--api-port", "0", "--http-port", "0", "--listen", "0.0.0.0"]);
    let output = command.arg("--template").arg(&template).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("set SAMOVAR_ACCESS_KEY_ID and SAMOVAR_SECRET_ACCESS_KEY"), "{text}");
}
