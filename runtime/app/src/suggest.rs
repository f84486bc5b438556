//! "Did you mean": the known name that a misspelt one is closest to.

/// The candidate closest to `name`, if it is close enough to be a slip of the pen.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // About a third of the name may be wrong; beyond that a suggestion is a guess. Names far longer
    // than any candidate are not compared at all, so a huge one costs nothing.
    let limit = (name.chars().count().saturating_add(1) / 3).min(4);
    candidates
        .into_iter()
        .filter(|candidate| {
            // Bytes, not characters: of names in ASCII, which nearly all are, it is the same.
            let slack = if name.is_ascii() && candidate.is_ascii() { limit } else { 4 * limit };
            candidate.len().abs_diff(name.len()) <= slack
        })
        .filter_map(|candidate| Some((distance(name, candidate, limit)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `X`?``, if there is a close candidate.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Edits between two names, if at most `limit`: insertions, deletions, substitutions and swaps of
/// neighbours (optimal string alignment). Letters that differ only in case count as equal.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = usize::from(x != y);
            let mut best = (above[j] + change).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                let swapped: &Vec<usize> = &before;
                best = best.min(swapped[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn finds_slips() {
        let names = ["Timeout", "Tracing", "Runtime", "SQS", "SNS"];
        assert_eq!(closest("Timout", names), Some("Timeout"));
        assert_eq!(closest("timeout", names), Some("Timeout"));
        assert_eq!(closest("Rutnime", names), Some("Runtime"));
        assert_eq!(closest("SQSS", names), Some("SQS"));
    }

    #[test]
    fn makes_no_guesses() {
        let names = ["Timeout", "Tracing", "SQS"];
        assert_eq!(closest("Layers", names), None);
        assert_eq!(closest("", names), None);
        assert_eq!(closest(&"x".repeat(100_000), names), None);
    }
}
