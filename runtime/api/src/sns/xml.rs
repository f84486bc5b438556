//! Documents of the query protocol, written.

/// XML in the making.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// The first element, with the namespace of the API's version.
    pub(super) fn open_root(&mut self, name: &str, version: &str) {
        let namespace = format!("http://sns.amazonaws.com/doc/{version}/");
        self.0.push_str(&format!("<{name} xmlns=\"{namespace}\">"));
    }

    pub(super) fn close(&mut self, name: &str) {
        self.0.push_str(&format!("</{name}>"));
    }

    /// An element with others in it.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        content(self);
        self.close(name);
    }

    /// An element with text in it.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |inner| inner.escape(text));
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '\t' | '\n' => self.0.push(c),
                // XML 1.0 has no other control characters, and these two neither.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    self.0.push(char::REPLACEMENT_CHARACTER);
                }
                c => self.0.push(c),
            }
        }
    }
}
