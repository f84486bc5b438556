//! Pages of lists, with the tokens that lead from one to the next.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Items of one page: SNS API reference, "ListTopics": "up to 100"; EventBridge API reference,
/// "ListEventBuses": `Limit`, at most 100.
pub(crate) const SIZE: usize = 100;

/// A part of a list, and the token for what follows it.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// The page that a token leads to, the first one without a token. `key` tells items apart. `None`:
/// the token is not one of this list.
pub(crate) fn page<T>(
    list: Vec<T>,
    key: impl Fn(&T) -> &str,
    token: Option<&str>,
    size: usize,
) -> Option<Page<T>> {
    // An empty token is none.
    let start = match token.filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let last = URL_SAFE_NO_PAD.decode(token).ok()?;
            list.iter().position(|item| key(item).as_bytes() == last)? + 1
        }
    };
    let rest = list.len().saturating_sub(start);
    let items: Vec<T> = list.into_iter().skip(start).take(size).collect();
    let last = items.last().filter(|_| rest > items.len());
    Some(Page { next: last.map(|last| URL_SAFE_NO_PAD.encode(key(last))), items })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_on_one_page() {
        for length in [0, 1, 99, 100, 101, 200, 250_usize] {
            let list: Vec<String> = (0..length).map(|n| format!("item-{n}")).collect();
            let (mut seen, mut token, mut pages) = (Vec::new(), None, 0);
            loop {
                let list = list.clone();
                let page = page(list, String::as_str, token.as_deref(), SIZE).expect("a page");
                seen.extend(page.items);
                pages += 1;
                token = page.next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(seen, list);
            assert_eq!(pages, length.div_ceil(SIZE).max(1), "{length} items");
        }
    }

    #[test]
    fn other_tokens_lead_nowhere() {
        for token in ["?", "bm9uZQ", "aXRlbS0"] {
            let list = vec!["item-0".to_owned()];
            assert!(page(list, String::as_str, Some(token), SIZE).is_none(), "{token}");
        }
    }
}
