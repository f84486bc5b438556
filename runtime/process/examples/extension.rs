//! An external extension on AWS's own `lambda-extension`, for the tests: it writes down what it
//! gets, in files of the folder `FOLDER`, and does what the variable `EXTENSION` asks for.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use lambda_extension::{
    Error, Extension, LambdaEvent, LambdaLog, LambdaTelemetry, NextEvent, SharedService, service_fn,
};

fn note(file: &str, line: &str) {
    let path = Path::new(&std::env::var("FOLDER").unwrap_or_default()).join(file);
    let opened = OpenOptions::new().create(true).append(true).open(path);
    if let Ok(mut file) = opened {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

fn wanted(what: &str) -> bool {
    std::env::var("EXTENSION").is_ok_and(|wanted| wanted.split(' ').any(|one| one == what))
}

async fn event(event: LambdaEvent) -> Result<(), Error> {
    match event.next {
        NextEvent::Invoke(invoke) => {
            println!("extension has {}", invoke.request_id);
            note("events", &format!("INVOKE {}", invoke.request_id));
            if wanted("crash") {
                std::process::exit(3);
            }
            if wanted("fail") {
                return Err("Extension.OnPurpose".into());
            }
            if wanted("hang") {
                std::future::pending::<()>().await;
            }
            let go = Path::new(&std::env::var("FOLDER")?).join("go");
            while wanted("wait") && !go.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            note("events", &format!("DONE {}", invoke.request_id));
        }
        NextEvent::Shutdown(shutdown) => {
            note("events", &format!("SHUTDOWN {}", shutdown.shutdown_reason));
            if wanted("linger") {
                std::future::pending::<()>().await;
            }
            if wanted("flush") {
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
            std::process::exit(0);
        }
    }
    Ok(())
}

async fn telemetry(events: Vec<LambdaTelemetry>) -> Result<(), Error> {
    for event in events {
        note("telemetry", &serde_json::to_string(&event)?);
    }
    Ok(())
}

async fn logs(events: Vec<LambdaLog>) -> Result<(), Error> {
    for event in events {
        note("logs", &format!("{:?}", event.record));
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if wanted("exit") {
        std::process::exit(1);
    }
    let types = &["platform", "function", "extension"];
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
    let extension = Extension::new().with_events_processor(service_fn(event));
    match port {
        Some(port) if wanted("logs") => {
            let extension = extension
                .with_log_types(types)
                .with_log_port_number(port)
                .with_logs_processor(SharedService::new(service_fn(logs)));
            extension.run().await
        }
        Some(port) => {
            let extension = extension
                .with_telemetry_types(types)
                .with_telemetry_port_number(port)
                .with_telemetry_processor(SharedService::new(service_fn(telemetry)));
            extension.run().await
        }
        None => extension.run().await,
    }
}
