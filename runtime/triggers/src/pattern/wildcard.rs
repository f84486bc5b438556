//! Patterns with `*`.

/// Text in which each `*` stands for any number of characters, also none.
///
/// `\*` and `\\` stand for the characters themselves. Matching takes linear time: each part
/// between two stars is taken where it is found first.
#[derive(Clone, Debug)]
pub(super) struct Wildcard {
    /// What is between the stars; never empty. The first begins the text and the last ends it.
    parts: Vec<String>,
}

impl Wildcard {
    /// # Errors
    ///
    /// Two stars beside each other, or an escape of anything but `*` and `\`.
    pub(super) fn new(pattern: &str) -> Result<Self, &'static str> {
        let mut parts = vec![String::new()];
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' if characters.peek() == Some(&'*') => {
                    return Err("must have no two `*` beside each other");
                }
                '*' => {
                    parts.push(String::new());
                    continue;
                }
                '\\' => characters
                    .next_if(|escaped| matches!(escaped, '*' | '\\'))
                    .ok_or("must have `*` or `\\` after each `\\`")?,
                other => other,
            };
            if let Some(part) = parts.last_mut() {
                part.push(literal);
            }
        }
        Ok(Self { parts })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let (first, rest) = match self.parts.split_first() {
            None => return text.is_empty(),
            Some((only, [])) => return text == only,
            Some(split) => split,
        };
        let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = rest.split_last() else { return text.is_empty() };
        for part in middle {
            let Some(at) = text.find(part.as_str()) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(last.as_str())
    }
}
