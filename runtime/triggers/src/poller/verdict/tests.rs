use super::*;

fn judge(payload: &'static str) -> Verdict {
    let result = Ok(Response::Bytes(payload.into()));
    verdict(&result, ["a", "b", "c"], true)
}

/// Lambda guide, "Success and failure conditions" of partial batch responses, line by line.
#[test]
fn complete_successes() {
    for payload in [
        r#"{"batchItemFailures": []}"#,
        r#"{"batchItemFailures": null}"#,
        "{}",
        "null",
        "",
        r#""""#,
        // A handler that returns something of its own has no list.
        r#"{"statusCode": 200}"#,
    ] {
        assert_eq!(judge(payload), Verdict::Done, "{payload}");
    }
}

/// As above, the failures.
#[test]
fn complete_failures() {
    for payload in [
        "not json",
        r#"{"batchItemFailures": "a"}"#,
        r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
        r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
        r#"{"batchItemFailures": [{"badKey": "a"}]}"#,
        r#"{"batchItemFailures": ["a"]}"#,
        r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "unknown"}]}"#,
        r#""text""#,
        "[]",
    ] {
        assert_eq!(judge(payload), Verdict::Failed, "{payload}");
    }
}

#[test]
fn named_messages_fail_alone() {
    let partly = judge(
        r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}, {"itemIdentifier": "a"}]}"#,
    );
    assert_eq!(partly, Verdict::Partly(["a".to_owned(), "c".to_owned()].into()));
}

#[test]
fn without_the_setting_only_errors_count() {
    let success = Ok(Response::Bytes(r#"{"batchItemFailures": [{"itemIdentifier": "a"}]}"#.into()));
    assert_eq!(verdict(&success, ["a"], false), Verdict::Done);
    let error = Err(FunctionError::platform("Runtime.ExitError", "gone"));
    assert_eq!(verdict(&error, ["a"], false), Verdict::Failed);
    assert_eq!(verdict(&error, ["a"], true), Verdict::Failed);
}
