//! What clients asked for and were told, and whether all of it fits together.
//!
//! Clients note what they are about to ask for before they do, and what they were told after. So
//! of two entries, the server did what the first tells of before it did what the second asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One thing that a client asked for or was told.
pub(super) enum Entry {
    /// A message is about to be sent, for the first time or again.
    Sending {
        body: String,
    },
    /// It was accepted.
    Sent {
        body: String,
        id: String,
        place: Option<Place>,
    },
    /// Messages were received by a request that began at `began`.
    Received {
        began: Instant,
        visibility: Duration,
        messages: Vec<Seen>,
    },
    /// A message's visibility timeout is about to be changed, or was, from `began` on.
    Hiding {
        id: String,
    },
    Hidden {
        id: String,
        began: Instant,
        visibility: Duration,
    },
    /// A message is about to be deleted.
    Deleting {
        id: String,
    },
    /// It was, by a handle that was the newest for certain.
    Deleted {
        id: String,
    },
    /// From here on the server is another process.
    Killed,
}

/// Where a message stands in a FIFO queue: its group and sequence number.
pub(super) type Place = (String, u128);

/// A message as it was received.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) place: Option<Place>,
}

/// The entries of one queue, in their order.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Vec<(Instant, Entry)>>);

/// How often what happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) sent: usize,
    pub(super) again: usize,
    pub(super) received: usize,
    pub(super) hidden: usize,
    pub(super) deleted: usize,
    /// Asked for, and then the server was gone.
    pub(super) unanswered: usize,
    /// In the queue at the end.
    pub(super) left: usize,
}

impl Ledger {
    pub(super) fn note(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push((Instant::now(), entry));
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Checks every entry against those before it, and what is in the queue at the end against
    /// all.
    pub(super) fn check(&self, left: &[Seen]) -> Counts {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut book = Book { waiting: places(&entries), ..Book::default() };
        for (at, entry) in entries.iter() {
            book.enter(*at, entry);
        }
        book.close(left);
        book.counts
    }
}

/// Of each group, the sequence numbers of all messages that were ever accepted.
fn places(entries: &[(Instant, Entry)]) -> BTreeMap<String, BTreeSet<u128>> {
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    for (_, entry) in entries {
        if let Entry::Sent { place: Some((group, sequence)), .. } = entry {
            places.entry(group.clone()).or_default().insert(*sequence);
        }
    }
    places
}

/// What is known after some entries.
#[derive(Default)]
struct Book {
    counts: Counts,
    /// Bodies that were asked to be sent, and are not yet answered for.
    sending: BTreeSet<String>,
    /// The id that each body has; bodies are sent under one only.
    ids: BTreeMap<String, String>,
    places: BTreeMap<String, Place>,
    accepted: BTreeSet<String>,
    /// What may be deleted by now, and what is.
    deleting: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Of each group, accepted messages that nobody began to delete.
    waiting: BTreeMap<String, BTreeSet<u128>>,
    /// Until when messages are out of sight at least.
    hidden: BTreeMap<String, Instant>,
    /// Requests to delete or change that have no answer yet.
    open: BTreeSet<String>,
}

impl Book {
    fn enter(&mut self, at: Instant, entry: &Entry) {
        match entry {
            Entry::Sending { body } => {
                self.sending.insert(body.clone());
            }
            Entry::Sent { body, id, place } => {
                self.sending.remove(body);
                self.is_known_as(body, id, place.as_ref());
                let is_new = self.accepted.insert(id.clone());
                self.counts.sent += usize::from(is_new);
                self.counts.again += usize::from(!is_new);
            }
            Entry::Received { began, visibility, messages } => {
                self.received(at, messages);
                for Seen { id, .. } in messages {
                    self.hidden.insert(id.clone(), *began + *visibility);
                }
            }
            Entry::Hiding { id } => {
                self.hidden.remove(id);
                self.open.insert(id.clone());
            }
            Entry::Hidden { id, began, visibility } => {
                self.open.remove(id);
                self.counts.hidden += 1;
                if !visibility.is_zero() {
                    self.hidden.insert(id.clone(), *began + *visibility);
                }
            }
            Entry::Deleting { id } => {
                self.open.insert(id.clone());
                self.deleting.insert(id.clone());
                if let Some((group, sequence)) = self.places.get(id)
                    && let Some(waiting) = self.waiting.get_mut(group)
                {
                    waiting.remove(sequence);
                }
            }
            Entry::Deleted { id } => {
                self.open.remove(id);
                self.deleted.insert(id.clone());
                self.counts.deleted += 1;
            }
            Entry::Killed => {
                self.counts.unanswered += self.sending.len() + self.open.len();
                self.sending.clear();
                self.open.clear();
            }
        }
    }

