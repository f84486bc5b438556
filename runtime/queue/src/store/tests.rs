//! Damage to the files, and what a power cut leaves of them.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const QUEUE: u64 = 1;

fn message(seq: Seq) -> Write {
    let content = Content { body: format!("the body of {seq}"), ..Content::default() };
    let key = Key { queue: QUEUE, seq };
    let record = Record::sent(seq, 0, 0);
    Write::Message { key, record, content: Box::new(content), accepted: None }
}

fn write(store: &Store, writes: Vec<Write>) {
    store.write(writes, store.epoch().unwrap()).unwrap();
}

/// A store with so many messages, one a commit, each of them acknowledged. Its journal has no
/// zeros at its end, to be copied fast.
fn with_messages(number: u64) -> TempDir {
    let dir = TempDir::new().unwrap();
    let (store, _) = Store::on_disk(dir.path()).unwrap();
    for seq in 1..=number {
        write(&store, vec![message(seq)]);
        store.sync().unwrap();
    }
    drop(store);
    let path = journal(dir.path());
    let bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    fs::write(&path, &bytes[..end]).unwrap();
    dir
}

/// The newest journal.
fn journal(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "jnl")).max().unwrap()
}

fn mark(dir: &Path) -> PathBuf {
    dir.join("acknowledged")
}

fn copy(from: &Path) -> TempDir {
    fn copy_dir(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                fs::create_dir(&target).unwrap();
                copy_dir(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let to = TempDir::new().unwrap();
    copy_dir(from, to.path());
    to
}

/// Opens a directory and returns the sequences of its messages, all of which have contents.
fn open(dir: &Path) -> Result<Vec<Seq>, OpenError> {
    let (store, loaded) = Store::on_disk(dir)?;
    let keys: Result<Vec<Key>, _> = loaded.records.map(|entry| Ok(entry?.0)).collect();
    let keys = keys?;
    let contents = store.contents(&keys).unwrap();
    for (key, content) in keys.iter().zip(contents) {
        assert_eq!(content.unwrap().body, format!("the body of {}", key.seq));
    }
    Ok(keys.into_iter().map(|key| key.seq).collect())
}

fn up_to(number: Seq) -> Vec<Seq> {
    (1..=number).collect()
}

#[test]
fn a_damaged_journal_never_loses_what_was_acknowledged_without_a_word() {
    let whole = with_messages(6);
    let bytes = fs::read(journal(whole.path())).unwrap();
    let mut reported = 0;
    for at in (0..bytes.len()).step_by(11) {
        let dir = copy(whole.path());
        let path = journal(dir.path());
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        match open(dir.path()) {
            Ok(found) => assert_eq!(found, up_to(6), "byte {at}"),
            Err(error) => {
                assert!(matches!(error, OpenError::Lost { .. }), "byte {at}: {error}");
                assert_eq!(fs::read(&path).unwrap(), damaged, "byte {at}: nothing was touched");
                reported += 1;
            }
        }
    }
    assert!(reported > 50, "{reported} cases of damage show little");
}

#[test]
fn the_report_names_the_place_and_the_remedy_works() {
    let dir = with_messages(6);
    let path = journal(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(13).position(|window| window == b"the body of 5").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Lost { commits: 2, .. }), "{error}");
    let text = error.to_string();
    for part in [&*path.to_string_lossy(), &*mark(dir.path()).to_string_lossy(), "from byte"] {
        assert!(text.contains(part), "{text}");
    }
    // Again and again, until somebody decides.
    assert!(open(dir.path()).is_err());
    fs::remove_file(mark(dir.path())).unwrap();
    assert_eq!(open(dir.path()).unwrap(), up_to(4));
    assert_eq!(open(dir.path()).unwrap(), up_to(4));
    let (store, _) = Store::on_disk(dir.path()).unwrap();
    write(&store, vec![message(5)]);
    store.sync().unwrap();
    drop(store);
    assert_eq!(open(dir.path()).unwrap(), up_to(5));
}

#[test]
fn a_commit_that_was_cut_short_is_dropped_and_nothing_else() {
    let whole = with_messages(3);
    let (store, _) = Store::on_disk(whole.path()).unwrap();
    let before = fs::read(mark(whole.path())).unwrap();
    let start = fs::metadata(journal(whole.path())).unwrap().len();
    write(&store, (4..10).map(message).collect());
    store.sync().unwrap();
    drop(store);
    let bytes = fs::read(journal(whole.path())).unwrap();
    let length = bytes.len() - usize::try_from(start).unwrap();
    // Cut off, or with a hole where the disk had not written a sector yet.
    let cuts = (1..length).step_by(40).map(|cut| bytes[..bytes.len() - cut].to_vec());
    let holes = (60..length).step_by(60).map(|hole| {
        let mut bytes = bytes.clone();
        let start = bytes.len() - hole;
        bytes[start..start + 60].fill(0);
        bytes
    });
    for torn in cuts.chain(holes) {
        let dir = copy(whole.path());
        fs::write(journal(dir.path()), &torn).unwrap();
        // It was acknowledged, so this is damage.
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Lost { commits: 1, .. }), "{error}");
        fs::write(mark(dir.path()), &before).unwrap();
        assert_eq!(open(dir.path()).unwrap(), up_to(3));
        let (store, _) = Store::on_disk(dir.path()).unwrap();
        write(&store, vec![message(4)]);
        drop(store);
        assert_eq!(open(dir.path()).unwrap(), up_to(4));
    }
}

