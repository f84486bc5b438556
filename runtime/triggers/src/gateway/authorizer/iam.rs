//! `AWS_IAM`: signatures of requests.
//!
//! With credentials to verify against, a request must be signed with them, for the service that it
//! calls. Without, nothing is refused: there is no account that could say who may call, and who
//! signs is taken at their word.

use http::Request;
use http::request::Parts;
use samovar_http::{Signatory, SignatureError, Verifier};

use crate::gateway::endpoint::Front;
use crate::gateway::event::Source;

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Caller {
    pub(in crate::gateway) access_key: String,
    pub(in crate::gateway) account: String,
    /// The user's id, for which the key's stands here.
    pub(in crate::gateway) id: String,
    pub(in crate::gateway) arn: String,
}

/// Who signed the request; `None`: nobody, and nobody has to.
///
/// # Errors
/// There are credentials, and it is not signed with them.
pub(super) fn check(
    source: &Source<'_>,
    verifier: Option<&Verifier>,
) -> Result<Option<Caller>, SignatureError> {
    let Some(parts) = parts(source) else { return Err(SignatureError::Mismatch) };
    let signatory = match verifier {
        None => Signatory::claimed(&parts),
        Some(verifier) => {
            let service = match source.endpoint.front {
                Front::HttpApi | Front::RestApi => "execute-api",
                Front::FunctionUrl => "lambda",
            };
            Some(verifier.check(&parts, source.body, service, source.inbound.at)?)
        }
    };
    Ok(signatory.map(|signatory| caller(signatory, &source.account.id)))
}

fn caller(signatory: Signatory, account: &str) -> Caller {
    let id = signatory.access_key_id;
    // An access key id of twelve digits names its account, as everywhere here.
    let is_account = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    let account = if is_account { id.clone() } else { account.to_owned() };
    let arn = format!("arn:aws:iam::{account}:user/{id}");
    Caller { access_key: id.clone(), account, id, arn }
}

/// The request's head, as it was sent.
fn parts(source: &Source<'_>) -> Option<Parts> {
    let inbound = source.inbound;
    let query = if inbound.query.is_empty() { "" } else { "?" };
    let uri = format!("{}{query}{}", inbound.path, inbound.query);
    let request = Request::builder().method(&inbound.method).uri(uri).body(()).ok()?;
    let (mut parts, ()) = request.into_parts();
    parts.headers.clone_from(&inbound.headers);
    Some(parts)
}
