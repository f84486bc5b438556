//! Queues of several accounts and regions.

use super::*;
use crate::{
    ErrorKind, MoveTaskStatus, QueueError, StartMessageMoveTask,
    store::{Loaded, QueueRecord, Write},
};

const OTHER: &str = "123456789012";

fn in_region(queues: &Queues, region: &str) -> Queues {
    queues.in_scope(None, Some(region))
}

async fn create(queues: &Queues, name: &str) -> String {
    queues.create_queue(name, &Attributes::new(), &Attributes::new()).await.unwrap()
}

async fn arn(queues: &Queues, name: &str) -> Result<String, QueueError> {
    let names = ["QueueArn".to_owned()];
    Ok(queues.get_queue_attributes(name, &names).await?["QueueArn"].clone())
}

async fn list(queues: &Queues) -> Vec<String> {
    queues.list_queues(None, None, None).await.unwrap().queue_urls
}

fn redrive_to(arn: &str) -> Attributes {
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}"#);
    attributes(&[("RedrivePolicy", &policy), ("VisibilityTimeout", "1")])
}

fn is_gone<T: std::fmt::Debug>(result: Result<T, QueueError>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::QueueDoesNotExist);
}

#[tokio::test(start_paused = true)]
async fn each_account_and_region_has_queues_of_its_own() {
    let dir = TempDir::new().unwrap();
    let queues = open(&dir);
    let scopes = [
        in_region(&queues, "eu-west-1"),
        in_region(&queues, "eu-west-2"),
        queues.in_scope(Some(OTHER), None),
        queues.in_scope(Some(OTHER), Some("eu-west-1")),
    ];
    let places = [
        ("000000000000", "eu-west-1"),
        ("000000000000", "eu-west-2"),
        (OTHER, "us-east-1"),
        (OTHER, "eu-west-1"),
    ];
    for (number, (scope, (account, region))) in scopes.iter().zip(places).enumerate() {
        for later in &scopes[number..] {
            is_gone(later.get_queue_url("q").await);
        }
        let url = format!("http://127.0.0.1:9000/{account}/q");
        assert_eq!(create(scope, "q").await, url);
        assert_eq!(list(scope).await, [&*url]);
        assert_eq!(arn(scope, "q").await.unwrap(), format!("arn:aws:sqs:{region}:{account}:q"));
        send(scope, &format!("{account} {region}")).await;
        scope.tag_queue("q", &attributes(&[("region", region)])).await.unwrap();
    }
    is_gone(queues.get_queue_url("q").await);
    let check = async |scopes: &[Queues]| {
        for (scope, (account, region)) in scopes.iter().zip(places) {
            let messages = receive(scope, "q").await;
            assert_eq!(bodies(&messages), [format!("{account} {region}")]);
            assert_eq!(messages[0].system_attributes["SenderId"], account);
            assert_eq!(scope.list_queue_tags("q").await.unwrap()["region"], region);
            // A handle is of its queue.
            let handle = &messages[0].receipt_handle;
            for other in scopes.iter().filter(|other| other.scope != scope.scope) {
                let error = other.delete_message("q", handle).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ReceiptHandleIsInvalid);
            }
        }
    };
    check(&scopes).await;

    // So it is after a restart.
    let again: Vec<_> = places.map(|(account, region)| (Some(account), Some(region))).into();
    drop((queues, scopes));
    let queues = open(&dir);
    pass(Duration::from_secs(30)).await;
    let scopes: Vec<_> = again.iter().map(|(id, region)| queues.in_scope(*id, *region)).collect();
    check(&scopes).await;
    // One is deleted, the others stay.
    scopes[0].delete_queue("q").await.unwrap();
    is_gone(scopes[0].get_queue_url("q").await);
    for scope in &scopes[1..] {
        scope.get_queue_url("q").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_a_scope_does_not_have_means_the_default_scope_s() {
    let (_dir, queues) = with_queue(&[]).await;
    let own = arn(&queues, "q").await.unwrap();
    for scope in [in_region(&queues, "eu-west-1"), queues.in_scope(Some(OTHER), Some("x"))] {
        assert_eq!(scope.get_queue_url("q").await.unwrap(), queues.url("q"));
        assert_eq!(arn(&scope, "q").await.unwrap(), own);
        send(&scope, "through another").await;
        assert_eq!(bodies(&receive(&queues, "q").await), ["through another"]);
        // A list too, as long as there is nothing else.
        assert_eq!(list(&scope).await, [queues.url("q")]);
        let url = create(&scope, "own").await;
        assert_eq!(list(&scope).await, [url]);
        assert_eq!(arn(&scope, "q").await.unwrap(), own);
    }
    assert_eq!(list(&queues).await, [queues.url("q")]);
    is_gone(queues.get_queue_url("own").await);
}

#[tokio::test(start_paused = true)]
async fn a_template_s_queue_is_found_rather_than_made_again() {
    let dir = TempDir::new().unwrap();
    let queues = open(&dir);
    let url = queues.ensure_queue("declared", &Attributes::new()).await.unwrap();
    create(&queues, "made").await;
    let region = in_region(&queues, "eu-west-1");
    assert_eq!(create(&region, "declared").await, url);
    assert_eq!(arn(&region, "declared").await.unwrap(), queues.arn("declared"));
    let delay = attributes(&[("DelaySeconds", "1")]);
    let error = region.create_queue("declared", &delay, &Attributes::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueNameExists);
    // What a client made is no template's, and another account is another one's.
    create(&region, "made").await;
    assert_eq!(arn(&region, "made").await.unwrap(), region.arn("made"));
    let account = queues.in_scope(Some(OTHER), None);
    create(&account, "declared").await;
    assert_eq!(arn(&account, "declared").await.unwrap(), account.arn("declared"));
}

#[tokio::test(start_paused = true)]
async fn who_deletes_a_queue_finds_it_gone() {
    let (_dir, queues) = with_queue(&[]).await;
    let region = in_region(&queues, "eu-west-1");
    create(&region, "q").await;
    region.delete_queue("q").await.unwrap();
    is_gone(region.delete_queue("q").await);
    is_gone(region.get_queue_url("q").await);
    let tags = Attributes::new();
    let error = region.create_queue("q", &Attributes::new(), &tags).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueDeletedRecently);
    queues.get_queue_url("q").await.unwrap();
    in_region(&queues, "eu-west-2").get_queue_url("q").await.unwrap();
    pass(Duration::from_secs(60)).await;
    assert_eq!(arn(&region, "q").await.unwrap(), queues.arn("q"));
}

