//! Steps into JSON documents: `$.a.b[0]['c']`, with or without its `$`.

use serde_json::Value;

/// What a path finds. `None`: nothing is there, or the path has what API Gateway's have not
/// (wildcards, filters).
pub(super) fn find<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut found = document;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (step, after) = after.split_once(']')?;
            rest = after;
            found = match step.strip_prefix(['\'', '"']) {
                Some(name) => found.get(name.strip_suffix(['\'', '"'])?)?,
                None => found.get(step.parse::<usize>().ok()?)?,
            };
        } else {
            let after = rest.strip_prefix('.').unwrap_or(rest);
            let end = after.find(['.', '[']).unwrap_or(after.len());
            found = found.get(&after[..end])?;
            rest = &after[end..];
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_find_what_is_there() {
        let document = json!({"a": {"b": [1, {"c": "d"}], "x y": true}, "": 5});
        for (path, found) in [
            ("$", Some(document.clone())),
            ("$.a.b[0]", Some(json!(1))),
            ("a.b[1].c", Some(json!("d"))),
            ("$.a['x y']", Some(json!(true))),
            ("$['a'][\"b\"][1]['c']", Some(json!("d"))),
            ("$.b", None),
            ("$.a.b[9]", None),
            ("$.a.b[*]", None),
            ("$.a[", None),
            ("$.a['b]", None),
        ] {
            assert_eq!(find(&document, path).cloned(), found, "{path}");
        }
    }
}
