//! A command: the event on standard input, the response on standard output, nothing but std.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

fn main() -> io::Result<ExitCode> {
    let mut event = String::new();
    io::stdin().read_to_string(&mut event)?;
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let is = |what: &str| event.contains(&format!("\"do\":\"{what}\""));
    if is("fail") {
        panic!("asked to fail");
    }
    if is("refuse") {
        eprintln!("no teapots left");
        return Ok(ExitCode::from(3));
    }
    while is("spin") {
        std::hint::spin_loop();
    }
    if is("grow") {
        let bytes = vec![1_u8; 256 << 20];
        let length = std::hint::black_box(&bytes).len();
        return write!(io::stdout(), "{length}").map(|()| ExitCode::SUCCESS);
    }
    if is("log") {
        eprintln!("to standard error");
    }
    let greeting = std::env::var("GREETING").unwrap_or_default();
    write!(io::stdout(), r#"{{"event":{event},"calls":{calls},"greeting":"{greeting}"}}"#)?;
    Ok(ExitCode::SUCCESS)
}