/// The SDKs' guides: "A dead letter queue must be created using the same AWS account and region as
/// the source queue."
#[tokio::test(start_paused = true)]
async fn dead_letters_stay_in_their_scope() {
    let dir = TempDir::new().unwrap();
    let queues = open(&dir);
    let region = in_region(&queues, "eu-west-1");
    let account = queues.in_scope(Some(OTHER), Some("eu-west-1"));
    for scope in [&queues, &region, &account] {
        create(scope, "dead").await;
    }
    let none = Attributes::new();
    for (scope, target, reason) in [
        (&region, queues.arn("dead"), "Dead-letter target must be in same region as the source."),
        (&queues, region.arn("dead"), "Dead-letter target must be in same region as the source."),
        (&region, account.arn("dead"), "Dead-letter target owner should be same as the source."),
        (&region, region.arn("nowhere"), "Dead letter target does not exist."),
    ] {
        let policy = redrive_to(&target);
        let error = scope.create_queue("q", &policy, &none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert!(error.message().ends_with(reason), "{}", error.message());
    }
    region.create_queue("q", &redrive_to(&region.arn("dead")), &none).await.unwrap();
    send(&region, "fails").await;
    assert_eq!(receive(&region, "q").await.len(), 1);
    pass(Duration::from_secs(2)).await;
    assert!(receive(&region, "q").await.is_empty());
    for (scope, count_of_dead) in [(&queues, 0), (&region, 1), (&account, 0)] {
        assert_eq!(count(scope, "dead", "").await, count_of_dead);
        let page = scope.list_dead_letter_source_queues("dead", None, None).await.unwrap();
        let sources = if count_of_dead == 1 { vec![region.url("q")] } else { Vec::new() };
        assert_eq!(page.queue_urls, sources);
    }

    // A template may say what it likes; the messages stay where they are.
    queues.ensure_queue("declared", &redrive_to(&region.arn("dead"))).await.unwrap();
    queues.send_message("declared", SendMessage::new("stays")).await.unwrap();
    for _ in 0..3 {
        assert_eq!(bodies(&receive(&queues, "declared").await), ["stays"]);
        pass(Duration::from_secs(2)).await;
    }

    let task = |source: String, destination: Option<String>| StartMessageMoveTask {
        source_arn: source,
        destination_arn: destination,
        ..StartMessageMoveTask::default()
    };
    let refused = async |queues: &Queues, task| {
        let error = queues.start_message_move_task(task).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
    };
    refused(&account, task(region.arn("dead"), None)).await;
    refused(&queues, task(region.arn("dead"), None)).await;
    refused(&region, task(region.arn("dead"), Some(queues.arn("dead")))).await;
    let handle = region.start_message_move_task(task(region.arn("dead"), None)).await.unwrap();
    let status = async || {
        let tasks = region.list_message_move_tasks(&region.arn("dead"), None).await.unwrap();
        tasks[0].status
    };
    while status().await == MoveTaskStatus::Running {
        pass(Duration::from_millis(10)).await;
    }
    assert_eq!(status().await, MoveTaskStatus::Completed);
    assert_eq!(bodies(&receive(&region, "q").await), ["fails"]);
    let error = account.cancel_message_move_task(&handle).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
}

#[tokio::test(start_paused = true)]
async fn a_view_has_the_queues_of_all_scopes() {
    let (_dir, queues) = with_queue(&[]).await;
    create(&in_region(&queues, "ap-south-1"), "q").await;
    create(&queues.in_scope(Some(OTHER), None), "a").await;
    let views = in_region(&queues, "eu-west-1").view_queues().await.unwrap();
    let shown: Vec<_> =
        views.iter().map(|view| (view.arn.as_str(), view.in_default_scope)).collect();
    assert_eq!(
        shown,
        [
            ("arn:aws:sqs:us-east-1:000000000000:q", true),
            ("arn:aws:sqs:ap-south-1:000000000000:q", false),
            ("arn:aws:sqs:us-east-1:123456789012:a", false),
        ]
    );
    assert_eq!(views[2].url, "http://127.0.0.1:9000/123456789012/a");
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_store_changes_no_scope() {
    let (_dir, queues) = with_queue(&[]).await;
    let region = in_region(&queues, "eu-west-1");
    create(&region, "q").await;
    queues.ensure_queue("declared", &Attributes::new()).await.unwrap();
    send(&region, "kept").await;
    queues.inner.store.fail_next(Operation::Sync);
    region.send_message("q", SendMessage::new("refused")).await.unwrap_err();
    assert_eq!(bodies(&receive(&region, "q").await), ["kept"]);
    assert!(receive(&queues, "q").await.is_empty());
    assert_eq!(create(&region, "declared").await, queues.url("declared"));
    assert_eq!(arn(&region, "declared").await.unwrap(), queues.arn("declared"));
}

/// As versions wrote it that knew one account and region.
const OLD_RECORD: &str = r#"{"id":7,"name":"old","attributes":{"DelaySeconds":"3"},
    "tags":{},"created_at":1,"modified_at":2,"purged_below":0,"purged_at":0}"#;

fn store(dir: &TempDir, records: &[&str]) {
    let (store, _): (Store, Loaded) = Store::on_disk(dir.path()).unwrap();
    let parse = |json: &&str| serde_json::from_str::<QueueRecord>(json).unwrap();
    let epoch = store.epoch().unwrap();
    store.write(records.iter().map(parse).map(Write::Queue).collect(), epoch).unwrap();
    store.sync().unwrap();
}

fn open_in(dir: &TempDir, region: &str) -> Result<Queues, OpenError> {
    Queues::open(dir.path(), Options { region: region.into(), ..Options::default() })
}

#[tokio::test]
async fn an_old_store_is_of_the_default_scope() {
    let old: QueueRecord = serde_json::from_str(OLD_RECORD).unwrap();
    let spaceless: String = OLD_RECORD.split_whitespace().collect();
    assert_eq!(serde_json::to_string(&old).unwrap(), spaceless, "what is stored is the same");
    let dir = TempDir::new().unwrap();
    store(&dir, &[OLD_RECORD]);
    for region in ["us-east-1", "eu-west-1", "us-east-1"] {
        let queues = open_in(&dir, region).unwrap();
        assert_eq!(
            arn(&queues, "old").await.unwrap(),
            format!("arn:aws:sqs:{region}:000000000000:old")
        );
        // What is stored anew stays of the default scope.
        queues.tag_queue("old", &attributes(&[("region", region)])).await.unwrap();
    }
}

#[tokio::test]
async fn another_default_region_hides_no_queue() {
    let dir = TempDir::new().unwrap();
    let queues = open_in(&dir, "us-east-1").unwrap();
    create(&queues, "default").await;
    create(&in_region(&queues, "eu-west-1"), "q").await;
    create(&queues, "q").await;
    drop(queues);
    let text = open_in(&dir, "eu-west-1").unwrap_err().to_string();
    assert!(text.contains("two named q in the region eu-west-1"), "{text}");

    let queues = open_in(&dir, "us-east-1").unwrap();
    queues.delete_queue("q").await.unwrap();
    drop(queues);
    let queues = open_in(&dir, "eu-west-1").unwrap();
    assert_eq!(list(&queues).await.len(), 2);
    queues.tag_queue("q", &attributes(&[("a", "b")])).await.unwrap();
    drop(queues);
    let queues = open_in(&dir, "us-east-1").unwrap();
    assert_eq!(list(&queues).await, [queues.url("default")]);
    let region = in_region(&queues, "eu-west-1");
    assert_eq!(region.list_queue_tags("q").await.unwrap()["a"], "b");
}
