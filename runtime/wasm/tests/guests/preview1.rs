//! A program for `wasm32-wasip1`: prints its event, or does what the event says.

use std::io::{self, Read, Write};

fn main() {
    let mut event = String::new();
    io::stdin().read_to_string(&mut event).expect("an event");
    match event.trim_matches('"') {
        "variables" => {
            let pairs = std::env::vars().map(|(name, value)| format!("{name:?}: {value:?}"));
            println!("{{{}}}", pairs.collect::<Vec<_>>().join(", "));
        }
        "file" => println!("{}", std::fs::read("/etc/passwd").is_ok()),
        "exit 0" => {
            print!("{event}");
            io::stdout().flush().expect("a printed response");
            std::process::exit(0);
        }
        "exit 3" => std::process::exit(3),
        "panic" => panic!("the samovar boils over"),
        "busy" => loop {
            std::hint::spin_loop();
        },
        "greedy" => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
            }
        }
        _ => {
            eprintln!("{} bytes came", event.len());
            print!("{event}");
        }
    }
}
