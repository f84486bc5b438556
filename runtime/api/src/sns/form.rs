//! Parameters of the query protocol.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The parameters of a request, from its URL and its form; the form's come last and count.
#[derive(Debug)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn read(query: &str, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let pairs = query.split('&').chain(body.split('&')).filter(|pair| !pair.is_empty());
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(decoded).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The texts of a list: `TagKeys.member.1`, and so on as long as there are more.
    pub(super) fn values(&self, list: &str) -> Vec<String> {
        let names = (1_usize..).map(|index| format!("{list}.{index}"));
        names.map_while(|name| self.get(&name).map(str::to_owned)).collect()
    }

    /// Prefixes of the elements of a list or map: `MessageAttributes.entry.1.`, and so on as long
    /// as there are parameters of them.
    pub(super) fn elements(&self, list: &str) -> Vec<String> {
        let prefixes = (1_usize..).map(|index| format!("{list}.{index}."));
        let has_any = |prefix: &String| {
            let first = self.0.range::<String, _>(prefix..).next();
            first.is_some_and(|(name, _)| name.starts_with(prefix.as_str()))
        };
        prefixes.take_while(has_any).collect()
    }
}

fn decoded((name, value): (&str, &str)) -> (String, String) {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    (decode(name), decode(value))
}
