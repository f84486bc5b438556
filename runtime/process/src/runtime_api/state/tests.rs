use std::time::Duration;

use http::HeaderMap;

use super::*;

fn event(id: &str) -> Arc<NextEvent> {
    Arc::new(NextEvent {
        request_id: id.to_owned(),
        headers: HeaderMap::new(),
        payload: Bytes::from_static(b"{}"),
        streaming: false,
    })
}

fn transition(from: Phase, to: Phase) -> Refusal {
    Refusal::Transition { from, to }
}

/// A state whose runtime has been given the event `id`.
async fn running(id: &str) -> (Arc<State>, oneshot::Receiver<Answer>) {
    let state = Arc::new(State::new());
    let answer = state.submit(event(id));
    assert_eq!(state.next().await.unwrap().request_id, id);
    (state, answer)
}

#[tokio::test]
async fn an_event_goes_to_the_runtime_and_its_answer_comes_back() {
    let (state, mut answer) = running("1").await;
    assert!(matches!(*state.init().borrow(), Init::Done));
    assert!(!state.is_idle());
    let posting = state.begin_answer("1", Phase::InvocationResponse).unwrap();
    posting.answer(Answer::Response(Bytes::from_static(b"ok")));
    assert!(matches!(answer.try_recv(), Ok(Answer::Response(bytes)) if bytes == "ok"));
    assert!(state.is_idle());
}

#[tokio::test(start_paused = true)]
async fn next_waits_for_an_event() {
    let state = Arc::new(State::new());
    let asking = tokio::spawn({
        let state = Arc::clone(&state);
        async move { state.next().await.unwrap().request_id.clone() }
    });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!asking.is_finished());
    let _answer = state.submit(event("1"));
    assert_eq!(asking.await.unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn of_two_that_wait_one_gets_the_event() {
    let state = Arc::new(State::new());
    let ask = || {
        let state = Arc::clone(&state);
        tokio::spawn(async move { state.next().await.map(|event| event.request_id.clone()) })
    };
    let asking = [ask(), ask()];
    tokio::time::sleep(Duration::from_secs(1)).await;
    let _answer = state.submit(event("1"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(asking.iter().filter(|asking| asking.is_finished()).count(), 1);
}

#[tokio::test]
async fn a_runtime_that_asks_again_gets_the_same_event() {
    let (state, _answer) = running("1").await;
    assert_eq!(state.next().await.unwrap().request_id, "1");
}

#[tokio::test]
async fn a_wrong_request_id_is_refused_before_a_wrong_phase() {
    let state = Arc::new(State::new());
    let begin = |id| state.begin_answer(id, Phase::InvocationResponse).map(drop);
    assert_eq!(begin("1"), Err(Refusal::RequestId), "no invocation yet");
    let _answer = state.submit(event("1"));
    assert_eq!(begin("2"), Err(Refusal::RequestId));
    assert_eq!(begin("1"), Err(transition(Phase::Started, Phase::InvocationResponse)));
    state.next().await.unwrap();
    begin("1").unwrap();
    assert_eq!(begin("1"), Err(transition(Phase::ResponseSent, Phase::InvocationResponse)));
}

#[tokio::test]
async fn nothing_else_is_allowed_while_an_answer_is_posted() {
    let (state, _answer) = running("1").await;
    let posting = state.begin_answer("1", Phase::InvocationErrorResponse).unwrap();
    let refused = state.begin_answer("1", Phase::InvocationResponse).map(drop);
    let from = Phase::InvocationErrorResponse;
    assert_eq!(refused, Err(transition(from, Phase::InvocationResponse)));
    assert_eq!(state.next().await.map(drop), Err(transition(from, Phase::Ready)));
    drop(posting);
}

#[tokio::test]
async fn an_init_error_ends_it() {
    let state = Arc::new(State::new());
    state.check_init_error().unwrap();
    state.init_error(FunctionError::platform("E", "m")).unwrap();
    assert!(matches!(&*state.init().borrow(), Init::Failed(error) if error.message == "m"));
    let refused = transition(Phase::InitError, Phase::Ready);
    assert_eq!(state.next().await.map(drop), Err(refused));
    assert_eq!(
        refused.to_string(),
        "State transition from InitError to Ready failed for runtime. \
         Error: State transition is not allowed"
    );
    assert!(state.init_error(FunctionError::platform("E", "m")).is_err());
    assert!(!state.is_idle());
}

#[tokio::test]
async fn an_answer_whose_request_breaks_is_truncated() {
    let (state, mut answer) = running("1").await;
    drop(state.begin_answer("1", Phase::InvocationResponse).unwrap());
    assert!(matches!(answer.try_recv(), Ok(Answer::Truncated)));
    assert!(state.is_idle());
}

#[tokio::test]
async fn only_an_event_that_was_not_taken_can_be_withdrawn() {
    let state = Arc::new(State::new());
    let _answer = state.submit(event("1"));
    assert!(state.withdraw());
    assert!(!state.withdraw());
    let (state, _answer) = running("2").await;
    assert!(!state.withdraw());
}
