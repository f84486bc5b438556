//! Requests to SQS however they are signed, and queues however they are named.

use std::sync::Arc;

use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::server::{Ports, Server, Shared};
use crate::sqs::{arn, own_queue};
use crate::tools::{Answer, BOTO3, request, succeed};
use crate::{against, needing, trial};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "sqs_addresses::nobody_is_refused_for_a_signature", signatures),
        against(server, "sqs_addresses::queues_have_many_urls", urls),
        needing(&[BOTO3], trial("sqs_addresses::accounts_and_regions_are_kept_apart", scopes)),
    ]
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Asks for a queue's ARN with a document.
fn by_document(server: &Server, path: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let body = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]}).to_string();
    let headers = [("x-amz-target", "AmazonSQS.GetQueueAttributes")];
    request("POST", &server.api(path), &[&headers, more].concat(), body.as_bytes())
}

/// Asks for a queue's ARN with a form.
fn by_form(server: &Server, path: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let url = url.replace(':', "%3A").replace('/', "%2F");
    let body = format!("Action=GetQueueAttributes&AttributeName.1=QueueArn&QueueUrl={url}");
    request("POST", &server.api(path), &[&[FORM], more].concat(), body.as_bytes())
}

#[track_caller]
fn tells_arn(answer: &Answer, queue: &str, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    assert!(answer.text().contains(&arn(queue)), "{what}: {}", answer.text());
}

/// None, one that is none, and ones of other keys, regions, services, times and algorithms. What
/// they do not have in their own account and region, they find in the default ones.
fn signatures(server: &Server) {
    let (_, url) = own_queue(server, "any-signature");
    let scope = |key: &str, region: &str, service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/20200101/{region}/{service}/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00"
        )
    };
    for authorization in [
        scope("AKIDEXAMPLE", "us-east-1", "sqs"),
        scope("AKIDEXAMPLE", "eu-west-1", "sqs"),
        scope("ASIAEXAMPLE", "cn-north-1", "sqs"),
        scope("123456789012", "us-gov-west-1", "sqs"),
        scope("", "nowhere", "s3"),
        scope("AKIDEXAMPLE", "us-east-1", "sqs").replace("HMAC-SHA256", "ECDSA-P256-SHA256"),
        "AWS AKIDEXAMPLE:signature".to_owned(),
        "Bearer token".to_owned(),
        String::new(),
    ] {
        let headers = [("authorization", &*authorization), ("x-amz-security-token", "token")];
        tells_arn(&by_document(server, "/", &url, &headers), "any-signature", &authorization);
        tells_arn(&by_form(server, "/", &url, &headers), "any-signature", &authorization);
    }
    tells_arn(&by_document(server, "/", &url, &[]), "any-signature", "no signature");
    tells_arn(&by_form(server, "/", &url, &[]), "any-signature", "no signature");
    // One in the URL, which ended long ago; and the second version's, in a form.
    let query = "Action=GetQueueAttributes&AttributeName.1=QueueArn&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=x%2F20200101%2Feu-west-1%2Fsqs%2Faws4_request\
                 &X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature=00";
    let answer = request("GET", &format!("{url}?{query}"), &[], b"");
    tells_arn(&answer, "any-signature", "a signature in the URL");
    let form = "Action=GetQueueAttributes&AttributeName.1=QueueArn&SignatureVersion=2\
                &SignatureMethod=HmacSHA256&AWSAccessKeyId=x&Signature=00";
    tells_arn(&request("POST", &url, &[FORM], form.as_bytes()), "any-signature", "version 2");
}

/// Of all hosts, accounts and regions, AWS's older hosts too. Those have no such queue of their
/// own, so the default ones' is meant.
fn urls(server: &Server) {
    let (_, own) = own_queue(server, "any-url");
    let port = server.ports.api;
    for url in [
        own.clone(),
        own.replace("127.0.0.1", "localhost"),
        format!("http://[::1]:{port}/000000000000/any-url"),
        format!("http://sqs.us-east-1.localhost:{port}/000000000000/any-url"),
        format!("http://sqs.eu-west-1.localhost:{port}/123456789012/any-url"),
        format!("http://queue.localhost:{port}/000000000000/any-url"),
        format!("http://eu-west-1.queue.localhost:{port}/000000000000/any-url"),
        format!("http://localhost:{port}/queue/eu-west-1/000000000000/any-url"),
        "https://sqs.eu-central-1.amazonaws.com/123456789012/any-url".to_owned(),
        "https://sqs-fips.us-east-1.amazonaws.com/123456789012/any-url".to_owned(),
        "https://eu-central-1.queue.amazonaws.com/123456789012/any-url".to_owned(),
        "https://queue.amazonaws.com/123456789012/any-url".to_owned(),
        "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/any-url".to_owned(),
        "/000000000000/any-url".to_owned(),
        "any-url".to_owned(),
    ] {
        for path in ["/", "/000000000000/any-url", "/123456789012/another"] {
            let what = format!("{url} at {path}");
            tells_arn(&by_document(server, path, &url, &[]), "any-url", &what);
            tells_arn(&by_form(server, path, &url, &[]), "any-url", &what);
        }
    }
    // Without a QueueUrl, the URL that a form is sent to is the queue's.
    let form = "Action=GetQueueAttributes&AttributeName.1=QueueArn";
    for path in ["/000000000000/any-url", "/999999999999/any-url", "/queue/x/000000000000/any-url"]
    {
        let answer = request("POST", &server.api(path), &[FORM], form.as_bytes());
        tells_arn(&answer, "any-url", path);
    }
    // A client's own host is seen by no other page than this machine's.
    let foreign = [("host", "sqs.us-east-1.amazonaws.com")];
    let answer = by_document(server, "/", &own, &foreign);
    assert_eq!(answer.status, 403, "{}", answer.text());
}

const TEMPLATE: &str = "Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: Jobs}}}";

/// The script has its assertions. What it made is there after a kill -9; queues that are not the
/// template's are shown with their account and region.
fn scopes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let state = folder.path().join("state");
    let start = || Server::start(&path, Ports::free(), Some(&state), &[]);
    let script = |server: &Server, phase: &str| {
        let mut command = BOTO3.command();
        command.args(["-c", include_str!("sqs_addresses.py"), &server.api(""), phase]);
        let output: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
        assert_eq!(output, json!({"ok": true}));
    };
    let server = start();
    script(&server, "make");
    let page = request("GET", &server.api("/_samovar/queues"), &[], b"");
    let page: Value = serde_json::from_str(&page.text()).unwrap();
    let queues = page["queues"].as_array().unwrap();
    assert!(queues[0]["name"] == "Jobs" && queues[0].get("region").is_none(), "{page}");
    let is_shown = |queue: &Value| {
        let place = (&queue["name"], &queue["region"], &queue["account"]);
        place == (&json!("orders"), &json!("us-east-1"), &json!("222222222222"))
    };
    assert_eq!(queues.iter().filter(|queue| is_shown(queue)).count(), 1, "{page}");
    server.signal(Signal::KILL);
    server.wait();
    let server = start();
    script(&server, "use");
}
