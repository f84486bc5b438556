//! The JSON paths of `InputPath` and `InputPathsMap`.
//!
//! EventBridge guide, "Amazon EventBridge input transformation": "JSON path" with dot notation.
//! Of its language the parts that lead to one value: `$`, `.name`, `['name']` and `[0]`.

use serde_json::Value;

/// The value that a path leads to; `None`: there is none.
pub(super) fn find<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut rest = path.strip_prefix('$')?;
    let mut found = value;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (key, after) = bracketed(after)?;
            found = match key {
                Key::Name(name) => found.get(name)?,
                Key::Index(index) => found.get(index)?,
            };
            rest = after;
        } else {
            let name = rest.strip_prefix('.')?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            found = found.get(&name[..end])?;
            rest = &name[end..];
        }
    }
    Some(found)
}

enum Key<'p> {
    Name(&'p str),
    Index(usize),
}

/// What stands between brackets, and what follows them.
fn bracketed(text: &str) -> Option<(Key<'_>, &str)> {
    for quote in ['\'', '"'] {
        if let Some(text) = text.strip_prefix(quote) {
            let (name, rest) = text.split_once(quote)?;
            return Some((Key::Name(name), rest.strip_prefix(']')?));
        }
    }
    let (index, rest) = text.split_once(']')?;
    Some((Key::Index(index.trim().parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::find;

    #[test]
    fn paths_lead_to_one_value() {
        let event = json!({"detail-type": "x", "detail": {"items": [{"a b": 1}, 2]}});
        for (path, value) in [
            ("$", Some(event.clone())),
            ("$.detail-type", Some(json!("x"))),
            ("$.detail.items[1]", Some(json!(2))),
            ("$.detail.items[0]['a b']", Some(json!(1))),
            ("$[\"detail\"].items[ 1 ]", Some(json!(2))),
            ("$.detail.items[2]", None),
            ("$.detail.items.a", None),
            ("$.none.at.all", None),
            ("$detail", None),
            ("$.detail.items[", None),
            ("$.detail['items", None),
            ("detail", None),
        ] {
            assert_eq!(find(&event, path).cloned(), value, "{path}");
        }
    }
}
