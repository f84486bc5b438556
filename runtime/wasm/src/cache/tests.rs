use std::fs::File;
use std::os::unix::fs::{FileExt as _, chown, symlink};
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// An empty folder that a cache can be in.
fn folder() -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("compiled");
    (temp, dir)
}

fn open(dir: &Path) -> Cache {
    Cache::open(dir.to_owned(), 1 << 20).unwrap()
}

/// Every file of the folder.
fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Takes code that must be there.
fn take(cache: &Cache, key: &str) -> OnDisk {
    match cache.code(key, || panic!("{key} is made again")).unwrap() {
        Code::OnDisk(code) => code,
        Code::InMemory { reason, .. } => panic!("{reason}"),
    }
}

/// Takes code that must not be there.
fn make(cache: &Cache, key: &str, bytes: &[u8]) -> Code {
    let mut made = false;
    let code = cache.code(key, || {
        made = true;
        Ok(Compiled::whole(bytes.to_owned()))
    });
    assert!(made, "{key} is there");
    code.unwrap()
}

#[test]
fn code_is_made_once() {
    let (_temp, dir) = folder();
    let cache = open(&dir);
    assert!(matches!(make(&cache, "a", b"one"), Code::OnDisk(_)));
    take(&cache, "a");
    drop(cache);
    let cache = open(&dir);
    take(&cache, "a");
    assert!(matches!(make(&cache, "b", b"two"), Code::OnDisk(_)));
    assert_eq!(files(&dir), ["a.cwasm", "b.cwasm"]);
}

#[test]
fn what_cannot_be_made_leaves_nothing() {
    let (_temp, dir) = folder();
    let cache = open(&dir);
    let failed = cache.code("a", || Err(wasmtime::format_err!("no component")));
    assert_eq!(failed.unwrap_err().to_string(), "no component");
    let panicked = thread::scope(|scope| {
        scope.spawn(|| cache.code("a", || panic!("in the compiler")).is_ok()).join()
    });
    assert!(panicked.is_err());
    assert!(files(&dir).is_empty());
    make(&cache, "a", b"one");
}

#[test]
fn a_changed_torn_or_moved_file_is_made_again() {
    let (_temp, dir) = folder();
    let cache = open(&dir);
    make(&cache, "a", b"machine code");
    make(&cache, "b", b"of another component");
    let file = dir.join("a.cwasm");
    let whole = fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[3] ^= 1;
    let other = fs::read(dir.join("b.cwasm")).unwrap();
    for damage in [&changed, &whole[..whole.len() / 2], b"", b"#!/bin/sh\n", &other] {
        fs::write(&file, damage).unwrap();
        make(&cache, "a", b"machine code");
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn a_link_is_not_followed() {
    let (temp, dir) = folder();
    let cache = open(&dir);
    make(&cache, "a", b"one");
    let elsewhere = temp.path().join("elsewhere");
    fs::rename(dir.join("a.cwasm"), &elsewhere).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    symlink(&elsewhere, dir.join("a.cwasm")).unwrap();
    make(&cache, "a", b"another");
    assert!(fs::symlink_metadata(dir.join("a.cwasm")).unwrap().is_file());

    // Where it is written, neither.
    symlink(&elsewhere, dir.join("b.part")).unwrap();
    assert!(matches!(make(&cache, "b", b"two"), Code::InMemory { .. }));
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
}

#[test]
fn code_that_was_changed_since_it_was_opened_is_not_executed() {
    let (_temp, dir) = folder();
    let cache = open(&dir);
    let engine = crate::engine::mapped().unwrap().engine;
    let wasm = wat::parse_str("(component (core module (func unreachable)))").unwrap();
    let key = key(&engine, &wasm);
    let compiled = engine.precompile_component(&wasm).unwrap();
    let Code::OnDisk(code) = make(&cache, &key, &compiled) else { panic!("it is on disk") };
    code.component(&engine).unwrap();

    // It comes back where its name is gone, and where nothing but the times has changed.
    let file = dir.join(&key).with_extension(EXTENSION);
    let opened = File::options().write(true).open(&file).unwrap();
    opened.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    code.component(&engine).unwrap();
    fs::remove_file(&file).unwrap();
    code.component(&engine).unwrap();

    // One byte, in place, with the time of modification set as it was.
    let modified = opened.metadata().unwrap().modified().unwrap();
    opened.write_all_at(&[0x90], 4096).unwrap();
    opened.set_modified(modified).unwrap();
    code.component(&engine).unwrap_err();
}

#[test]
fn of_many_at_once_one_makes_the_code_and_the_others_wait() {
    let (_temp, dir) = folder();
    let (made, together) = (AtomicUsize::new(0), Barrier::new(8));
    // Each with a cache of its own, as processes have: locks are of open files.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cache = open(&dir);
                together.wait();
                let code = cache.code("a", || {
                    made.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(100));
                    Ok(Compiled::whole(b"one".to_vec()))
                });
                assert!(matches!(code.unwrap(), Code::OnDisk(_)));
            });
        }
    });
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert_eq!(files(&dir), ["a.cwasm"]);
}

