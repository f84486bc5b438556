//! Handles that are made and never closed.

use std::mem::forget;

use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{Fields, OutgoingRequest, OutgoingResponse, RequestOptions};

/// Makes handles of one kind until the host stops it.
pub(crate) fn leak(kind: &str) -> String {
    let mut count = 0_u64;
    loop {
        match kind {
            "pollables" => forget(monotonic_clock::subscribe_duration(1)),
            "fields" => {
                let fields = Fields::new();
                // Half of what one may hold.
                let taken = fields.append("x", &[b'x'; 30_000]);
                forget((fields, taken));
            }
            "clones" => {
                let fields = Fields::new();
                fields.append("x", b"y").unwrap();
                forget(fields.clone());
                forget(fields);
            }
            "requests" => forget(OutgoingRequest::new(Fields::new())),
            "responses" => {
                let response = OutgoingResponse::new(Fields::new());
                forget(response.body());
                forget(response);
            }
            "options" => forget(RequestOptions::new()),
            "streams" => forget(wasip2::cli::stdout::get_stdout()),
            _ => return format!("{kind} are no handles"),
        }
        count += 1;
        if count.is_multiple_of(100) {
            println!("{count}");
        }
    }
}