    fn received(&mut self, at: Instant, messages: &[Seen]) {
        self.counts.received += messages.len();
        let mut before = BTreeMap::<&String, u128>::new();
        for Seen { id, body, place } in messages {
            self.is_known_as(body, id, place.as_ref());
            assert!(!self.deleted.contains(id), "{body} was deleted and came back");
            let until = self.hidden.get(id);
            assert!(until.is_none_or(|until| *until <= at), "{body} came back before its time");
            let Some((group, sequence)) = place else { continue };
            let before = before.insert(group, *sequence);
            assert!(before < Some(*sequence), "{body} came behind one after it");
            // All of its group before it are on their way out, or came with it.
            let waiting = self.waiting.get(group).into_iter().flatten();
            for earlier in waiting.take_while(|earlier| *earlier < sequence) {
                let beside = |seen: &Seen| seen.place.as_ref() == Some(&(group.clone(), *earlier));
                assert!(messages.iter().any(beside), "{body} passed number {earlier} of {group}");
            }
        }
    }

    /// A body has one id and place, whoever tells of it and however often it was sent.
    fn is_known_as(&mut self, body: &str, id: &str, place: Option<&Place>) {
        let known = self.ids.entry(body.to_owned()).or_insert_with(|| id.to_owned());
        assert_eq!(known, id, "{body} is there twice");
        if let Some(place) = place {
            let known = self.places.entry(id.to_owned()).or_insert_with(|| place.clone());
            assert_eq!(known, place, "{body} has moved");
        }
    }

    fn close(&mut self, left: &[Seen]) {
        let ids: BTreeSet<String> = left.iter().map(|seen| seen.id.clone()).collect();
        assert_eq!(ids.len(), left.len(), "a message is there twice");
        for Seen { id, body, place } in left {
            self.is_known_as(body, id, place.as_ref());
        }
        let risen: Vec<_> = self.deleted.intersection(&ids).collect();
        assert!(risen.is_empty(), "deleted and there at the end: {risen:?}");
        let is_lost = |id: &&String| !self.deleting.contains(*id) && !ids.contains(*id);
        let lost: Vec<_> = self.accepted.iter().filter(is_lost).collect();
        assert!(lost.is_empty(), "accepted and lost: {lost:?}");
        self.counts.left = left.len();
    }
}

/// A ledger in which something is wrong fails, and one in which nothing is does not.
pub(super) fn notices() {
    let seen = |body: &str, sequence| Seen {
        id: format!("id of {body}"),
        body: body.to_owned(),
        place: Some(("g".to_owned(), sequence)),
    };
    let sent = |seen: &Seen| Entry::Sent {
        body: seen.body.clone(),
        id: seen.id.clone(),
        place: seen.place.clone(),
    };
    let received = |seen: &[&Seen], seconds| Entry::Received {
        began: Instant::now(),
        visibility: Duration::from_secs(seconds),
        messages: seen.iter().map(|seen| (*seen).clone()).collect(),
    };
    let holds = |entries: Vec<Entry>, left: &[&Seen]| {
        let ledger = Ledger::default();
        entries.into_iter().for_each(|entry| ledger.note(entry));
        let left: Vec<Seen> = left.iter().map(|seen| (*seen).clone()).collect();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ledger.check(&left))).is_ok()
    };
    let (one, two) = (&seen("one", 1), &seen("two", 2));
    let deleting = |seen: &Seen| Entry::Deleting { id: seen.id.clone() };
    let deleted = |seen: &Seen| Entry::Deleted { id: seen.id.clone() };
    let both = || vec![sent(one), sent(two)];
    let then = |more: Vec<Entry>| both().into_iter().chain(more).collect::<Vec<_>>();

    assert!(holds(both(), &[one, two]));
    assert!(holds(then(vec![received(&[one, two], 0), deleting(one)]), &[two]));
    assert!(holds(then(vec![deleting(one), deleted(one), received(&[two], 9)]), &[two]));
    assert!(!holds(both(), &[one]), "lost");
    assert!(!holds(both(), &[one, two, two]), "twice at the end");
    assert!(!holds(then(vec![sent(&Seen { id: "new".into(), ..one.clone() })]), &[one, two]));
    assert!(!holds(then(vec![deleting(one), deleted(one)]), &[one, two]), "risen");
    let risen = vec![deleting(one), deleted(one), received(&[one], 0)];
    assert!(!holds(then(risen), &[two]), "received after it was deleted");
    assert!(!holds(then(vec![received(&[two], 0)]), &[one, two]), "passed");
    assert!(!holds(then(vec![received(&[two, one], 0)]), &[one, two]), "out of order");
    let early = vec![received(&[one], 9), Entry::Killed, received(&[one], 9)];
    assert!(!holds(then(early), &[one, two]), "hidden, and there again");
}
