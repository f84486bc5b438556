//! Changes of parameters: requests to other servers, responses to clients.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use samovar_app::{ChangeKind, ParameterChange, ParameterTarget};

use super::Reply;
use super::util::url_encode;
use super::values::Call;

/// A request to another server while it is made.
pub(super) struct Outgoing {
    pub(super) headers: HeaderMap,
    /// Decoded, in order.
    pub(super) query: Vec<(String, String)>,
    /// Replaces the URI's path.
    pub(super) path: Option<String>,
    /// Path parameters that the mapping gives, percent-encoded.
    pub(super) path_parameters: Vec<(String, String)>,
}

impl Outgoing {
    /// Applies changes in their order. What a mapping asks for and is not there changes nothing.
    pub(super) fn apply(&mut self, changes: &[ParameterChange], call: &Call<'_>) {
        for change in changes {
            let value = call.value(&change.value, None);
            match &change.target {
                ParameterTarget::Header(name) => {
                    change_header(&mut self.headers, change.kind, name, value);
                }
                ParameterTarget::Query(name) => {
                    if change.kind != ChangeKind::Append && (value.is_some() || is_removal(change))
                    {
                        self.query.retain(|(own, _)| own != name);
                    }
                    if !is_removal(change) {
                        self.query.extend(value.map(|value| (name.clone(), value)));
                    }
                }
                ParameterTarget::FullPath => self.path = value.or(self.path.take()),
                ParameterTarget::Path(name) => {
                    self.path_parameters.retain(|(own, _)| own != name);
                    let value = value.map(|value| url_encode(&value).replace('+', "%20"));
                    self.path_parameters.extend(value.map(|value| (name.clone(), value)));
                }
                ParameterTarget::StatusCode => {}
            }
        }
    }
}

/// Applies the changes that are for the reply's status.
pub(super) fn responses(
    reply: &mut Reply,
    changes: &[(u16, Vec<ParameterChange>)],
    call: &Call<'_>,
) {
    let status = reply.status.as_u16();
    let Some((_, changes)) = changes.iter().find(|(own, _)| *own == status) else { return };
    for change in changes {
        let value = call.value(&change.value, Some(reply));
        match &change.target {
            ParameterTarget::Header(name) => {
                change_header(&mut reply.headers, change.kind, name, value);
            }
            ParameterTarget::StatusCode => {
                let status = value.and_then(|value| value.trim().parse::<u16>().ok());
                let status = status.filter(|status| (200..600).contains(status));
                if let Some(status) = status.and_then(|s| StatusCode::from_u16(s).ok()) {
                    reply.status = status;
                }
            }
            _ => {}
        }
    }
}

fn is_removal(change: &ParameterChange) -> bool {
    change.kind == ChangeKind::Remove
}

fn change_header(headers: &mut HeaderMap, kind: ChangeKind, name: &str, value: Option<String>) {
    let Ok(name) = name.parse::<HeaderName>() else { return };
    if kind == ChangeKind::Remove {
        headers.remove(name);
        return;
    }
    let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
    let Some(value) = value else { return };
    if kind == ChangeKind::Append {
        headers.append(name, value);
    } else {
        headers.insert(name, value);
    }
}
