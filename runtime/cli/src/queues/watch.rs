//! `samovar queues --watch`.

use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::pages::Queue;
use super::table::{Rate, Table};
use super::{ToolError, document, now};
use crate::args::Format;
use crate::terminal::{Style, say};

const INTERVAL: Duration = Duration::from_secs(1);

/// To the first column of the first line, and everything below away (ECMA-48, CUP and ED).
const CLEAR: &str = "\x1b[H\x1b[J";

/// Shows the queues each second, until they cannot be asked any more. On a terminal each table
/// takes the place of the one before.
pub(super) fn watch(client: &Client, format: Format, on_terminal: bool) -> ToolError {
    let mut before: Option<(Instant, Vec<Queue>)> = None;
    loop {
        let queues = match client.queues() {
            Ok(queues) => queues,
            Err(error) => return error,
        };
        let at = Instant::now();
        match format {
            Format::Json => say(document(&queues)),
            Format::Text => {
                let rates = before.as_ref().map_or_else(
                    || vec![Rate::default(); queues.len()],
                    |(earlier, old)| rates(old, &queues, at - *earlier),
                );
                let style = Style::stdout();
                let table = Table { queues: &queues, rates: Some(&rates), now: now(), style };
                let (begin, end) = if on_terminal { (CLEAR, "") } else { ("", "\n") };
                say(format_args!("{begin}{table}{end}"));
            }
        }
        before = Some((at, queues));
        thread::sleep(INTERVAL);
    }
}

/// What came and went between two looks. A queue that is new, or whose counters have begun anew,
/// has none.
fn rates(before: &[Queue], after: &[Queue], time: Duration) -> Vec<Rate> {
    let rate = |queue: &Queue| {
        let old = before.iter().find(|old| old.arn == queue.arn)?;
        let arrived = queue.arrived.checked_sub(old.arrived)?;
        let departed = queue.departed.checked_sub(old.departed)?;
        Some(Rate { arrived: a_second(arrived, time), departed: a_second(departed, time) })
    };
    after.iter().map(|queue| rate(queue).unwrap_or_default()).collect()
}

fn a_second(number: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it is printed without fraction")]
    let number = number as f64;
    if time.is_zero() { 0.0 } else { number / time.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(arn: &str, arrived: u64, departed: u64) -> Queue {
        Queue { arn: arn.to_owned(), arrived, departed, ..Queue::default() }
    }

    #[test]
    fn rates_are_of_the_time_between() {
        let before = [queue("a", 100, 50), queue("purged", 10, 5)];
        let after = [queue("a", 300, 51), queue("new", 7, 7), queue("purged", 0, 0)];
        let rates = rates(&before, &after, Duration::from_secs(2));
        let none = Rate::default();
        assert_eq!(rates, [Rate { arrived: 100.0, departed: 0.5 }, none, none]);
    }
}
