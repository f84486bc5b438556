//! Queues as a table.

use std::fmt;

use super::pages::Queue;
use crate::terminal::{Style, pad, widest};

/// The table of the queues.
pub(super) struct Table<'a> {
    pub(super) queues: &'a [Queue],
    /// Messages a second that came to and went from each queue, when that is known.
    pub(super) rates: Option<&'a [Rate]>,
    /// In milliseconds since 1970.
    pub(super) now: u64,
    pub(super) style: Style,
}

/// Messages a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) arrived: f64,
    pub(super) departed: f64,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.queues.is_empty() {
            return write!(f, "There are no queues.");
        }
        let mut titles = vec!["QUEUE", "VISIBLE", "IN FLIGHT", "DELAYED", "OLDEST"];
        if self.rates.is_some() {
            titles.extend(["IN/S", "OUT/S"]);
        }
        titles.push("DEAD LETTERS");
        let rows: Vec<Vec<String>> =
            self.queues.iter().enumerate().map(|(index, queue)| self.row(index, queue)).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            widest(cells.map(String::as_str).chain([titles[column]]))
        };
        let widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let titles: Vec<String> = titles.into_iter().map(str::to_owned).collect();
        write!(f, "{}", self.style.dim(&line(&titles, &widths)))?;
        rows.iter().try_for_each(|row| write!(f, "\n{}", line(row, &widths)))
    }
}

impl Table<'_> {
    fn row(&self, index: usize, queue: &Queue) -> Vec<String> {
        let mut row = vec![
            queue.title(),
            queue.visible.to_string(),
            queue.in_flight.to_string(),
            queue.delayed.to_string(),
            queue.oldest_sent_at.map_or_else(|| "-".to_owned(), |at| age(at, self.now)),
        ];
        if let Some(rates) = self.rates {
            let Rate { arrived, departed } = rates.get(index).copied().unwrap_or_default();
            row.extend([format!("{arrived:.0}"), format!("{departed:.0}")]);
        }
        let target = queue.dead_letter_target.as_deref();
        row.push(target.map_or("-", |arn| arn.rsplit(':').next().unwrap_or(arn)).to_owned());
        row
    }
}

/// Names stand left, numbers right.
fn line(cells: &[String], widths: &[usize]) -> String {
    let last = cells.len().saturating_sub(1);
    let cells = cells.iter().zip(widths).enumerate().map(|(column, (cell, &width))| {
        if column == 0 || column == last { pad(cell, width) } else { format!("{cell:>width$}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// How long ago that was.
pub(super) fn age(at: u64, now: u64) -> String {
    rounded(now.saturating_sub(at) / 1000)
}

/// So many seconds, for a column: `4 s`, `12 min`, `3 h`, `5 d`.
pub(crate) fn rounded(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_a_row() {
        let orders = Queue {
            name: "orders".to_owned(),
            visible: 1200,
            in_flight: 3,
            oldest_sent_at: Some(5_000),
            dead_letter_target: Some("arn:aws:sqs:us-east-1:000000000000:dead".to_owned()),
            ..Queue::default()
        };
        let dead = Queue { name: "dead".to_owned(), ..Queue::default() };
        let queues = [dead, orders];
        let mut table = Table { queues: &queues, rates: None, now: 17_500, style: Style::plain() };
        assert_eq!(
            table.to_string(),
            "QUEUE   VISIBLE  IN FLIGHT  DELAYED  OLDEST  DEAD LETTERS\n\
             dead          0          0        0       -  -\n\
             orders     1200          3        0    12 s  dead"
        );
        let elsewhere = Queue {
            name: "orders".to_owned(),
            account: Some("123456789012".to_owned()),
            region: Some("eu-west-1".to_owned()),
            ..Queue::default()
        };
        let other = Table { queues: &[elsewhere], rates: None, now: 0, style: Style::plain() };
        assert!(other.to_string().contains("\norders (eu-west-1, 123456789012)  "), "{other}");
        let rates = [Rate::default(), Rate { arrived: 1500.4, departed: 2.0 }];
        table.rates = Some(&rates);
        assert_eq!(
            table.to_string(),
            "QUEUE   VISIBLE  IN FLIGHT  DELAYED  OLDEST  IN/S  OUT/S  DEAD LETTERS\n\
             dead          0          0        0       -     0      0  -\n\
             orders     1200          3        0    12 s  1500      2  dead"
        );
        table.queues = &[];
        assert_eq!(table.to_string(), "There are no queues.");
    }

    #[test]
    fn ages_have_one_unit() {
        for (seconds, expected) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(age(1, 1 + seconds * 1000), expected);
        }
        // The clocks of two processes may differ.
        assert_eq!(age(1_000, 0), "0 s");
    }
}
