//! Which attack a request asks for.

use wasip2::cli::{environment, stdin};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::random::{insecure, random};

use crate::{fetch, handles, responses};

struct Hostile;

wasip2::http::proxy::export!(Hostile);

impl Guest for Hostile {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let told = match path {
            // Responses that are none.
            "/never" => return,
            "/error" => return responses::error(out),
            "/body-twice" => return responses::body_twice(out),
            "/unfinished" => return responses::unfinished(out),
            "/length" => return responses::length(out, query),
            "/trap-after" => return responses::trap_after(out),
            "/endless" => return responses::endless(out),
            "/flood" => return responses::flood(out),
            "/trailers" => return responses::trailers(out),
            "/many-headers" => return responses::many_headers(out, query),
            "/smuggle" => return responses::smuggle(out),
            "/raw-headers" => return responses::raw_headers(out, &body(&request)),
            "/status" => return responses::status(out, query),
            // Handles that are never closed.
            "/leak" => handles::leak(query),
            // What takes its time.
            "/spin" => loop {
                std::hint::black_box(0);
            },
            "/sleep" => {
                monotonic_clock::subscribe_duration(u64::MAX).block();
                "awake".to_owned()
            }
            "/wait" => body(&request),
            "/fetch" => fetch::fetch(&body(&request)),
            "/fetch-at-once" => fetch::at_once(&body(&request)),
            "/fetch-and-leave" => fetch::and_leave(&body(&request)),
            // What floods.
            "/log" => {
                for number in 0..number(query) {
                    println!("line {number} {}", "x".repeat(1000));
                }
                "logged".to_owned()
            }
            "/line" => {
                print!("{}", "x".repeat(number(query)));
                "logged".to_owned()
            }
            "/random" => random::get_random_bytes(number(query) as u64).len().to_string(),
            // What is seen of the host.
            "/surroundings" => surroundings(),
            "/grow" => {
                let pages = core::arch::wasm32::memory_grow(0, number(query));
                (pages as isize).to_string()
            }
            _ => "nothing to try".to_owned(),
        };
        respond(out, Fields::new(), told.as_bytes());
    }
}

/// A whole response.
pub(crate) fn respond(out: ResponseOutparam, headers: Fields, text: &[u8]) {
    let response = OutgoingResponse::new(headers);
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    for part in text.chunks(4096) {
        stream.blocking_write_and_flush(part).unwrap();
    }
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

/// The number in a query.
pub(crate) fn number(query: &str) -> usize {
    query.parse().unwrap()
}

/// The whole body of a request, as text.
fn body(request: &IncomingRequest) -> String {
    let body = request.consume().unwrap();
    let stream = body.stream().unwrap();
    let mut bytes = Vec::new();
    while let Ok(part) = stream.blocking_read(65536) {
        bytes.extend(part);
    }
    String::from_utf8(bytes).unwrap()
}

/// Variables, arguments, standard input, randomness and clocks, a line each.
fn surroundings() -> String {
    let variables = environment::get_environment();
    let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let input = stdin::get_stdin().blocking_read(1000);
    let directories = wasip2::filesystem::preopens::get_directories().len();
    format!(
        "variables {}\narguments {:?}\ndirectory {:?}\ninput {input:?}\nfolders {directories}\n\
         random {}\ninsecure {}\nwall {}\nmonotonic {}\n",
        names.join(" "),
        environment::get_arguments(),
        environment::initial_cwd(),
        random::get_random_u64(),
        insecure::get_insecure_random_u64(),
        wall_clock::now().seconds,
        monotonic_clock::now(),
    )
}
