//! The least that stands between a client and a function: the ceiling for native functions.
//!
//! `relay BOOTSTRAP PROCESSES PORT` starts so many processes of a function and hands the body of
//! every POST to `127.0.0.1:PORT` to one of them that waits, by the Runtime API, and its answer
//! back. There are no limits, logs, reports, freezing, isolation, checks or errors, and HTTP is
//! read as far as a client and a runtime write it here. What goes on from here is the function's own
//! and the kernel's: two requests between processes for each invocation, beside the client's.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::collections::VecDeque;
use std::env;
use std::io;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

/// What is said of every invocation.
const INVOCATION: &str = "lambda-runtime-aws-request-id: 00000000-0000-0000-0000-000000000000\r\n\
    lambda-runtime-deadline-ms: 9999999999999\r\n\
    lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:relay\r\n\
    lambda-runtime-trace-id: Root=1-0-0\r\n";

/// An event, and who waits for the answer.
struct Call {
    event: Vec<u8>,
    answer: oneshot::Sender<Vec<u8>>,
}

/// Calls that wait for a process.
struct Calls {
    waiting: Mutex<VecDeque<Call>>,
    count: Semaphore,
}

impl Calls {
    fn push(&self, call: Call) {
        self.waiting.lock().unwrap().push_back(call);
        self.count.add_permits(1);
    }

    async fn next(&self) -> Call {
        self.count.acquire().await.unwrap().forget();
        self.waiting.lock().unwrap().pop_front().unwrap()
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [bootstrap, processes, port] = &arguments[..] else {
        eprintln!("usage: relay BOOTSTRAP PROCESSES PORT");
        std::process::exit(2);
    };
    let calls = Arc::new(Calls { waiting: Mutex::new(VecDeque::new()), count: Semaphore::new(0) });
    for _ in 0..processes.parse().unwrap() {
        tokio::spawn(process(bootstrap.clone(), Arc::clone(&calls)));
    }
    let listener = TcpListener::bind(("127.0.0.1", port.parse().unwrap())).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(client(Connection::new(stream), Arc::clone(&calls)));
    }
}

async fn client(mut connection: Connection, calls: Arc<Calls>) -> io::Result<()> {
    while let Some(request) = connection.request().await? {
        let (answer, answered) = oneshot::channel();
        calls.push(Call { event: request.body, answer });
        // There is no answer from a process that has ended.
        let Ok(body) = answered.await else { break };
        connection.answer("200 OK", "", &body).await?;
    }
    Ok(())
}

/// A process and its Runtime API.
async fn process(bootstrap: String, calls: Arc<Calls>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", "relay".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ];
    let mut command = Command::new(bootstrap);
    command.env_clear().envs(variables).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    // It ends when its Runtime API does.
    tokio::task::spawn_blocking(move || process.wait());
    let running = Arc::new(Mutex::new(None));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(runtime_api(
            Connection::new(stream),
            Arc::clone(&calls),
            Arc::clone(&running),
        ));
    }
}

type Running = Arc<Mutex<Option<oneshot::Sender<Vec<u8>>>>>;

async fn runtime_api(
    mut connection: Connection,
    calls: Arc<Calls>,
    running: Running,
) -> io::Result<()> {
    while let Some(request) = connection.request().await? {
        if request.is_post {
            if let Some(answer) = running.lock().unwrap().take() {
                // The client may have gone.
                let _ = answer.send(request.body);
            }
            connection.answer("202 Accepted", "", b"").await?;
        } else {
            let call = calls.next().await;
            *running.lock().unwrap() = Some(call.answer);
            connection.answer("200 OK", INVOCATION, &call.event).await?;
        }
    }
    Ok(())
}

/// HTTP/1.1, as much of it as is needed.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

struct Request {
    is_post: bool,
    body: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::with_capacity(8192) }
    }

    /// The next request; nothing when there are no more.
    async fn request(&mut self) -> io::Result<Option<Request>> {
        let head = loop {
            if let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Ok(None);
            }
        };
        let text = String::from_utf8_lossy(&self.received[..head]).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let end = head + length.map_or(0, |length| length.trim().parse().unwrap());
        while self.received.len() < end {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Ok(None);
            }
        }
        let request =
            Request { is_post: text.starts_with("post"), body: self.received[head..end].to_vec() };
        self.received.drain(..end);
        Ok(Some(request))
    }

    async fn answer(&mut self, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
        let length = body.len();
        let mut answer = format!(
            "HTTP/1.1 {status}\r\n{headers}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        )
        .into_bytes();
        answer.extend_from_slice(body);
        self.stream.write_all(&answer).await
    }
}
