//! How long connections last (API Gateway developer guide, "Quotas for configuring and running a
//! WebSocket API"), by tokio's own clock, over a pipe.

use std::sync::Arc;

use samovar_dispatch::Clock as _;
use tokio::io::duplex;
use tokio::time::{interval, sleep};
use tokio_util::task::TaskTracker;

use super::*;
use crate::gateway::websocket::registry::Registry;
use crate::gateway::websocket::selection::Selection;
use crate::gateway::websocket::tests::api;
use crate::testing::{Fixed, Going, dispatcher};

/// The end of a connection whose client does `client`, and how long it lasted. The handle is that
/// of the connection, as `@connections` has it.
async fn lived<F, C>(client: C) -> (u16, Duration)
where
    F: Future<Output = ()>,
    C: FnOnce(WebSocketStream<tokio::io::DuplexStream>, Arc<Handle>, Arc<Going>) -> F,
{
    let clock = Arc::new(Going(Instant::now()));
    let ticks = clock.clone();
    let registry: Arc<Registry> = Arc::default();
    let shared = Arc::new(Shared {
        sockets: Vec::new(),
        registry: registry.clone(),
        tasks: TaskTracker::new(),
        account: samovar_dispatch::Account::default(),
        dispatcher: dispatcher(),
        clock,
    });
    let socket = Socket {
        selection: Selection::parse("$request.body.action"),
        functions: Vec::new(),
        api: api(Vec::new()),
    };
    let peer = Peer {
        source_ip: "127.0.0.1".into(),
        user_agent: String::new(),
        host: "localhost".into(),
        authorizer: None,
        connected_at: Fixed.now(),
    };
    let (entered, outgoing) = registry.enter("a", peer).expect("entered");
    let (ours, theirs) = duplex(64 * 1024);
    let theirs = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    let (handle, ids) = (entered.handle.clone(), Ids::new());
    let served = Served { shared: &shared, socket: &socket, ids: &ids, handle: &handle };
    let began = Instant::now();
    let run = async { (served.run(framed(ours).await, outgoing).await, began.elapsed()) };
    let ((end, lasted), ()) = tokio::join!(run, client(theirs, handle.clone(), ticks));
    (end.0, lasted)
}

fn is_about(lasted: Duration, expected: Duration) -> bool {
    lasted >= expected && lasted < expected + Duration::from_secs(10)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_after_ten_minutes() {
    let (code, lasted) =
        lived(async |mut client, _, _| while let Some(Ok(_)) = client.next().await {}).await;
    assert!(code == 1001 && is_about(lasted, IDLE_LIMIT), "{code} {lasted:?}");
}

/// The client keeps it by pings, or who sends to it by messages; after two hours nobody does.
#[tokio::test(start_paused = true)]
async fn a_connection_in_use_ends_after_two_hours() {
    let by_pings = lived(async |mut client, _, _| {
        let mut tick = interval(IDLE_LIMIT / 2);
        loop {
            tokio::select! {
                message = client.next() => if !matches!(message, Some(Ok(_))) { break },
                _ = tick.tick() => client.send(Message::Ping("".into())).await.expect("sent"),
            }
        }
    });
    let by_messages = lived(async |mut client, handle, clock| {
        let send = async {
            while handle.send("hello".into()).await.is_ok() {
                handle.touch(clock.now());
                sleep(IDLE_LIMIT / 2).await;
            }
        };
        let read = async { while let Some(Ok(_)) = client.next().await {} };
        tokio::join!(send, read);
    });
    for (code, lasted) in [by_pings.await, by_messages.await] {
        assert!(code == 1001 && is_about(lasted, LIFE_LIMIT), "{code} {lasted:?}");
    }
}

/// A client that answers nothing, not even the last frame.
#[tokio::test(start_paused = true)]
async fn a_client_that_is_silent_is_not_waited_for() {
    let (code, lasted) = lived(async |client, _, _| {
        sleep(IDLE_LIMIT * 2).await;
        drop(client);
    })
    .await;
    assert_eq!(code, 1001);
    assert!(is_about(lasted, IDLE_LIMIT + LAST_WORDS), "{lasted:?}");
}
