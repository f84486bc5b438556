use super::*;

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// Every compiled file under `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

fn modified(path: &Path) -> std::time::SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

const EMPTY: &str = "(component)";
const WITH_CODE: &str = "(component (core module (func unreachable)))";

#[test]
fn a_component_is_compiled_once() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("compiled");
    let engine = Engine::default();
    Cache::open(dir.clone()).unwrap().load(&engine, &component(WITH_CODE)).unwrap();
    let [file] = files(&dir).try_into().unwrap();
    let before = modified(&file);

    let engine = Engine::default();
    Cache::open(dir.clone()).unwrap().load(&engine, &component(WITH_CODE)).unwrap();
    assert_eq!(files(&dir), [file.as_path()]);
    assert_eq!(modified(&file), before);

    Cache::open(dir.clone()).unwrap().load(&engine, &component(EMPTY)).unwrap();
    assert_eq!(files(&dir).len(), 2);
}

#[test]
fn a_changed_or_torn_file_is_compiled_again() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("compiled");
    let engine = Engine::default();
    let cache = Cache::open(dir.clone()).unwrap();
    cache.load(&engine, &component(WITH_CODE)).unwrap();
    let [file] = files(&dir).try_into().unwrap();
    let whole = fs::read(&file).unwrap();

    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for damage in [changed.as_slice(), &whole[..whole.len() / 2], b"", b"#!/bin/sh\n"] {
        fs::remove_file(&file).unwrap();
        fs::write(&file, damage).unwrap();
        cache.load(&engine, &component(WITH_CODE)).unwrap();
        assert_eq!(fs::read(&file).unwrap(), whole);
    }

    // A file under a name that is no digest of it counts for nothing.
    let stranger = file.with_file_name("stranger.cwasm");
    fs::write(&stranger, &whole).unwrap();
    fs::remove_file(&file).unwrap();
    cache.load(&engine, &component(WITH_CODE)).unwrap();
    assert!(!stranger.exists());
    assert_eq!(files(&dir), [file]);
}

#[test]
fn other_settings_are_another_key() {
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    let other = Engine::new(&config).unwrap();
    let wasm = component(EMPTY);
    assert_ne!(key(&Engine::default(), &wasm), key(&other, &wasm));
    assert_eq!(key(&Engine::default(), &wasm), key(&Engine::default(), &wasm));
}

#[test]
fn the_folder_is_private() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("state/compiled");
    fs::create_dir_all(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    Cache::open(dir.clone()).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);

    let file = temp.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Cache::open(file), Err(HostError::CacheDir { .. })));
    let link = temp.path().join("link");
    std::os::unix::fs::symlink(&dir, &link).unwrap();
    assert!(matches!(Cache::open(link), Err(HostError::CacheDir { .. })));
}

#[test]
fn a_folder_that_cannot_be_written_does_not_stop_a_function() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("compiled");
    let engine = Engine::default();
    let cache = Cache::open(dir.clone()).unwrap();
    fs::remove_dir(&dir).unwrap();
    fs::write(&dir, "a file where the folder was").unwrap();
    cache.load(&engine, &component(WITH_CODE)).unwrap();
}
