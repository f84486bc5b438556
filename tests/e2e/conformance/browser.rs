//! What a real browser makes of the CORS headers: headless Chromium runs a page of one origin that
//! calls the front door at another.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::run;
use crate::server::{Server, Shared};

/// The names under which distributions install it.
const PROGRAMS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The test, which is left out loudly where there is no browser. `.ci/run` installs one where it
/// can.
pub(super) fn trial(server: &Arc<Shared>) -> Trial {
    let (server, program) = (server.clone(), program());
    let name = "conformance::a_browser_keeps_to_the_cors_rules";
    let test = Trial::test(name, move || run(|| browser(&server.get(), program)));
    if program.is_some() {
        return test;
    }
    let names = PROGRAMS.join(", ");
    eprintln!("NOT RUN: {name}: none of {names} works (on Debian: apt-get install chromium)");
    test.with_ignored_flag(true)
}

fn program() -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| {
        let found = Command::new(program).arg("--version").stdin(Stdio::null()).output();
        found.is_ok_and(|output| output.status.success())
    })
}

/// What the page asks, and whether a browser lets it read the answer.
fn cases(http_port: u16) -> Value {
    let url = |host: &str, path: &str| format!("http://{host}.localhost:{http_port}{path}");
    let own = json!({"x-own": "1"});
    json!([
        // A simple request, one that needs a preflight, and one that the preflight does not permit.
        {"name": "simple", "url": url("staged", "/orders")},
        {"name": "header", "url": url("rest", "/items/7"), "headers": own},
        {"name": "refused header", "url": url("rest", "/items/7"), "headers": {"x-other": "1"}},
        {"name": "url", "url": url("url", "/"), "method": "POST", "headers": own},
        {"name": "url header", "url": url("url", "/"), "headers": {"x-other": "1"}},
        {"name": "credentials", "url": url("url", "/"), "credentials": "include"},
        // An HTTP API that allows other origins than the page's.
        {"name": "other origin", "url": url("http", "/items/7")},
    ])
}

/// As browsers keep to the Fetch standard, "CORS protocol".
fn expected() -> Value {
    json!({
        "simple": 200,
        // SAM's preflight allows another origin than the page's, and so does the function.
        "header": "TypeError",
        "refused header": "TypeError",
        "url": 200,
        "url header": "TypeError",
        // The rules of the function URL do not allow credentials.
        "credentials": "TypeError",
        "other origin": "TypeError",
    })
}

fn browser(server: &Server, program: Option<&str>) {
    let page = page(&cases(server.ports.http));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(&listener, &page));
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(program.expect("a browser"))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        // The time of the page's own clock, which stands still while requests are under way.
        .args(["--virtual-time-budget=60000", "--dump-dom"])
        .arg(format!("http://page.localhost:{port}/"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let between = dom.split_once("<pre>").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (results, _) = between.unwrap_or_else(|| panic!("no results in {dom}"));
    let results: Value = serde_json::from_str(results).unwrap();
    assert_eq!(results, expected());
}

/// A page that asks in turn, and then shows by name the status that it could read, or the error.
fn page(cases: &Value) -> String {
    format!(
        r"<!doctype html><title>CORS</title><body><script>
        (async () => {{
            const results = {{}};
            for (const {{name, url, ...options}} of {cases}) {{
                try {{
                    results[name] = (await fetch(url, options)).status;
                }} catch (error) {{
                    results[name] = error.name;
                }}
            }}
            const shown = document.createElement('pre');
            shown.textContent = JSON.stringify(results);
            document.body.append(shown);
        }})();
        </script></body>"
    )
}

/// Answers every request with the page.
fn serve(listener: &TcpListener, page: &str) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let mut head = [0; 4096];
        let _ = stream.read(&mut head);
        let length = page.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{page}"
        );
    }
}
