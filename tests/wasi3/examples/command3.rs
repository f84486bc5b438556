//! A component with `wasi:cli/run` of WASI 0.3: prints its event, and its length to standard error.

#![cfg(target_family = "wasm")]

use wasip3::cli::{stdin, stdout};
use wasip3::wit_stream;

wasip3::cli::command::export!(Guest);

struct Guest;

impl wasip3::exports::cli::run::Guest for Guest {
    async fn run() -> Result<(), ()> {
        let (input, _) = stdin::read_via_stream();
        let event = input.collect().await;
        eprintln!("{} bytes came", event.len());
        match event.as_slice() {
            b"\"fail\"" => return Err(()),
            b"\"exit\"" => std::process::exit(7),
            _ => {}
        }
        let (mut out, printed) = wit_stream::new();
        let printing = stdout::write_via_stream(printed);
        out.write_all(event).await;
        drop(out);
        printing.await.map_err(|_| ())
    }
}
