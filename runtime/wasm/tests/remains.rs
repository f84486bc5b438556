//! Nothing of an isolate is seen by the next, whichever function it is of.

#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

mod common;

use std::sync::Arc;

use common::{Guest, text_with};
use samovar_dispatch::Event;

/// A run of eight bytes that no machine code and no zeroed page has.
const SECRET: u64 = 0x5ec2_e7a1_9bd3_c6f5;

/// Pages of 64 KB that a guest fills: beyond all that a pool may keep resident of a slot, and more
/// regions than the kernel's page map tells at once.
const PAGES: u32 = 160;

/// A command's end in success.
const GOOD: &str = "i32.const 0";

fn component(memory: &str, body: &str, rest: &str) -> String {
    common::command(body, &format!("(memory {memory}) {rest}"))
}

/// Fills all of its memory, grown memory too, with the secret, its table with functions, and its
/// globals.
fn writer(body: &str, end: &str) -> String {
    component(
        "1 1000",
        &format!(
            "(local $at i32) (local $end i32)
             (drop (memory.grow (i32.const {grown})))
             (drop (table.grow (ref.func $run) (i32.const 5000)))
             (global.set $secret (i64.const {SECRET}))
             (local.set $end (i32.mul (memory.size) (i32.const 65536)))
             {body}
             {end}",
            grown = PAGES - 1,
        ),
        "(table 10 funcref) (global $secret (mut i64) (i64.const 0))
         (elem declare func $run)",
    )
}

/// All of it.
fn dense(end: &str) -> String {
    let body = format!(
        "(loop $more
             (i64.store (local.get $at) (i64.const {SECRET}))
             (local.set $at (i32.add (local.get $at) (i32.const 8)))
             (br_if $more (i32.lt_u (local.get $at) (local.get $end))))"
    );
    writer(&body, end)
}

/// Every other page of the kernel's: as many regions as there can be.
fn sparse() -> String {
    let body = format!(
        "(loop $more
             (i64.store offset=4088 (local.get $at) (i64.const {SECRET}))
             (local.set $at (i32.add (local.get $at) (i32.const 8192)))
             (br_if $more (i32.lt_u (local.get $at) (local.get $end))))"
    );
    writer(&body, GOOD)
}

