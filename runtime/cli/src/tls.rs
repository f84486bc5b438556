//! With what TLS is spoken, where it is.

use std::net::IpAddr;

use samovar_app::App;
use samovar_http::{Authority, Tls, TlsError};

use crate::args;
use crate::state::State;

/// Folder of the authority, in the state folder. It is kept with `--ephemeral` too: clients were
/// told to trust it.
const FOLDER: &str = "tls";

/// TLS of both ports.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) tls: Option<Tls>,
    /// Who signed for it, if it was not given.
    pub(crate) authority: Option<Authority>,
}

/// As the options say.
///
/// # Errors
/// See [`TlsError`].
pub(crate) fn tls(options: &args::Up, state: &State, app: &App) -> Result<Served, TlsError> {
    if let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key) {
        let tls = Some(Tls::from_files(certificate, key)?);
        return Ok(Served { tls, authority: None });
    }
    if !options.tls {
        return Ok(Served::default());
    }
    let authority = Authority::open(&state.folder.join(FOLDER))?;
    let tls = Some(authority.issue(names(app, options.listen))?);
    Ok(Served { tls, authority: Some(authority) })
}

/// All names under which something is served.
fn names(app: &App, listen: Option<IpAddr>) -> Vec<String> {
    let mut names: Vec<String> =
        ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned).collect();
    names.extend(listen.filter(|listen| !listen.is_unspecified()).map(|it| it.to_string()));
    // What clients make later has such a name; OpenSSL takes no wildcard so high up, so the others
    // are named.
    names.push("*.localhost".to_owned());
    let apis = app.apis.iter().flat_map(|api| [&api.logical_id, &api.id]);
    let urls = app.functions.iter().filter(|function| function.url.is_some());
    for label in apis.chain(urls.map(|function| &function.logical_id)) {
        names.push(format!("{}.localhost", label.replace('/', "-").to_lowercase()));
    }
    names
}
