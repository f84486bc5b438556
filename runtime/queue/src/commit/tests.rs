//! What becomes of writes that are handed in while a failure is dealt with.

use std::{sync::OnceLock, thread::JoinHandle};

use super::*;
use crate::{
    core::Record,
    store::{Content, Operation},
};

/// Hands in one more message when it is told to forget, as a receive does that holds the lock of
/// its queue just then.
#[derive(Default)]
struct Late {
    committer: OnceLock<Weak<Committer>>,
    committed: Mutex<Option<Committed>>,
    refused: Mutex<Vec<Key>>,
    /// Opens the store again as soon as it may.
    reopening: Mutex<Option<JoinHandle<()>>>,
}

impl Late {
    fn committer(&self) -> Arc<Committer> {
        self.committer.get().and_then(Weak::upgrade).unwrap()
    }
}

impl OnFailure for Late {
    fn forget_state(&self) {
        let committer = self.committer();
        let reopening = std::thread::spawn(move || drop(committer.reopen().unwrap()));
        *self.reopening.lock().unwrap() = Some(reopening);
        let committed = self.committer().submit(vec![message(2)], Durability::Disk, || {
            panic!("it rests on state that is forgotten");
        });
        *self.committed.lock().unwrap() = Some(committed);
    }

    fn store_failed(&self, refused: Vec<Key>) {
        self.refused.lock().unwrap().extend(refused);
    }
}

fn key(seq: Seq) -> Key {
    Key { queue: 1, seq }
}

fn message(seq: Seq) -> Write {
    let record = Record::sent(seq, 0, 0);
    Write::Message { key: key(seq), record, content: Box::new(Content::default()), accepted: None }
}

#[tokio::test]
async fn writes_that_rest_on_forgotten_state_never_come_into_the_next_opening() {
    let (store, _) = Store::in_memory().unwrap();
    let store = Arc::new(store);
    let late = Arc::new(Late::default());
    let on_failure: Arc<dyn OnFailure> = Arc::<Late>::clone(&late);
    let committer = Committer::new(Arc::clone(&store), Arc::downgrade(&on_failure));
    late.committer.set(Arc::downgrade(&committer)).unwrap();

    store.fail_next(Operation::Write);
    let first = committer.submit(vec![message(1)], Durability::Disk, || {});
    assert!(first.await.unwrap().is_err());
    let second = late.committed.lock().unwrap().take().unwrap();
    assert!(second.await.unwrap().is_err());
    late.reopening.lock().unwrap().take().unwrap().join().unwrap();
    assert_eq!(*late.refused.lock().unwrap(), [key(1)]);

    // What comes afterwards is written as ever.
    committer.submit(vec![message(3)], Durability::Disk, || {}).await.unwrap().unwrap();
    let contents = store.contents(&[key(2), key(3)]).unwrap();
    assert_eq!(contents.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
}
