//! Load on an endpoint of SQS or Lambda, Samovar's or another's: the client side of the benchmarks
//! in `tests/peers`.
//!
//! `load ENDPOINT TARGET WORK CLIENTS SECONDS [MESSAGES]` lets so many clients, each with one
//! connection that it keeps, do the same work over and over until the time is over (or so many
//! messages are done), and prints one line of JSON: how many messages were done in how many
//! seconds, and how long the requests took. `WORK` is one of the following; `TARGET` is the URL of
//! a queue, the name of a function, or a path with its query.
//!
//! - `send`: one message a request;
//! - `send-batch`: ten messages a request;
//! - `drain`: receive up to ten, delete what came. Ends early when nothing comes any more;
//! - `invoke`: call the function with a small event, and wait for its answer;
//! - `get`: ask for the path, by HTTP through the gateway, for one, with `name=Ada` in the query.
//!   `{200}` in it stands for the numbers from 0 to 199 in turn.
//!
//! It speaks AWS JSON 1.0 and Lambda's `Invoke` over plain HTTP/1.1 by itself: an SDK would take most of a core, and
//! then it would be the SDK that is measured.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::{
    borrow::Cow,
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

const BODY_BYTES: usize = 256;
/// Of a request; a server that is slower than this fails the run.
const TIMEOUT: Duration = Duration::from_secs(60);
/// After so many empty receives in a row there is nothing left.
const EMPTY: u32 = 5;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ([endpoint, url, work, clients, seconds, limit @ ..], true) =
        (arguments.as_slice(), arguments.len() <= 6)
    else {
        eprintln!(
            "usage: load ENDPOINT TARGET send|send-batch|drain|invoke|get CLIENTS SECONDS [MESSAGES]"
        );
        std::process::exit(2);
    };
    let work = match work.as_str() {
        "send" => Work::Send,
        "send-batch" => Work::SendBatch,
        "drain" => Work::Drain,
        "invoke" => Work::Invoke,
        "get" => Work::Get,
        other => {
            eprintln!("there is no work {other:?}: send, send-batch, drain, invoke or get");
            std::process::exit(2);
        }
    };
    let clients: usize = clients.parse().unwrap();
    let time = Duration::from_secs_f64(seconds.parse().unwrap());
    let limit = limit.first().map_or(usize::MAX, |limit| limit.parse().unwrap());
    let until = Until { time, messages: limit, done: AtomicUsize::new(0) };
    let start = Instant::now();
    let tallies: io::Result<Vec<Tally>> = thread::scope(|scope| {
        let client = || run(&mut Client::new(endpoint, url)?, work, start, &until);
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    match tallies {
        Ok(tallies) => print(start, tallies),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

#[derive(Clone, Copy)]
enum Work {
    Send,
    SendBatch,
    Drain,
    Invoke,
    Get,
}

/// When all clients end.
struct Until {
    time: Duration,
    messages: usize,
    /// How many are done so far.
    done: AtomicUsize,
}

impl Until {
    fn is_reached(&self, start: Instant) -> bool {
        start.elapsed() >= self.time || self.done.load(Ordering::Relaxed) >= self.messages
    }
}

/// What one client did.
struct Tally {
    messages: usize,
    /// When the last of them was done.
    end: Instant,
    /// Of each request, in microseconds.
    took: Vec<u64>,
}

fn print(start: Instant, tallies: Vec<Tally>) {
    let messages: usize = tallies.iter().map(|tally| tally.messages).sum();
    let end = tallies.iter().map(|tally| tally.end).max().unwrap_or(start);
    let mut took: Vec<u64> = tallies.into_iter().flat_map(|tally| tally.took).collect();
    took.sort_unstable();
    let quantile = |percent: usize| took.get(took.len() * percent / 100).copied();
    let line = json!({
        "messages": messages,
        "seconds": (end - start).as_secs_f64(),
        "requests": took.len(),
        "p50_us": quantile(50),
        "p99_us": quantile(99),
    });
    println!("{line}");
}

fn run(client: &mut Client, work: Work, start: Instant, until: &Until) -> io::Result<Tally> {
    let message = json!({"QueueUrl": client.url, "MessageBody": "x".repeat(BODY_BYTES)});
    let entries: Vec<Value> = (0..10)
        .map(|n| json!({"Id": n.to_string(), "MessageBody": "x".repeat(BODY_BYTES)}))
        .collect();
    let batch = json!({"QueueUrl": client.url, "Entries": entries}).to_string();
    let receive = json!({"QueueUrl": client.url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0});
    let (message, receive) = (message.to_string(), receive.to_string());
    let mut tally = Tally { messages: 0, end: start, took: Vec::new() };
    let mut empty = 0;
    while !until.is_reached(start) && empty < EMPTY {
        let done = match work {
            Work::Send => {
                client.act("SendMessage", &message, &mut tally)?;
                1
            }
            Work::SendBatch => {
                let answer = client.act("SendMessageBatch", &batch, &mut tally)?;
                successful(&answer)
            }
            Work::Invoke => {
                client.invoke(&mut tally)?;
                1
            }
            Work::Get => {
                client.get(&mut tally)?;
                1
            }
            Work::Drain => {
                let answer = client.act("ReceiveMessage", &receive, &mut tally)?;
                let entries = deletions(&answer);
                if entries.is_empty() {
                    empty += 1;
                    continue;
                }
                empty = 0;
                let delete = json!({"QueueUrl": client.url, "Entries": entries}).to_string();
                let answer = client.act("DeleteMessageBatch", &delete, &mut tally)?;
                successful(&answer)
            }
        };
        until.done.fetch_add(done, Ordering::Relaxed);
        tally.messages += done;
        tally.end = Instant::now();
    }
    Ok(tally)
}

/// What is looked at in the answer of a batch. Reading no more of it leaves the cores to the
/// server.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchAnswer {
    #[serde(default)]
    successful: Vec<IgnoredAny>,
    #[serde(default)]
    failed: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received<'a> {
    #[serde(borrow, default)]
    messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    #[serde(borrow)]
    receipt_handle: Cow<'a, str>,
}

fn successful(answer: &[u8]) -> usize {
    let answer: BatchAnswer = serde_json::from_slice(answer).unwrap();
    assert!(answer.failed.is_empty(), "{:?}", answer.failed);
    answer.successful.len()
}

/// The entries of a batch that deletes all that was received.
fn deletions(answer: &[u8]) -> Vec<Value> {
    if answer.is_empty() {
        return Vec::new();
    }
    let answer: Received = serde_json::from_slice(answer).unwrap();
    let entry = |(n, message): (usize, &Message)| json!({"Id": n.to_string(), "ReceiptHandle": message.receipt_handle});
    answer.messages.iter().enumerate().map(entry).collect()
}

/// One connection.
struct Client {
    host: String,
    url: String,
    /// What stands before and after a number in the path, and how many numbers there are.
    numbered: Option<(String, String, usize)>,
    /// The number of the next request.
    number: usize,
    stream: BufReader<TcpStream>,
    /// Whether the server has said that it closes the connection.
    closing: bool,
}

impl Client {
    /// Connects to `http://HOST:PORT`.
    fn new(endpoint: &str, url: &str) -> io::Result<Self> {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = connect(&host)?;
        let numbered = numbered(url);
        Ok(Self { host, url: url.to_owned(), numbered, number: 0, stream, closing: false })
    }

    /// Does an action of SQS. The signature is none: the servers under test look at its credential
    /// scope at most.
    fn act(&mut self, action: &str, document: &str, tally: &mut Tally) -> io::Result<Vec<u8>> {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-amz-json-1.0\r\n\
             X-Amz-Target: AmazonSQS.{action}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, \
             Signature=0\r\nContent-Length: {}\r\n\r\n{document}",
            self.host,
            document.len()
        );
        self.call(&request, action, tally)
    }

    /// Calls the function that is the target.
    fn invoke(&mut self, tally: &mut Tally) -> io::Result<()> {
        let event = r#"{"name":"Ada"}"#;
        let request = format!(
            "POST /2015-03-31/functions/{}/invocations HTTP/1.1\r\nHost: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{event}",
            self.url,
            self.host,
            event.len()
        );
        let answer = self.call(&request, "Invoke", tally)?;
        greeted("Invoke", &answer)
    }

    /// Asks for the path that is the target.
    fn get(&mut self, tally: &mut Tally) -> io::Result<()> {
        let path = match &self.numbered {
            Some((before, after, count)) => {
                self.number = (self.number + 1) % count;
                Cow::Owned(format!("{before}{}{after}", self.number))
            }
            None => Cow::Borrowed(&*self.url),
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", self.host);
        let answer = self.call(&request, "GET", tally)?;
        greeted("GET", &answer)
    }

    /// The body of an answer of 200; anything else is an error.
    fn call(&mut self, request: &str, action: &str, tally: &mut Tally) -> io::Result<Vec<u8>> {
        let sent = Instant::now();
        if self.closing {
            self.stream = connect(&self.host)?;
        }
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (status, body) = self.answer().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::Error::other(format!("{action}: no answer in time")),
            _ => error,
        })?;
        tally.took.push(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
        if status != "200" {
            let body = String::from_utf8_lossy(&body);
            return Err(io::Error::other(format!("{action}: {status}: {body}")));
        }
        Ok(body)
    }

    fn answer(&mut self) -> io::Result<(String, Vec<u8>)> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).unwrap_or_default().to_owned();
        self.closing = first.starts_with("HTTP/1.0");
        let (mut length, mut chunked) = (0, false);
        loop {
            let header = self.line()?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            self.closing |= header.starts_with("connection:") && header.contains("close");
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        while chunked {
            let size = self.line()?;
            let size = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            let end = body.len();
            body.resize(end + size, 0);
            self.stream.read_exact(&mut body[end..])?;
            self.line()?;
            chunked = size > 0;
        }
        Ok((status, body))
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

/// `/a/{200}?b` as what stands before and after the number, and how many there are.
fn numbered(path: &str) -> Option<(String, String, usize)> {
    let (before, rest) = path.split_once('{')?;
    let (count, after) = rest.split_once('}')?;
    Some((before.to_owned(), after.to_owned(), count.parse().ok().filter(|count| *count > 0)?))
}

/// Some servers answer 200 to functions that failed.
fn greeted(action: &str, answer: &[u8]) -> io::Result<()> {
    if answer.windows(3).any(|bytes| bytes == b"Ada") {
        return Ok(());
    }
    let answer = String::from_utf8_lossy(answer);
    Err(io::Error::other(format!("{action}: no greeting: {answer}")))
}

fn connect(host: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(BufReader::with_capacity(64 * 1024, stream))
}
