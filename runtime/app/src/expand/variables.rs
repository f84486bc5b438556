//! The variables of loops.

/// What the loops around a value have for their identifiers; the innermost last.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(Vec<(String, String)>);

impl Variables {
    /// These, and one more.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut variables = self.0.clone();
        variables.push((name.to_owned(), value.to_owned()));
        Self(variables)
    }

    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Text with `${Name}` replaced by the value and `&{Name}` by its letters and digits.
    pub(super) fn fill(&self, text: &str) -> String {
        if self.0.is_empty() || !(text.contains("${") || text.contains("&{")) {
            return text.to_owned();
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{") {
            let name = rest[start + 1..].find('}').map(|end| &rest[start + 1..start + 1 + end]);
            let sign = rest[..start].chars().next_back();
            let value = name.and_then(|name| self.get(name));
            match (sign, value, name) {
                (Some('$'), Some(value), Some(name)) => {
                    filled.push_str(&rest[..start - 1]);
                    filled.push_str(value);
                    rest = &rest[start + name.len() + 2..];
                }
                (Some('&'), Some(value), Some(name)) => {
                    filled.push_str(&rest[..start - 1]);
                    filled.extend(value.chars().filter(char::is_ascii_alphanumeric));
                    rest = &rest[start + name.len() + 2..];
                }
                _ => {
                    filled.push_str(&rest[..=start]);
                    rest = &rest[start + 1..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;

    #[test]
    fn names_are_replaced_and_nothing_else() {
        let variables = Variables::default().with("Name", "a-b").with("Other", "é");
        for (text, filled) in [
            ("", ""),
            ("Topic${Name}", "Topica-b"),
            ("Topic&{Name}", "Topicab"),
            ("${Name}${Name}&{Name}", "a-ba-bab"),
            ("${Other}{Name}$ {Name}", "é{Name}$ {Name}"),
            ("${!Name} ${Else} ${Name", "${!Name} ${Else} ${Name"),
            ("${${Name}}", "${a-b}"),
            ("}{", "}{"),
        ] {
            assert_eq!(variables.fill(text), filled, "{text}");
        }
        assert_eq!(variables.with("Name", "inner").get("Name"), Some("inner"));
    }
}
