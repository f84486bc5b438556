//! Responses in streaming mode, through a dispatcher, with the test as the runtime.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use samovar_app::Function;
use samovar_dispatch::{
    Dispatcher, FunctionError, Limits, MAX_STREAMED_BYTES, Response, Streamed, SystemClock,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::support::*;

/// The runtime's side of one streamed response.
struct Post {
    fixture: Fixture,
    dispatcher: Dispatcher,
    /// What the caller gets.
    streamed: JoinHandle<Streamed>,
    stream: TcpStream,
}

impl Post {
    /// An invocation that has begun to stream, and not one byte yet.
    async fn begin(timeout: Duration) -> Self {
        let fixture =
            Fixture::script("echo $AWS_LAMBDA_RUNTIME_API > $FOLDER/api; exec sleep 1000");
        let dispatcher =
            Dispatcher::new(Limits::default(), Arc::new(SystemClock), fixture.seen.clone());
        let function = Function { timeout, ..(*fixture.function).clone() };
        dispatcher.register(function.into(), fixture.provider.clone());
        let mut invocation = invocation("{}");
        invocation.streaming = true;
        let id = invocation.request_id.clone();
        let streamed = tokio::spawn({
            let dispatcher = dispatcher.clone();
            async move {
                match dispatcher.invoke("orders", invocation).await.unwrap().result {
                    Ok(Response::Stream(streamed)) => streamed,
                    other => panic!("no stream: {other:?}"),
                }
            }
        });
        let api = fixture.file("api").await;
        http(&api, "GET /2018-06-01/runtime/invocation/next", b"").await;
        let mut stream = TcpStream::connect(&api).await.unwrap();
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\n\
             Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\
             Lambda-Runtime-Function-Response-Mode: streaming\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self { fixture, dispatcher, streamed, stream }
    }

    async fn chunk(&mut self, data: &str) {
        let chunk = format!("{:x}\r\n{data}\r\n", data.len());
        self.stream.write_all(chunk.as_bytes()).await.unwrap();
    }

    /// Ends the response, with these trailers.
    async fn end(&mut self, trailers: &str) {
        self.stream.write_all(format!("0\r\n{trailers}\r\n").as_bytes()).await.unwrap();
    }
}

async fn next(streamed: &mut Streamed) -> Option<Result<String, FunctionError>> {
    let frame = tokio::time::timeout(LONG, streamed.body.frame()).await.unwrap()?;
    Some(match frame {
        Ok(frame) => Ok(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()),
        Err(error) => Err(*error.downcast::<FunctionError>().unwrap()),
    })
}

#[tokio::test]
async fn each_chunk_is_there_before_the_next_is_written() {
    let mut post = Post::begin(LONG).await;
    post.chunk("L").await;
    let mut streamed = post.streamed.await.unwrap();
    assert_eq!(streamed.content_type.as_ref().unwrap(), "text/csv");
    assert_eq!(next(&mut streamed).await, Some(Ok("L".into())));
    post.streamed = tokio::spawn(async { panic!("taken") });
    for text in ["two", "\0\0", "four"] {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        post.stream.write_all(chunk.as_bytes()).await.unwrap();
        assert_eq!(next(&mut streamed).await, Some(Ok(text.into())));
    }
    post.stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(next(&mut streamed).await, None);
    assert_eq!(next(&mut streamed).await, None, "and stays so");
    // The invocation is over: END and REPORT follow.
    eventually(|| post.fixture.seen.texts().last()?.starts_with("REPORT").then_some(())).await;
    post.dispatcher.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn trailers_end_the_body_with_the_functions_error() {
    let mut post = Post::begin(LONG).await;
    post.chunk("half").await;
    // {"errorType":"Half","errorMessage":"way"}
    post.end(
        "Lambda-Runtime-Function-Error-Type: Runtime.Broken\r\nLambda-Runtime-Function-Error-Body: \
         eyJlcnJvclR5cGUiOiJIYWxmIiwiZXJyb3JNZXNzYWdlIjoid2F5In0=\r\n",
    )
    .await;
    let mut streamed = post.streamed.await.unwrap();
    assert_eq!(next(&mut streamed).await, Some(Ok("half".into())));
    let error = next(&mut streamed).await.unwrap().unwrap_err();
    assert_eq!((&*error.error_type, &*error.message), ("Half", "way"));
    assert!(next(&mut streamed).await.is_none());
}

/// `ToStreamErrorTrailer` of lambda_runtime writes its error as a chunk; the same words in a
/// chunk that something follows are text.
#[tokio::test]
async fn an_error_in_the_body_ends_it_only_at_its_end() {
    let words = "Lambda-Runtime-Function-Error-Type: Runtime.StreamError\r\n\
                 Lambda-Runtime-Function-Error-Body: cGlwZSBicm9rZQ==\r\n";
    let mut post = Post::begin(LONG).await;
    for text in [words, "on", words] {
        post.chunk(text).await;
    }
    post.end("").await;
    let mut streamed = post.streamed.await.unwrap();
    let mut text = String::new();
    let error = loop {
        match next(&mut streamed).await.unwrap() {
            Ok(data) => text.push_str(&data),
            Err(error) => break error,
        }
    };
    assert_eq!(text, format!("{words}on"));
    assert_eq!((&*error.error_type, &*error.message), ("Runtime.StreamError", "pipe broke"));
}

#[tokio::test]
async fn a_time_out_in_the_middle_ends_the_body_and_the_process() {
    let mut post = Post::begin(Duration::from_secs(1)).await;
    post.chunk("half").await;
    let mut streamed = post.streamed.await.unwrap();
    assert_eq!(next(&mut streamed).await, Some(Ok("half".into())));
    let error = next(&mut streamed).await.unwrap().unwrap_err();
    assert_eq!(error.error_type, "Sandbox.Timedout");
    assert_eq!(post.fixture.private_folders(), 0);
}

#[tokio::test]
async fn a_connection_that_breaks_ends_the_body() {
    let mut post = Post::begin(LONG).await;
    post.chunk("half").await;
    drop(post.stream);
    let mut streamed = post.streamed.await.unwrap();
    assert_eq!(next(&mut streamed).await, Some(Ok("half".into())));
    let error = next(&mut streamed).await.unwrap().unwrap_err();
    assert_eq!(error.error_type, "Runtime.TruncatedResponse");
}

/// Lambda guide, "Quotas": 200 MB. A caller that has gone away does not stop the function.
#[tokio::test]
async fn a_response_has_its_limit_whether_anybody_reads_it_or_not() {
    for reads in [true, false] {
        let mut post = Post::begin(LONG).await;
        post.chunk("first").await;
        let mut streamed = post.streamed.await.unwrap();
        assert_eq!(next(&mut streamed).await, Some(Ok("first".into())));
        let reading = reads.then(|| {
            tokio::spawn(async move {
                let mut count = 5;
                loop {
                    match next(&mut streamed).await.unwrap() {
                        Ok(data) => count += data.len() as u64,
                        Err(error) => return (count, error),
                    }
                }
            })
        });
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
        for _ in 0..MAX_STREAMED_BYTES / 0x10_0000 {
            post.stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        post.stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut post.stream, &mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
        if let Some(reading) = reading {
            let (count, error) = reading.await.unwrap();
            assert!(count <= MAX_STREAMED_BYTES && count > MAX_STREAMED_BYTES - 0x20_0000);
            assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");
        }
    }
}

/// A caller that does not read stops the runtime from writing: nothing piles up in between.
#[tokio::test]
async fn a_slow_caller_holds_the_runtime_back() {
    let post = Post::begin(LONG).await;
    let mut stream = post.stream;
    let written = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let writing = tokio::spawn({
        let written = Arc::clone(&written);
        async move {
            let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
            for _ in 0..64 {
                stream.write_all(chunk.as_bytes()).await.unwrap();
                written.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
            stream.write_all(b"0\r\n\r\n").await.unwrap();
            stream
        }
    });
    let mut streamed = post.streamed.await.unwrap();
    // It stands still when the sockets' buffers, some megabytes, are full.
    let mut last = usize::MAX;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = written.load(std::sync::atomic::Ordering::SeqCst);
        if now == last {
            break;
        }
        last = now;
    }
    assert!(last < 64, "64 MB went into nobody's hands");
    let mut count = 0;
    while let Some(data) = next(&mut streamed).await {
        count += data.unwrap().len();
    }
    assert_eq!(count, 64 << 20);
    writing.await.unwrap();
}
