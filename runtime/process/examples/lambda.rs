//! A function on AWS's own `lambda_runtime`, for the tests: it does what its event asks for.

use std::io::Write;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    println!("initialised");
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    let argument = event["with"].as_u64().unwrap_or_default();
    Ok(match event["do"].as_str().unwrap_or_default() {
        "echo" => event,
        "fail" => return Err("on purpose".into()),
        "panic" => panic!("in a panic"),
        "exit" => std::process::exit(i32::try_from(argument)?),
        "abort" => std::process::abort(),
        "measure" => json!(event["with"].as_str().map(str::len)),
        "answer" => json!("x".repeat(usize::try_from(argument)?)),
        "variables" => json!(std::env::vars().collect::<std::collections::BTreeMap<_, _>>()),
        "sleep" => {
            tokio::time::sleep(Duration::from_millis(argument)).await;
            json!(std::process::id())
        }
        "eat" => {
            let mut eaten = vec![0_u8; usize::try_from(argument)? << 20];
            // Memory counts once it is written.
            eaten.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
            tokio::time::sleep(Duration::from_millis(200)).await;
            json!(std::hint::black_box(eaten).len())
        }
        "memfd" => {
            // Not mapped by anybody.
            let file = rustix::fs::memfd_create("eaten", rustix::fs::MemfdFlags::CLOEXEC)?;
            let mut file = std::fs::File::from(file);
            for _ in 0..argument {
                file.write_all(&[1; 1 << 20])?;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            json!(file.metadata()?.len())
        }
        "share" => {
            let eaten = shared(usize::try_from(argument)? << 20)?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            json!(eaten)
        }
        "run" => {
            let script = event["with"].as_str().unwrap_or_default();
            let output = std::process::Command::new("/bin/sh").args(["-c", script]).output()?;
            json!(String::from_utf8_lossy(&output.stdout))
        }
        "print" => {
            for n in 0..argument {
                println!("{} out {n}", context.request_id);
                eprintln!("{} err {n}", context.request_id);
            }
            // No line end, and no flush but that of the stream itself.
            eprint!("{} unfinished", context.request_id);
            json!(null)
        }
        "context" => json!({
            "requestId": context.request_id,
            "arn": context.invoked_function_arn,
            "deadline": context.deadline,
            "trace": context.xray_trace_id,
            "clientContext": context.client_context,
            "function": context.env_config.function_name,
            "memory": context.env_config.memory,
            "logStream": context.env_config.log_stream,
        }),
        other => return Err(format!("cannot do {other:?}").into()),
    })
}

/// Takes memory that children would share; how much.
fn shared(bytes: usize) -> Result<usize, Error> {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, at a place that the system chooses.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(std::io::Error::last_os_error().into());
    }
    for offset in (0..bytes).step_by(4096) {
        // SAFETY: within the mapping, which nothing else uses.
        unsafe { start.cast::<u8>().add(offset).write_volatile(1) };
    }
    Ok(bytes)
}
