//! Topics and subscriptions that clients make.

use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::json;

use crate::server::{Ports, Server};
use crate::tools::{BOTO3, succeed};
use crate::{needing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![needing(&[BOTO3], trial("topics::what_boto3_makes_outlives_kill_9", made))]
}

const TEMPLATE: &str = "
Resources:
  Orders: {Type: AWS::SNS::Topic}
  Jobs: {Type: AWS::SQS::Queue}
  Letters: {Type: AWS::SQS::Queue}
";

fn made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let state = folder.path().join("state");
    let start = || Server::start(&path, Ports::free(), Some(&state), &[]);
    let script = |server: &Server, phase: &str| {
        let mut command = BOTO3.command();
        command.args(["-c", include_str!("topics.py"), &server.api(""), phase]);
        let output: serde_json::Value = serde_json::from_str(&succeed(&mut command)).unwrap();
        assert_eq!(output, json!({"ok": true}));
    };
    let server = start();
    script(&server, "make");
    server.signal(Signal::KILL);
    server.wait();
    let server = start();
    script(&server, "use");
}
