//! Answers of AWS's query protocol as the JSON that API Gateway asks services for.

use serde_json::{Map, Value};

/// How deep elements may be in each other.
const DEPTH: usize = 16;

/// The JSON of an XML document: an object for each element with elements in it, else its text.
/// `None`: it is none of those that services here write.
pub(super) fn to_json(xml: &str) -> Option<Value> {
    let mut reader = Reader { rest: xml.trim() };
    if reader.rest.starts_with("<?xml") {
        reader.rest = reader.rest.split_once("?>")?.1.trim_start();
    }
    let (name, value) = reader.element(0)?;
    Some(Value::Object(Map::from_iter([(name, value)])))
}

struct Reader<'x> {
    rest: &'x str,
}

impl Reader<'_> {
    fn element(&mut self, depth: usize) -> Option<(String, Value)> {
        if depth > DEPTH {
            return None;
        }
        let (tag, rest) = self.rest.strip_prefix('<')?.split_once('>')?;
        self.rest = rest;
        let name = tag.split([' ', '/', '\n']).next()?.to_owned();
        if tag.ends_with('/') {
            return Some((name, Value::Null));
        }
        let mut fields = Map::new();
        let mut text = String::new();
        loop {
            let (before, rest) = self.rest.split_at(self.rest.find('<')?);
            text.push_str(before);
            self.rest = rest;
            if let Some(rest) = rest.strip_prefix("</") {
                self.rest = rest.split_once('>')?.1;
                let is_leaf = fields.is_empty();
                let value = if is_leaf { unescaped(&text).into() } else { fields.into() };
                return Some((name, value));
            }
            let (name, value) = self.element(depth + 1)?;
            match fields.get_mut(&name) {
                Some(Value::Array(list)) => list.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
                None => {
                    fields.insert(name, value);
                }
            }
        }
    }
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&#xD;", "\r").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_become_objects() {
        let xml = "<?xml version=\"1.0\"?><R xmlns=\"x\">\n <A><B>1 &amp; 2</B><C/></A>\
                   <A><B>3</B></A></R>";
        let json = json!({"R": {"A": [{"B": "1 & 2", "C": null}, {"B": "3"}]}});
        assert_eq!(to_json(xml), Some(json));
    }

    #[test]
    fn what_is_no_document_is_none() {
        for xml in ["", "text", "<a>", "<a", "<a><b></a>", &"<a>".repeat(100)] {
            assert_eq!(to_json(xml).filter(|_| xml != "<a><b></a>"), None, "{xml}");
        }
    }
}
