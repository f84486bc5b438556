//! Who may call the AWS protocols.

use std::env;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use http::{Method, Request, Response, header};
use http_body::Body as HttpBody;
use samovar_api::Api;
use samovar_http::{Body, BoxError, Credentials, Hosts, Signer, Verifier};
use thiserror::Error;

/// Variables with the credentials. They are no options: other users of the machine see those.
const ACCESS_KEY_ID: &str = "SAMOVAR_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "SAMOVAR_SECRET_ACCESS_KEY";

/// The shortest secret. AWS's own have 40 characters.
const LEAST_SECRET: usize = 16;

/// Samovar's own page, which tells that it serves.
const HEALTH: &str = "/_samovar/health";

/// Why it is not known who may call.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum AccessError {
    #[error(
        "--listen {0} opens the AWS protocols to others: set {ACCESS_KEY_ID} and \
         {SECRET_ACCESS_KEY} to the credentials that calls must be signed with"
    )]
    NoCredentials(IpAddr),
    #[error("{ACCESS_KEY_ID} and {SECRET_ACCESS_KEY} must both be set, or neither")]
    Half,
    #[error("{ACCESS_KEY_ID} may have letters, digits, `_` and `-` only")]
    KeyId,
    #[error("{SECRET_ACCESS_KEY} is shorter than {LEAST_SECRET} characters")]
    Short,
}

/// The credentials that calls are signed with, if the variables have some.
///
/// # Errors
/// See [`AccessError`].
pub(crate) fn configured() -> Result<Option<Credentials>, AccessError> {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    credentials(variable(ACCESS_KEY_ID), variable(SECRET_ACCESS_KEY))
}

fn credentials(
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
) -> Result<Option<Credentials>, AccessError> {
    let (access_key_id, secret_access_key) = match (access_key_id, secret_access_key) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => return Ok(None),
        _ => return Err(AccessError::Half),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !access_key_id.chars().all(is_plain) {
        return Err(AccessError::KeyId);
    }
    if secret_access_key.len() < LEAST_SECRET {
        return Err(AccessError::Short);
    }
    Ok(Some(Credentials { access_key_id, secret_access_key }))
}

/// Who may call.
#[derive(Clone)]
pub(crate) enum Access {
    /// Every program on this machine.
    Local,
    /// Whoever signs with the configured credentials, or with those that functions have.
    Signed {
        verifier: Verifier,
        /// Made for this run, and known to functions alone.
        functions: Credentials,
    },
}

impl Access {
    /// As the variables say. Beyond loopback there must be credentials.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub(crate) fn new(listen: Option<IpAddr>) -> Result<Self, AccessError> {
        Self::of(listen, configured()?)
    }

    fn of(listen: Option<IpAddr>, configured: Option<Credentials>) -> Result<Self, AccessError> {
        let Some(configured) = configured else {
            return match listen.filter(|listen| !listen.is_loopback()) {
                Some(listen) => Err(AccessError::NoCredentials(listen)),
                None => Ok(Self::Local),
            };
        };
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let functions = Credentials {
            access_key_id: format!("ASIA{}", random().to_ascii_uppercase()),
            secret_access_key: format!("{}{}", random(), random()),
        };
        let verifier = Verifier::new([configured, functions.clone()]);
        Ok(Self::Signed { verifier, functions })
    }

    /// The credentials in functions' environments.
    pub(crate) fn of_functions(&self) -> Credentials {
        match self {
            Self::Local => Credentials {
                access_key_id: "samovar".to_owned(),
                secret_access_key: "samovar".to_owned(),
            },
            Self::Signed { functions, .. } => functions.clone(),
        }
    }

    /// Signs URLs that Samovar itself gives out, where calls must be signed.
    pub(crate) fn signer(&self, region: &str) -> Option<Signer> {
        match self {
            Self::Local => None,
            Self::Signed { functions, .. } => {
                Some(Signer::new(functions.clone(), region, "lambda"))
            }
        }
    }

    /// Who may sign requests to routes and function URLs with `AWS_IAM`; `None`: nobody has to.
    pub(crate) fn verifier(&self) -> Option<Verifier> {
        match self {
            Self::Local => None,
            Self::Signed { verifier, .. } => Some(verifier.clone()),
        }
    }

    /// Which hosts the AWS port answers for: a signature covers the host, and no page has one.
    pub(crate) fn hosts(&self) -> Hosts {
        match self {
            Self::Local => Hosts::Local,
            Self::Signed { .. } => Hosts::Any,
        }
    }

    /// Answers a call of the AWS protocols from `peer`, if it may be made.
    pub(crate) async fn handle<B>(
        &self,
        api: &Api,
        request: Request<B>,
        peer: SocketAddr,
    ) -> Response<Body>
    where
        B: HttpBody<Data = bytes::Bytes>,
        B::Error: Into<BoxError>,
    {
        let Self::Signed { verifier, .. } = self else { return api.handle(request).await };
        // For whoever started it.
        let is_health = request.uri().path() == HEALTH && request.method() == Method::GET;
        if is_health && peer.ip().to_canonical().is_loopback() {
            return api.handle(request).await;
        }
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = content_type.starts_with("application/x-www-form-urlencoded");
        match verifier.verify(request, SystemTime::now()).await {
            Ok(request) => api.handle(request).await,
            Err(error) => error.response(form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(listen: &str, id: &str, secret: &str) -> Result<Access, AccessError> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let configured = credentials(given(id), given(secret))?;
        Access::of(given(listen).map(|it| it.parse().unwrap()), configured)
    }

    #[test]
    fn nothing_is_opened_without_credentials() {
        for listen in ["0.0.0.0", "::", "192.168.1.5", "fd00::1"] {
            assert!(matches!(of(listen, "", ""), Err(AccessError::NoCredentials(_))), "{listen}");
            assert!(matches!(
                of(listen, "AKID", "a-long-enough-secret"),
                Ok(Access::Signed { .. })
            ));
        }
        assert!(matches!(of("", "", ""), Ok(Access::Local)));
        assert!(matches!(of("127.0.0.1", "", ""), Ok(Access::Local)));
        // On loopback they are checked, too, where they are set.
        assert!(matches!(of("", "AKID", "a-long-enough-secret"), Ok(Access::Signed { .. })));
    }

    #[test]
    fn credentials_are_whole_and_strong() {
        assert_eq!(of("", "AKID", "").err(), Some(AccessError::Half));
        assert_eq!(of("", "", "a-long-enough-secret").err(), Some(AccessError::Half));
        assert_eq!(of("", "AKID", "short").err(), Some(AccessError::Short));
        assert_eq!(of("", "A/B", "a-long-enough-secret").err(), Some(AccessError::KeyId));
    }
}
