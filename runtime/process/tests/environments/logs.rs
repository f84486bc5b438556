//! Output lines and the invocations that they belong to.

use std::sync::Arc;

use samovar_dispatch::{Dispatcher, Limits, SystemClock};
use serde_json::json;

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn each_line_belongs_to_the_invocation_that_wrote_it() {
    let fixture = Fixture::lambda();
    let dispatcher =
        Dispatcher::new(Limits::default(), Arc::new(SystemClock), fixture.seen.clone());
    dispatcher.register(fixture.function.clone(), fixture.provider.clone());
    let mut ids = Vec::new();
    for _ in 0..20 {
        let invocation = invocation(json!({"do": "print", "with": 100}).to_string());
        ids.push(invocation.request_id.clone());
        let answer = dispatcher.invoke("orders", invocation).await.unwrap();
        assert!(answer.result.is_ok());
        // The next one begins at once in the same environment.
        answer.log.wait().await;
    }
    dispatcher.shutdown(LONG).await;
    let lines = fixture.seen.lines();
    for id in &ids {
        let own: Vec<_> =
            lines.iter().filter(|(owner, _)| owner.as_ref() == Some(id)).map(|(_, t)| t).collect();
        let written = own.iter().filter(|text| text.starts_with(id.as_str())).count();
        assert_eq!(written, 201, "all of its lines, and the unfinished one");
        let end = own.iter().position(|text| text.starts_with("END ")).unwrap();
        let last = own.iter().rposition(|text| text.starts_with(id.as_str())).unwrap();
        assert!(last < end, "before END");
        for other in ids.iter().filter(|other| *other != id) {
            assert!(!own.iter().any(|text| text.contains(other.as_str())), "none of another's");
        }
    }
}

#[tokio::test]
async fn lines_of_the_initialisation_come_before_it_ends() {
    let fixture = Fixture::lambda();
    let _environment = fixture.start().await.unwrap();
    assert_eq!(fixture.seen.lines(), [(None, "initialised".to_owned())]);
}

#[tokio::test]
async fn a_function_that_writes_no_line_feeds_is_cut() {
    let fixture = Fixture::script("head -c 1000000 /dev/zero | tr '\\0' x\nexit 5");
    fixture.start().await.err().unwrap();
    let texts = fixture.seen.texts();
    assert_eq!(texts.iter().map(String::len).sum::<usize>(), 1_000_000);
    assert!(texts.iter().all(|text| text.len() <= 256 * 1024));
}