#[test]
fn journals_that_are_missing_are_noticed() {
    let dir = with_messages(3);
    fs::write(journal(dir.path()), b"").unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Lost { .. }), "{error}");
}

#[test]
fn a_gap_between_journals_is_noticed() {
    let whole = with_messages(6);
    let bytes = fs::read(journal(whole.path())).unwrap();
    let ends: Vec<usize> =
        (4..=bytes.len()).filter(|end| bytes[..*end].ends_with(b"FJL\x03")).collect();
    let (_, marked) = mark::Mark::open(&mark(whole.path())).unwrap();
    let acknowledged = marked.unwrap().acknowledged;
    let dir = TempDir::new().unwrap();
    let check = |first: &[u8], second: &[u8]| {
        fs::write(dir.path().join("9.jnl"), first).unwrap();
        fs::write(dir.path().join("10.jnl"), second).unwrap();
        match journal::check(dir.path(), marked) {
            Ok(checked) => Ok(checked.last),
            Err(journal::CheckError::Damaged(damage)) => Err(damage.commits),
            Err(journal::CheckError::Io(error)) => panic!("{error}"),
        }
    };
    let split = ends[3];
    assert_eq!(check(&bytes[..split], &bytes[split..]), Ok(Some(acknowledged)));
    assert_eq!(check(&bytes[..split], &[]), Err(3));
    assert_eq!(check(&bytes[..split - 1], &bytes[split..]), Err(1));
    assert_eq!(check(&bytes[..ends[1]], &bytes[split..]), Err(2));
    // Nothing is asked for of what was there before the file of the mark.
    let base = mark::Marked { base: acknowledged, acknowledged };
    assert_eq!(journal::check(dir.path(), Some(base)).unwrap().last, Some(acknowledged));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is in the file, the check ends and says something.
    #[test]
    fn garbage_is_no_journal(bytes in prop::collection::vec(0..5_u8, 0..400), flip in any::<u8>()) {
        let dir = TempDir::new().unwrap();
        let mut bytes = bytes;
        if let Some(byte) = bytes.last_mut() {
            *byte ^= flip;
        }
        fs::write(dir.path().join("0.jnl"), bytes).unwrap();
        prop_assert_eq!(journal::check(dir.path(), None).unwrap(), journal::Checked::default());
    }
}

/// Commits go on to new journals when one is full, and what is synced is where they went.
#[test]
fn commits_are_synced_in_whichever_journal_they_are() {
    let dir = TempDir::new().unwrap();
    let (store, _) = Store::on_disk(dir.path()).unwrap();
    let count = 600;
    for seq in 1..=count {
        let Write::Message { key, record, mut content, accepted } = message(seq) else {
            unreachable!("it is a message");
        };
        // Nothing that would be written shorter than it is.
        let number =
            |n: u64| format!("{:016x}", (seq << 32 | n).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        content.body = (0..12_500).map(number).collect();
        write(&store, vec![Write::Message { key, record, content, accepted }]);
        if seq % 50 == 0 {
            store.sync().unwrap();
        }
    }
    let newest = super::journal::numbered(dir.path()).unwrap().pop().unwrap().0;
    assert!(newest > 0, "120 MB fit into one journal");
    drop(store);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.records.count() as u64, count);
}