/// Looks for anything but zeroes in a larger memory, a table and globals of its own. Fails with
/// `unreachable` where there is something.
fn reader() -> String {
    component(
        "1 1000",
        &format!(
            "(local $at i32) (local $end i32)
             (drop (memory.grow (i32.const {grown})))
             (drop (table.grow (ref.null func) (i32.const 6000)))
             (local.set $end (i32.mul (memory.size) (i32.const 65536)))
             (loop $more
                 (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
                 (local.set $at (i32.add (local.get $at) (i32.const 8)))
                 (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
             (local.set $at (i32.const 0))
             (loop $more
                 (if (i32.eqz (ref.is_null (table.get (local.get $at)))) (then unreachable))
                 (local.set $at (i32.add (local.get $at) (i32.const 1)))
                 (br_if $more (i32.lt_u (local.get $at) (i32.const 6010))))
             (if (i64.ne (global.get $clean) (i64.const 0)) (then unreachable))
             i32.const 0",
            grown = PAGES * 2 - 1,
        ),
        "(table 10 funcref) (global $clean (mut i64) (i64.const 0))",
    )
}

/// The same memory with an image of its own in the second page, of a byte over and over: the image
/// is there, and beside it only zeroes.
fn reader_with_image(byte: u8) -> String {
    component(
        "2 1000",
        &format!(
            r#"(local $at i32) (local $end i32)
             (if (i64.ne (i64.load (i32.const 70000)) (i64.const {image}))
                 (then unreachable))
             (i64.store (i32.const 70000) (i64.const 0))
             (drop (memory.grow (i32.const {grown})))
             (local.set $end (i32.mul (memory.size) (i32.const 65536)))
             (loop $more
                 (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
                 (local.set $at (i32.add (local.get $at) (i32.const 8)))
                 (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
             i32.const 0"#,
            grown = PAGES,
            image = u64::from_ne_bytes([byte; 8]),
        ),
        &format!(r#"(data (i32.const 70000) "{}")"#, format!("\\{byte:02x}").repeat(8)),
    )
}

async fn many(guest: &Arc<Guest>, isolates: usize) {
    let runs: Vec<_> = (0..isolates)
        .map(|_| {
            let guest = guest.clone();
            tokio::spawn(async move { guest.invoke(Event::Bytes("{}".into())).await.0.outcome })
        })
        .collect();
    for run in runs {
        run.await.unwrap().unwrap_or_else(|error| panic!("{error}: {:?}", guest.log()));
    }
}

fn load(wat: &str) -> Arc<Guest> {
    Arc::new(text_with(wat, |function| function.memory_mb = 128))
}

/// Hundreds of slots are filled by one function and used by others in turn, many at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_isolate_sees_what_another_wrote() {
    let writers = [load(&dense(GOOD)), load(&sparse())];
    let readers = [&reader(), &reader_with_image(0x74), &reader_with_image(0x7e)];
    let readers = readers.map(|wat| load(wat));
    for _ in 0..3 {
        for writer in &writers {
            many(writer, 60).await;
            // Some slots have an image now, and those of the others are made anew.
            tokio::join!(many(&readers[0], 40), many(&readers[1], 40), many(&readers[2], 40));
        }
        // All of them beside each other.
        tokio::join!(
            many(&writers[0], 30),
            many(&readers[0], 30),
            many(&writers[1], 30),
            many(&readers[1], 30),
            many(&readers[2], 30),
        );
    }
}

/// The others look closely: one byte that is not zero, anywhere, is seen.
#[tokio::test]
async fn what_is_there_is_seen() {
    for place in ["8", "65000", "130000"] {
        let wat = reader().replacen(
            "(memory 1 1000)",
            &format!("(memory 2 1000) (data (i32.const {place}) \"t\")"),
            1,
        );
        let outcome = load(&wat).invoke(Event::Bytes("{}".into())).await.0.outcome;
        assert_eq!(outcome.unwrap_err().error_type, "Runtime.ExitError");
    }
}

/// An isolate that is dropped in the middle leaves nothing either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_isolate_sees_what_a_dropped_one_wrote() {
    let endless = load(&dense("(loop $on (br $on)) unreachable"));
    let reader = load(&reader());
    for _ in 0..10 {
        let runs: Vec<_> = (0..20)
            .map(|_| {
                let guest = endless.clone();
                tokio::spawn(async move { guest.invoke(Event::Bytes("{}".into())).await.0.outcome })
            })
            .collect();
        tokio::task::yield_now().await;
        runs.iter().for_each(tokio::task::JoinHandle::abort);
        for run in runs {
            let _ = run.await;
        }
        many(&reader, 30).await;
    }
}

/// While the kernel takes pages away as it can. `MADV_PAGEOUT` of all memory is what pressure
/// does, without the wait for it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_isolate_sees_what_another_wrote_under_pressure() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let ended = Arc::new(AtomicBool::new(false));
    let presses = {
        let ended = ended.clone();
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                press();
            }
        })
    };
    let writers = [load(&dense(GOOD)), load(&sparse())];
    let (reader, image) = (load(&reader()), load(&reader_with_image(0x74)));
    for _ in 0..4 {
        for writer in &writers {
            tokio::join!(many(writer, 30), many(&reader, 30), many(&image, 30));
        }
        tokio::join!(many(&reader, 40), many(&image, 40));
    }
    ended.store(true, Ordering::Relaxed);
    presses.join().unwrap();
}

/// Pages out all private memory of this process that can be written, as far as the kernel does.
#[cfg(target_os = "linux")]
fn press() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
        let (start, end) = (number(start), number(end));
        // SAFETY: paging out changes no content, and a range that is gone by now is an error.
        let _ = unsafe {
            rustix::mm::madvise(
                start as *mut std::ffi::c_void,
                end - start,
                rustix::mm::Advice::LinuxPageOut,
            )
        };
    }
}
