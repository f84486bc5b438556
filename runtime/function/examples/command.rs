//! A plain command: an event on standard input, a response on standard output. It needs nothing
//! of this crate; the host's tests run it as a component.

use std::io::{self, Read, Write};
use std::process::ExitCode;

fn main() -> io::Result<ExitCode> {
    let mut event = String::new();
    io::stdin().read_to_string(&mut event)?;
    eprintln!("{} bytes came", event.len());
    match event.trim_matches('"') {
        "fail" => return Ok(ExitCode::FAILURE),
        "flood" => loop {
            io::stdout().write_all(&[b'x'; 1 << 16])?;
        },
        event => print!("{}", event.to_uppercase()),
    }
    Ok(ExitCode::SUCCESS)
}
