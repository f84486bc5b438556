use std::time::Duration;

use super::*;

fn extensions() -> Extensions {
    Extensions::new(Metadata {
        function_name: "orders".into(),
        handler: "bootstrap".into(),
        account_id: "000000000000".into(),
    })
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn event(id: &str) -> ExtensionEvent {
    ExtensionEvent { id: id.into(), document: "{}".into() }
}

#[tokio::test]
async fn an_external_extension_goes_through_its_phases() {
    let extensions = extensions();
    extensions.expect("one");
    assert_eq!(extensions.present(), (true, true));
    let id = extensions.register("one", &names(&["INVOKE", "SHUTDOWN"])).unwrap();
    extensions.registered().await;
    let waiting = tokio::time::timeout(Duration::from_millis(10), extensions.next(id)).await;
    assert!(waiting.is_err(), "there is no event yet");
    extensions.ready().await;
    extensions.close();
    extensions.invoke(event("1").into());
    let done = tokio::time::timeout(Duration::from_millis(10), extensions.done()).await;
    assert!(done.is_err(), "the event has not been taken");
    assert_eq!(extensions.next(id).await.unwrap().id, "1");
    let done = tokio::time::timeout(Duration::from_millis(10), extensions.done()).await;
    assert!(done.is_err(), "it works");
    tokio::select! {
        biased;
        _ = extensions.next(id) => panic!("there is no event"),
        () = extensions.done() => {}
    }
    extensions.shut_down(event("2"));
    assert_eq!(extensions.next(id).await.unwrap().id, "2");
}

#[test]
fn registrations_have_their_rules() {
    let extensions = extensions();
    extensions.expect("one");
    let refused = |name: &str, events: &[&str]| {
        extensions.register(name, &names(events)).unwrap_err().error_type()
    };
    assert_eq!(refused("one", &["invoke"]), "Extension.InvalidEventType");
    assert_eq!(refused("inside", &["SHUTDOWN"]), "Extension.InvalidEventType");
    extensions.register("one", &names(&["SHUTDOWN"])).unwrap();
    assert_eq!(refused("one", &[]), "Extension.InvalidExtensionState", "it has registered");
    extensions.register("inside", &names(&["INVOKE"])).unwrap();
    assert_eq!(refused("inside", &[]), "Extension.InvalidExtensionState");
    for n in 2..MAX_EXTENSIONS {
        extensions.register(&n.to_string(), &[]).unwrap();
    }
    assert_eq!(refused("eleventh", &[]), "Extension.TooManyExtensions");
    extensions.close();
    assert_eq!(refused("late", &[]), "Extension.RegistrationClosed");
}

#[tokio::test]
async fn the_first_failure_is_the_reason() {
    let extensions = extensions();
    extensions.expect("one");
    let id = extensions.register("one", &[]).unwrap();
    let unknown = extensions.exit_error(Uuid::nil(), "E").unwrap_err();
    assert_eq!(unknown.error_type(), "Extension.UnknownExtensionIdentifier");
    extensions.init_error(id, "Extension.NoKey").unwrap();
    let next = extensions.next(id).await.unwrap_err();
    assert_eq!(next.error_type(), "Extension.InvalidExtensionState");
    extensions.gone(
        "one",
        Phase::Exited,
        FunctionError::platform("Extension.Crash", "exit code 1"),
    );
    assert_eq!(extensions.failure().await.error_type, "Extension.InitError");
    let status = &extensions.statuses()[0];
    assert_eq!(
        (status.phase, status.error_type.as_deref()),
        (Phase::InitError, Some("Extension.NoKey"))
    );
}
