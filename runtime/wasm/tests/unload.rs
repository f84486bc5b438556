//! Components that are taken out of memory and come back, compiled once for all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{Guest, command};
use samovar_dispatch::{Event, Response};
use samovar_wasm::{CompileObserver, Host, HostConfig};
use tempfile::TempDir;

/// A command that answers nothing, and ends well.
fn component(folder: &Path, name: &str) -> PathBuf {
    // The name is in the component, so that each is another one.
    let rest = format!("(global (export \"{name}\") i32 (i32.const 1))");
    let path = folder.join(name).with_extension("wasm");
    fs::write(&path, wat::parse_str(command("i32.const 0", &rest)).unwrap()).unwrap();
    path
}

fn host() -> (TempDir, PathBuf, Host) {
    let temp = tempfile::tempdir().unwrap();
    let cache = temp.path().join("compiled");
    let host = Host::new(HostConfig::new(cache.clone())).unwrap();
    (temp, cache, host)
}

async fn answers(guest: &Guest) {
    let (ended, response) = guest.invoke(Event::Bytes("{}".into())).await;
    ended.outcome.unwrap();
    assert!(matches!(response, Some(Response::Bytes(bytes)) if bytes.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_go_on_while_components_are_unloaded() {
    let (temp, _, host) = host();
    let names = ["a", "b", "c", "d"];
    let guests = names
        .map(|name| Guest::load_on(&host, &component(temp.path(), name), |_| {}, &[]).unwrap());
    let guests = Arc::new(guests);
    let over = Arc::new(AtomicBool::new(false));
    let unloading = {
        let (host, over) = (host.clone(), over.clone());
        std::thread::spawn(move || {
            let mut rounds = 0_u64;
            while !over.load(Ordering::Relaxed) {
                host.unload();
                rounds += 1;
            }
            rounds
        })
    };
    let calls = (0..8).map(|task| {
        let guests = guests.clone();
        tokio::spawn(async move {
            for call in 0..250 {
                answers(&guests[(task + call) % guests.len()]).await;
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    assert!(unloading.join().unwrap() > 0);
}

#[tokio::test]
async fn an_isolate_outlives_the_unloading_of_its_component() {
    let (temp, _, host) = host();
    let guest = Guest::load_on(&host, &component(temp.path(), "a"), |_| {}, &[]).unwrap();
    let mut isolate = guest.start().await.unwrap();
    host.unload();
    let event = Event::Bytes("{}".into());
    let invocation = samovar_dispatch::Invocation::new(event, samovar_dispatch::Source::Invoke);
    let (reply, response) = samovar_dispatch::Reply::channel();
    isolate.invoke(invocation, reply).await.unwrap();
    response.await.unwrap();
}

#[tokio::test]
async fn a_component_comes_back_whatever_became_of_its_files() {
    let (temp, cache, host) = host();
    let path = component(temp.path(), "a");
    let guest = Guest::load_on(&host, &path, |_| {}, &[]).unwrap();
    fs::remove_file(path).unwrap();
    fs::remove_dir_all(cache).unwrap();
    for _ in 0..3 {
        host.unload();
        answers(&guest).await;
    }
}

#[tokio::test]
async fn what_was_changed_on_disk_does_not_come_back() {
    let (temp, cache, host) = host();
    let (one, other) = (component(temp.path(), "a"), component(temp.path(), "b"));
    let guest = Guest::load_on(&host, &one, |_| {}, &[]).unwrap();
    let [file] = files(&cache).try_into().unwrap();
    let other = Guest::load_on(&host, &other, |_| {}, &[]).unwrap();
    host.unload();
    let code = File::options().write(true).open(file).unwrap();
    code.write_all_at(b"another program", 5000).unwrap();
    let failure = guest.failure(serde_json::json!({})).await;
    assert_eq!(failure.error_type, "Runtime.InvalidEntrypoint");
    assert!(failure.message.contains("a.wasm") && failure.message.contains("was changed"));
    // Others are none the worse for it.
    answers(&other).await;
    // Whoever loads it finds out, and compiles it again.
    answers(&Guest::load_on(&host, &one, |_| {}, &[]).unwrap()).await;
}

#[test]
fn a_component_of_several_functions_is_compiled_once() {
    #[derive(Default)]
    struct Count {
        all: AtomicUsize,
        now: Arc<AtomicUsize>,
        most: AtomicUsize,
    }
    struct Ends(Arc<AtomicUsize>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    impl CompileObserver for Count {
        fn compiling(&self, function: &str, component: &Path, bytes: usize) -> Box<dyn Send> {
            assert_eq!(function, "guest");
            assert_eq!(fs::metadata(component).unwrap().len(), bytes as u64);
            self.all.fetch_add(1, Ordering::SeqCst);
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            Box::new(Ends(self.now.clone()))
        }
    }
    let temp = tempfile::tempdir().unwrap();
    let count = Arc::new(Count::default());
    let config = HostConfig::new(temp.path().join("compiled"));
    let host = Host::new(HostConfig { observer: count.clone(), ..config }).unwrap();
    let components = ["a", "b", "c", "d", "e", "f"].map(|name| component(temp.path(), name));
    // Each of six, and each again under another name, at once.
    let load = |component: &PathBuf| {
        let copy = component.with_extension("copy.wasm");
        fs::copy(component, &copy).unwrap();
        [component.clone(), copy]
    };
    let files: Vec<_> = components.iter().flat_map(load).collect();
    std::thread::scope(|scope| {
        let host = &host;
        let threads = files
            .iter()
            .map(|file| scope.spawn(move || Guest::load_on(host, file, |_| {}, &[]).unwrap()));
        let guests: Vec<_> = threads.collect();
        guests.into_iter().for_each(|guest| drop(guest.join().unwrap()));
    });
    assert_eq!(count.all.load(Ordering::SeqCst), components.len());
    assert_eq!(count.now.load(Ordering::SeqCst), 0);
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(count.most.load(Ordering::SeqCst) <= cores);
}

#[tokio::test]
async fn code_that_cannot_be_kept_stays_in_memory() {
    #[derive(Default)]
    struct NotKept(AtomicUsize);
    impl CompileObserver for NotKept {
        fn not_kept(&self, _: &str, component: &Path, folder: &Path, _: &std::io::Error) {
            assert!(component.ends_with("a.wasm") && folder.ends_with("compiled"));
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let temp = tempfile::tempdir().unwrap();
    let cache = temp.path().join("compiled");
    let told = Arc::new(NotKept::default());
    let config = HostConfig::new(cache.clone());
    let host = Host::new(HostConfig { observer: told.clone(), ..config }).unwrap();
    fs::remove_dir(&cache).unwrap();
    let guest = Guest::load_on(&host, &component(temp.path(), "a"), |_| {}, &[]).unwrap();
    host.unload();
    answers(&guest).await;
    assert_eq!(told.0.load(Ordering::SeqCst), 1);
}

/// All files of a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