#[test]
fn what_a_killed_process_has_left_is_removed_and_never_taken() {
    let (_temp, dir) = folder();
    drop(open(&dir));
    // The lock of a process goes with it; the file stays.
    fs::write(dir.join("a.part"), b"half of").unwrap();
    fs::write(dir.join("b.part"), b"half of").unwrap();
    let under_way = File::open(dir.join("b.part")).unwrap();
    under_way.lock().unwrap();
    let cache = open(&dir);
    assert_eq!(files(&dir), ["b.part"]);
    drop(under_way);
    make(&cache, "b", b"two");
    assert_eq!(files(&dir), ["b.cwasm"]);
    take(&open(&dir), "b");
}

#[test]
fn what_was_used_least_recently_goes_first() {
    let (_temp, dir) = folder();
    let of = |size: usize| vec![7; size];
    let cache = Cache::open(dir.clone(), 1 << 20).unwrap();
    for key in ["a", "b", "c"] {
        make(&cache, key, &of(1000));
    }
    let used = |key: &str, minutes: u64| {
        let file = File::options().write(true).open(dir.join(key).with_extension("cwasm"));
        let time = SystemTime::now() - Duration::from_secs(60 * minutes);
        file.unwrap().set_modified(time).unwrap();
    };
    used("a", 1);
    used("b", 3);
    used("c", 2);
    // Room for two of them.
    Cache::open(dir.clone(), 2500).unwrap().trim();
    assert_eq!(files(&dir), ["a.cwasm", "c.cwasm"]);

    // What is used now stays, even beyond the limit; the rest goes for what is new.
    let cache = Cache::open(dir.clone(), 2500).unwrap();
    cache.trim();
    take(&cache, "c");
    make(&cache, "d", &of(1000));
    assert_eq!(files(&dir), ["c.cwasm", "d.cwasm"]);
    make(&cache, "e", &of(5000));
    assert_eq!(files(&dir), ["c.cwasm", "d.cwasm", "e.cwasm"]);
    take(&cache, "d");
}

#[test]
fn an_application_beyond_the_limit_is_compiled_once() {
    let (_temp, dir) = folder();
    let keys = ["a", "b", "c", "d"];
    let cache = Cache::open(dir.clone(), 2500).unwrap();
    for key in keys {
        make(&cache, key, &[7; 1000]);
    }
    cache.trim();
    // Each start asks for all of them, one after the other, and something new.
    let cache = Cache::open(dir.clone(), 2500).unwrap();
    make(&cache, "new", &[7; 1000]);
    for key in keys {
        take(&cache, key);
    }
    cache.trim();
    assert_eq!(files(&dir), ["a.cwasm", "b.cwasm", "c.cwasm", "d.cwasm", "new.cwasm"]);
}

#[test]
fn other_settings_are_another_key() {
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    let other = Engine::new(&config).unwrap();
    let wasm = b"component";
    assert_ne!(key(&Engine::default(), wasm), key(&other, wasm));
    assert_ne!(key(&Engine::default(), wasm), key(&Engine::default(), b"another"));
    assert_eq!(key(&Engine::default(), wasm), key(&Engine::default(), wasm));
}

#[test]
fn the_folder_is_private() {
    let (temp, dir) = folder();
    fs::create_dir_all(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let cache = open(&dir);
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    make(&cache, "a", b"one");
    let file = fs::metadata(dir.join("a.cwasm")).unwrap();
    assert_eq!(file.permissions().mode() & 0o077, 0);

    let refused = |path: PathBuf| Cache::open(path, 1).unwrap_err();
    let file = temp.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(refused(file), HostError::CacheDir { .. }));
    let link = temp.path().join("link");
    symlink(&dir, &link).unwrap();
    assert!(matches!(refused(link), HostError::CacheDir { .. }));
}

#[test]
fn what_belongs_to_somebody_else_is_not_executed() {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        // Root's own folder is somebody else's.
        assert!(matches!(Cache::open("/usr".into(), 1), Err(HostError::CacheOwner { .. })));
        return;
    }
    let (_temp, dir) = folder();
    let cache = open(&dir);
    make(&cache, "a", b"one");
    chown(dir.join("a.cwasm"), Some(NOBODY), None).unwrap();
    make(&cache, "a", b"one");
    chown(&dir, Some(NOBODY), None).unwrap();
    assert!(matches!(Cache::open(dir, 1), Err(HostError::CacheOwner { .. })));
}

#[test]
fn where_nothing_can_be_written_code_is_in_memory() {
    let (_temp, dir) = folder();
    let cache = open(&dir);
    // Something that cannot be written to, for root neither.
    fs::create_dir(dir.join("a.part")).unwrap();
    let Code::InMemory { compiled, .. } = make(&cache, "a", b"one") else { panic!("it is kept") };
    assert_eq!(compiled.code, b"one");
    // What is there already is taken, all the same.
    make(&cache, "b", b"two");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
    take(&cache, "b");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();

    fs::remove_dir_all(&dir).unwrap();
    assert!(matches!(make(&cache, "c", b"three"), Code::InMemory { .. }));
    fs::write(&dir, "a file where the folder was").unwrap();
    assert!(matches!(make(&cache, "c", b"three"), Code::InMemory { .. }));
}
