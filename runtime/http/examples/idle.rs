//! What idle keep-alive connections cost, and whether they harm an active one.
//!
//! `idle [CONNECTIONS] [REQUESTS]`, 10,000 and 20,000 unless told otherwise: a process of its own
//! serves; one connection measures alone, then beside so many others that have asked once and are
//! silent for [`SILENCE`], after which they are idle. Memory is allocated as in the binary, by
//! mimalloc. Prints one line of JSON: the server's resident memory in KB before and after, bytes a
//! connection, and p50 and p99 of the active one in microseconds. Both processes need as many open
//! files as connections: the soft limit is raised to the hard one.
//!
//! On a machine of two cores, built for release: 40 to 75 MB in all with 10,000 connections, by how
//! many were made at once; p50 of the active one 16 to 19 microseconds with and without them. p99
//! varies more between runs than by them.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http::{Request, Response};
use rustix::process::{Resource, getrlimit, setrlimit};
use samovar_http::{Limits, RequestBody, Reserved, full, serve};
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Longer than the server keeps ready what serves a connection.
const SILENCE: Duration = Duration::from_secs(3);

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nhost: localhost\r\nuser-agent: idle\r\naccept: */*\r\n\r\n";

fn main() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "serve") {
        return server();
    }
    let number = |index: usize, default| {
        arguments.get(index).map_or(default, |text: &String| text.parse::<usize>().unwrap())
    };
    client(number(0, 10_000), number(1, 20_000));
}

/// Serves on a free port, which is printed, for as long as standard input is open.
#[tokio::main]
async fn server() {
    let listeners = Reserved::new(0).unwrap().listen().unwrap();
    println!("{}", listeners.port());
    // So long that nobody is thrown out while this measures.
    let idle = Duration::from_secs(600);
    let limits = Limits { connections: usize::MAX >> 4, idle, ..Limits::default() };
    let service = |_: Request<RequestBody>, _: SocketAddr| async { Response::new(full("ok")) };
    let stop = CancellationToken::new();
    let serving = serve(listeners.with_limits(limits), service, stop, Duration::ZERO);
    let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        () = serving => {}
        _ = parent => {}
    }
}

fn client(connections: usize, requests: usize) {
    let mut command = Command::new(env::current_exe().unwrap());
    let command = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port.trim().parse().unwrap()));

    let mut active = TcpStream::connect(address).unwrap();
    active.set_nodelay(true).unwrap();
    let alone = measure(&mut active, requests);
    let before = resident(server.id());
    let idle: Vec<TcpStream> = (0..connections)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            ask(&mut stream);
            stream
        })
        .collect();
    std::thread::sleep(SILENCE);
    let beside = measure(&mut active, requests);
    // After that: those who allocate give back what is free.
    let after = resident(server.id());
    println!(
        "{}",
        json!({
            "connections": idle.len(),
            "rss_before_kb": before,
            "rss_after_kb": after,
            "bytes_per_connection": after.saturating_sub(before) * 1024 / idle.len().max(1) as u64,
            "alone_us": {"p50": alone.0, "p99": alone.1},
            "beside_us": {"p50": beside.0, "p99": beside.1},
        })
    );
    drop(server.stdin.take());
    server.wait().unwrap();
}

/// p50 and p99 in microseconds.
fn measure(stream: &mut TcpStream, requests: usize) -> (u128, u128) {
    let mut took: Vec<u128> = (0..requests)
        .map(|_| {
            let began = Instant::now();
            ask(stream);
            began.elapsed().as_micros()
        })
        .collect();
    took.sort_unstable();
    (took[requests / 2], took[requests * 99 / 100])
}

fn ask(stream: &mut TcpStream) {
    stream.write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while !answer.ends_with(b"\r\n\r\nok") {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the server closed an active connection");
        answer.extend_from_slice(&part[..count]);
    }
}

/// `VmRSS` of a process in KB (proc_pid_status(5)).
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
