//! Actions on queues: purging, deleting, permissions, tags, policies, pages. The expected errors
//! are those that LocalStack recorded from AWS (`tests/aws/services/sqs/test_sqs.snapshot.json`)
//! where it has them.

use serde_json::{Value, json};

use super::*;
use crate::ErrorKind;

const SECOND: Duration = Duration::from_secs(1);

async fn create(queues: &Queues, name: &str, pairs: &[(&str, &str)]) -> Result<String, String> {
    let created = queues.create_queue(name, &attributes(pairs), &Attributes::new()).await;
    created.map_err(|error| error.to_string())
}

async fn set(queues: &Queues, name: &str, pairs: &[(&str, &str)]) -> Result<(), String> {
    let set = queues.set_queue_attributes(name, &attributes(pairs)).await;
    set.map_err(|error| error.to_string())
}

async fn get(queues: &Queues, queue: &str, name: &str) -> Option<String> {
    let mut all = queues.get_queue_attributes(queue, &[name.to_owned()]).await.unwrap();
    all.remove(name)
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

/// `test_successive_purge_calls_fail`
#[tokio::test(start_paused = true)]
async fn a_queue_is_purged_once_a_minute() {
    let (dir, queues) = with_queue(&[]).await;
    queues.purge_queue("q").await.unwrap();
    pass(59 * SECOND).await;
    let error = queues.purge_queue("q").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on q is \
         allowed every 60 seconds."
    );
    assert_eq!((error.code(), error.http_status()), ("PurgeQueueInProgress", 403));
    pass(SECOND).await;
    queues.purge_queue("q").await.unwrap();
    drop(queues);
    // The clock begins anew with the service.
    let error = open(&dir).purge_queue("q").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PurgeQueueInProgress);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_free_a_minute_after_its_queue_was_deleted() {
    let (_dir, queues) = with_queue(&[]).await;
    queues.delete_queue("q").await.unwrap();
    pass(59 * SECOND).await;
    let error = queues.create_queue("q", &Attributes::new(), &Attributes::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "AWS.SimpleQueueService.QueueDeletedRecently: You must wait 60 seconds after deleting a \
         queue before you can create another with the same name."
    );
    assert_eq!((error.code(), error.http_status()), ("QueueDeletedRecently", 400));
    create(&queues, "another", &[]).await.unwrap();
    pass(SECOND).await;
    create(&queues, "q", &[]).await.unwrap();
    // A template's queue does not wait.
    queues.delete_queue("q").await.unwrap();
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn cooldowns_can_be_switched_off() {
    let dir = TempDir::new().unwrap();
    let queues =
        Queues::open(dir.path(), Options { cooldowns: false, ..Options::default() }).unwrap();
    create(&queues, "q", &[]).await.unwrap();
    queues.purge_queue("q").await.unwrap();
    queues.purge_queue("q").await.unwrap();
    queues.delete_queue("q").await.unwrap();
    create(&queues, "q", &[]).await.unwrap();
}

/// `test_sqs_permission_lifecycle`
#[tokio::test(start_paused = true)]
async fn permissions_are_statements_of_the_policy() {
    let (dir, queues) = with_queue(&[]).await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    let policy = async |queues: &Queues| -> Value {
        get(queues, "q", "Policy").await.map_or(Value::Null, |json| json.parse().unwrap())
    };
    let two = strings(&["668614515564", "111111111111"]);
    let receive = strings(&["ReceiveMessage"]);
    queues.add_permission("q", "label", &two, &receive).await.unwrap();
    let expected = json!({
        "Version": "2008-10-17",
        "Id": "arn:aws:sqs:us-east-1:000000000000:q/SQSDefaultPolicy",
        "Statement": [{
            "Sid": "label",
            "Effect": "Allow",
            "Principal": {
                "AWS": ["arn:aws:iam::668614515564:root", "arn:aws:iam::111111111111:root"],
            },
            "Action": "SQS:ReceiveMessage",
            "Resource": arn,
        }],
    });
    assert_eq!(policy(&queues).await, expected);
    let one = strings(&["111111111111"]);
    let many = strings(&["SendMessage", "*"]);
    queues.add_permission("q", "other", &one, &many).await.unwrap();
    drop(queues);
    let queues = open(&dir);
    let statement = &policy(&queues).await["Statement"][1];
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
    assert_eq!(statement["Action"], json!(["SQS:SendMessage", "SQS:*"]));

    let add = async |label: &str, accounts: &[String], actions: &[&str]| {
        let added = queues.add_permission("q", label, accounts, &strings(actions)).await;
        added.unwrap_err().to_string()
    };
    let eight = ["SendMessage"; 8];
    let cases = [
        (
            add("label", &one, &["SendMessage"]).await,
            "InvalidParameterValue: Value label for parameter Label is invalid. Reason: Already \
             exists.",
        ),
        (
            add("new", &one, &["Nope"]).await,
            "InvalidParameterValue: Value SQS:Nope for parameter ActionName is invalid. Reason: \
             Please refer to the appropriate WSDL for a list of valid actions. ",
        ),
        (add("new", &one, &eight).await, "OverLimit: 8 Actions were found, maximum allowed is 7."),
        (
            add("new", &one, &[]).await,
            "MissingParameter: The request must contain the parameter Actions.",
        ),
        (
            add("new", &[], &["*"]).await,
            "MissingParameter: The request must contain the parameter AWSAccountIds.",
        ),
        (
            add("no label", &one, &["*"]).await,
            "InvalidParameterValue: Value no label for parameter Label is invalid. Reason: Can \
             only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error, expected);
    }

    queues.remove_permission("q", "label").await.unwrap();
    assert_eq!(policy(&queues).await["Statement"][0]["Sid"], "other");
    queues.remove_permission("q", "other").await.unwrap();
    assert_eq!(get(&queues, "q", "Policy").await, None);
    let error = queues.remove_permission("q", "other").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "InvalidParameterValue: Value other for parameter Label is invalid. Reason: can't find \
         label."
    );
}

#[tokio::test(start_paused = true)]
async fn tags_are_checked() {
    let (_dir, queues) = with_queue(&[]).await;
    let tag = async |pairs: &[(&str, &str)]| {
        queues.tag_queue("q", &attributes(pairs)).await.map_err(|error| error.kind())
    };
    assert_eq!(tag(&[]).await, Err(ErrorKind::MissingParameter));
    let long = "x".repeat(129);
    for key in ["", "aws:mine", &long] {
        assert_eq!(tag(&[(key, "value")]).await, Err(ErrorKind::InvalidParameterValue));
    }
    assert_eq!(tag(&[("key", &long.repeat(2))]).await, Err(ErrorKind::InvalidParameterValue));
    tag(&[("empty", "")]).await.unwrap();
    let many: Attributes = (0..50).map(|n| (n.to_string(), String::new())).collect();
    let error = queues.tag_queue("q", &many).await.unwrap_err();
    assert_eq!(error.message(), "Too many tags added for queue q.");
    assert_eq!(queues.list_queue_tags("q").await.unwrap(), attributes(&[("empty", "")]));
    assert!(queues.untag_queue("q", &[]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn attributes_are_checked_against_each_other() {
    let (_dir, queues) = with_queue(&[]).await;
    let cases = [
        (
            set(&queues, "q", &[("DeduplicationScope", "queue")]).await,
            "InvalidAttributeName: You can specify the DeduplicationScope only when FifoQueue is \
             set to true.",
        ),
        (
            set(&queues, "q", &[("ContentBasedDeduplication", "true")]).await,
            "InvalidAttributeName: Unknown Attribute ContentBasedDeduplication.",
        ),
        (
            set(&queues, "q", &[("KmsMasterKeyId", "key"), ("SqsManagedSseEnabled", "true")]).await,
            "InvalidAttributeName: You can use one type of server-side encryption (SSE) at one \
             time. You can either enable KMS SSE or SQS SSE.",
        ),
        (
            set(&queues, "q", &[("Policy", "[]")]).await,
            "InvalidAttributeValue: Invalid value for the parameter Policy.",
        ),
        (
            set(&queues, "q", &[("RedriveAllowPolicy", r#"{"redrivePermission":"no"}"#)]).await,
            "InvalidParameterValue: Value {\"redrivePermission\":\"no\"} for parameter \
             RedriveAllowPolicy is invalid. Reason: redrivePermission must be allowAll, denyAll \
             or byQueue.",
        ),
        (
            create(
                &queues,
                "f.fifo",
                &[("FifoQueue", "true"), ("FifoThroughputLimit", "perMessageGroupId")],
            )
            .await
            .map(drop),
            "InvalidAttributeValue: Invalid value for the parameter FifoThroughputLimit. Reason: \
             The perMessageGroupId value is allowed only when the value for DeduplicationScope is \
             messageGroup.",
        ),
    ];
    for (result, expected) in cases {
        assert_eq!(result.unwrap_err(), expected);
    }
    create(&queues, "f.fifo", &[("FifoQueue", "true")]).await.unwrap();
    assert_eq!(
        set(&queues, "f.fifo", &[("FifoQueue", "false")]).await.unwrap_err(),
        "InvalidAttributeValue: Invalid value for the parameter FifoQueue. Reason: Modifying queue \
         type is not supported."
    );

    // `test_sse_queue_attributes`: the kind of encryption that was set last.
    let key = [("KmsMasterKeyId", "key"), ("KmsDataKeyReusePeriodSeconds", "6000")];
    set(&queues, "q", &key).await.unwrap();
    assert_eq!(get(&queues, "q", "SqsManagedSseEnabled").await.as_deref(), Some("false"));
    assert_eq!(get(&queues, "q", "KmsDataKeyReusePeriodSeconds").await.as_deref(), Some("6000"));
    set(&queues, "q", &[("SqsManagedSseEnabled", "true")]).await.unwrap();
    assert_eq!(get(&queues, "q", "SqsManagedSseEnabled").await.as_deref(), Some("true"));
    assert_eq!(get(&queues, "q", "KmsMasterKeyId").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_queue_chooses_its_sources() {
    let (_dir, queues) = with_queue(&[]).await;
    create(&queues, "dead", &[]).await.unwrap();
    create(&queues, "other", &[]).await.unwrap();
    let policy =
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":3}}"#, queues.arn("dead"));
    let only_q =
        format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{}"]}}"#, queues.arn("q"));
    let may = async |queue: &str| set(&queues, queue, &[("RedrivePolicy", &policy)]).await;
    for (allow, q, other) in [
        ("", true, true),
        (r#"{"redrivePermission":"denyAll"}"#, false, false),
        (&only_q, true, false),
        (r#"{"redrivePermission":"allowAll"}"#, true, true),
    ] {
        set(&queues, "dead", &[("RedriveAllowPolicy", allow)]).await.unwrap();
        assert_eq!((may("q").await.is_ok(), may("other").await.is_ok()), (q, other), "{allow}");
    }
    let refused = may("dead").await.unwrap_err();
    assert!(refused.starts_with("InvalidParameterValue: Value {"), "{refused}");

    let sources = async |max, token: Option<&str>| {
        queues.list_dead_letter_source_queues("dead", max, token).await.unwrap()
    };
    assert_eq!(sources(None, None).await.queue_urls, [queues.url("other"), queues.url("q")]);
    let first = sources(Some(1), None).await;
    assert_eq!(first.queue_urls, [queues.url("other")]);
    let second = sources(Some(1), first.next_token.as_deref()).await;
    assert_eq!((second.queue_urls, second.next_token), (vec![queues.url("q")], None));
    let error = queues.list_dead_letter_source_queues("no", None, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueDoesNotExist);
}
