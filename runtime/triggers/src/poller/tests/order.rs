//! The order of groups, whatever fails.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// A function that fails each message as often as it is told, and checks what it is given.
struct Checker {
    reports: bool,
    /// How often each body still fails.
    failures: HashMap<String, u32>,
    /// The bodies of each group that are not done, in the order in which they were sent.
    waiting: HashMap<char, Vec<String>>,
    /// When the last batch with this group ends.
    busy: HashMap<char, Instant>,
    mistakes: Vec<String>,
}

/// How long each invocation takes.
const WORK: Duration = Duration::from_secs(1);

impl Checker {
    fn new(messages: &[(char, u32)], reports: bool) -> Self {
        let mut checker = Self {
            reports,
            failures: HashMap::new(),
            waiting: HashMap::new(),
            busy: HashMap::new(),
            mistakes: Vec::new(),
        };
        for (index, (group, failures)) in messages.iter().enumerate() {
            let body = body(*group, index);
            checker.failures.insert(body.clone(), *failures);
            checker.waiting.entry(*group).or_default().push(body);
        }
        checker
    }

    fn handle(&mut self, event: &SqsEvent) -> Outcome {
        let now = Instant::now();
        let mut seen: HashMap<char, usize> = HashMap::new();
        let mut stopped: HashSet<char> = HashSet::new();
        let (mut failed, mut finished) = (Vec::new(), Vec::new());
        for record in &event.records {
            let body = record.body.clone().expect("a body");
            let group = body.chars().next().expect("a group");
            if self.busy.get(&group).is_some_and(|until| now < *until) {
                self.mistakes.push(format!("{body} came while its group was in work"));
            }
            let place = seen.entry(group).or_default();
            if self.waiting[&group].get(*place) != Some(&body) {
                self.mistakes.push(format!("{body} came where {:?} wait", self.waiting[&group]));
            }
            *place += 1;
            let left = self.failures.get_mut(&body).expect("one of those sent");
            // As the guide asks of functions: after a failure, nothing more of the group is done.
            if stopped.contains(&group) {
                failed.push(serde_json::json!({ "itemIdentifier": record.message_id }));
                continue;
            }
            if *left == 0 {
                finished.push((group, body));
                continue;
            }
            *left -= 1;
            stopped.insert(group);
            failed.push(serde_json::json!({ "itemIdentifier": record.message_id }));
        }
        self.busy.extend(seen.into_keys().map(|group| (group, now + WORK)));
        if !self.reports && !failed.is_empty() {
            return (WORK, super::failed().1);
        }
        for (group, body) in finished {
            self.waiting.get_mut(&group).expect("a group").retain(|other| *other != body);
        }
        let response = serde_json::json!({ "batchItemFailures": failed }).to_string();
        (WORK, done(response).1)
    }
}

fn body(group: char, index: usize) -> String {
    format!("{group}{index}")
}

async fn run(messages: Vec<(char, u32)>, batch_size: u32, reports: bool) -> Vec<String> {
    let checker = Arc::new(Mutex::new(Checker::new(&messages, reports)));
    let handler = checker.clone();
    let stand = Stand::fifo(&[], move |_, event| {
        handler.lock().expect("no test panics in it").handle(event)
    })
    .await;
    stand.start(QueueTrigger { batch_size, report_batch_item_failures: reports, ..trigger() });
    for (index, (group, _)) in messages.iter().enumerate() {
        stand.send_in_order([body(*group, index).as_str()]).await;
        tokio::time::sleep(WORK / 3).await;
    }
    // Each failure costs a visibility timeout of 30 s, or less.
    let failures: u32 = messages.iter().map(|(_, failures)| failures).sum();
    seconds(u64::from(failures) * 33 + 100).await;
    stand.shutdown.cancel();
    let mut checker = checker.lock().expect("no test panics in it");
    if checker.waiting.values().any(|waiting| !waiting.is_empty()) {
        let waiting = format!("not done: {:?}", checker.waiting);
        checker.mistakes.push(waiting);
    }
    std::mem::take(&mut checker.mistakes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Each batch has the next messages of its groups, no group is in two batches at once, and
    /// each message is done once.
    #[test]
    fn groups_keep_their_order(
        messages in prop::collection::vec((prop::char::range('a', 'd'), 0_u32..3), 1..24),
        batch_size in 1_u32..12,
        reports in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let mistakes = runtime.block_on(run(messages, batch_size, reports));
        prop_assert!(mistakes.is_empty(), "{mistakes:?}");
    }
}
