//! What is served, as it is shown at start.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use samovar_app::{Api, ApiRoute, App, WebSocketApi};
use samovar_http::{Authority, Reserved};

use crate::ports::ApiPort;

use super::style::{Style, pad, widest};
use super::words;
use super::{heading, not_emulated};

/// The summary of an application that is served.
pub(crate) struct Summary<'a> {
    pub(crate) app: &'a App,
    pub(crate) style: Style,
    /// Why functions cannot run, by logical id.
    pub(crate) failures: &'a HashMap<String, String>,
    /// Whether queues are in memory.
    pub(crate) ephemeral: bool,
    pub(crate) api_port: u16,
    pub(crate) http_port: u16,
    /// Of APIs that have one of their own.
    pub(crate) api_ports: &'a [ApiPort<Reserved>],
    /// Whether both ports speak TLS.
    pub(crate) encrypted: bool,
    /// Who signed for that, if we did.
    pub(crate) authority: Option<&'a Authority>,
    /// Since the command began.
    pub(crate) took: Duration,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.functions(f)?;
        self.apis(f)?;
        self.routes(f)?;
        self.keys(f)?;
        self.queues(f)?;
        not_emulated(f, self.style, self.app)?;
        let endpoint = format!("http://127.0.0.1:{}", self.api_port);
        writeln!(
            f,
            "\n  {}  {}  {}",
            self.style.bold("AWS endpoint"),
            self.style.link(&endpoint),
            self.style.dim("Lambda and SQS, for AWS_ENDPOINT_URL"),
        )?;
        self.tls(f)?;
        let ready = format!("Ready in {:.1} s.", self.took.as_secs_f64());
        write!(f, "\n  {} {}", self.style.good(&ready), self.style.dim("Ctrl-C stops."))
    }
}

impl Summary<'_> {
    fn functions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.functions.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "Functions")?;
        let width = widest(self.app.functions.iter().map(|function| function.name.as_str()));
        for function in &self.app.functions {
            let name = pad(&function.name, width);
            // Why it is not run stands below, with its place.
            let is_run = function.not_run.is_none();
            let kind = if is_run { function.kind.as_str() } else { "not run" };
            let kind = pad(kind, "process".len());
            match self.failures.get(&function.logical_id).filter(|_| is_run) {
                None => {
                    let triggers = words::triggers(function).join(" · ");
                    writeln!(f, "    {name}  {}  {triggers}", self.style.dim(&kind))?;
                }
                Some(reason) => {
                    let failed = self.style.error("not served:");
                    writeln!(f, "    {name}  {}  {failed} {reason}", self.style.dim(&kind))?;
                }
            }
        }
        Ok(())
    }

    /// Several APIs, each with its host and its port.
    fn apis(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.apis.len() < 2 {
            return Ok(());
        }
        heading(f, self.style, "APIs")?;
        let bases: Vec<String> = self.app.apis.iter().map(|api| self.base(api)).collect();
        let names = widest(self.app.apis.iter().map(|api| api.logical_id.as_str()));
        let width = widest(bases.iter().map(String::as_str));
        for (api, base) in self.app.apis.iter().zip(&bases) {
            let name = pad(&api.logical_id, names);
            let base = self.style.link(&pad(base, width));
            let own = self.api_ports.iter().find(|own| own.api == api.logical_id);
            let own = own.map(|own| format!("http://127.0.0.1:{}", own.port.port()));
            let own = self.style.link(&own.unwrap_or_default());
            writeln!(f, "{}", format!("    {name}  {base}  {own}").trim_end())?;
        }
        Ok(())
    }

    fn routes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.route_rows();
        if rows.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "Routes")?;
        let methods = widest(rows.iter().map(|(method, ..)| method.as_str()));
        let urls = widest(rows.iter().map(|(_, url, _)| url.as_str()));
        for (method, url, function) in &rows {
            let method = pad(method, methods);
            let url = self.style.link(&pad(url, urls));
            writeln!(f, "    {method}  {url}  {}", self.style.dim(function))?;
        }
        Ok(())
    }

    /// Method, URL and function of every route.
    fn route_rows(&self) -> Vec<(String, String, String)> {
        let mut rows = Vec::new();
        for api in &self.app.apis {
            let base = self.base(api);
            for ApiRoute { route, integration, .. } in &api.routes {
                let method = route.method.as_deref().unwrap_or("ANY").to_owned();
                let path = route.path.as_deref().unwrap_or("/*");
                let answers = words::integration(self.app, integration);
                rows.push((method, format!("{base}{path}"), answers));
            }
        }
        for api in &self.app.web_sockets {
            let url = self.web_socket(api);
            for route in &api.routes {
                let answers = words::integration(self.app, &route.integration);
                rows.push(("WS".to_owned(), format!("{url}  {}", route.key), answers));
            }
        }
        for function in self.app.functions.iter().filter(|function| function.url.is_some()) {
            let host = host(&function.logical_id);
            let url = format!("http://{host}.localhost:{}/", self.http_port);
            rows.push(("ANY".into(), url, format!("{} (function URL)", function.name)));
        }
        rows
    }

    fn tls(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.encrypted {
            return Ok(());
        }
        let (http, api) = (self.http_port, self.api_port);
        let title = self.style.bold("HTTPS");
        writeln!(f, "  {title}  https on ports {http} and {api}, http from this machine too")?;
        let Some(authority) = self.authority else { return Ok(()) };
        let path = authority.path().display();
        writeln!(f, "    authority  {path}  {}", self.style.dim("for curl --cacert, or to trust"))?;
        writeln!(f, "    SHA-256    {}", authority.fingerprint())
    }

    /// Where an API is served: the plain port if it is the only one, else a host of its own.
    fn base(&self, api: &Api) -> String {
        let port = self.http_port;
        if self.app.apis.len() == 1 {
            format!("http://127.0.0.1:{port}")
        } else {
            format!("http://{}.localhost:{port}", host(&api.logical_id))
        }
    }

    /// Where clients of a WebSocket API connect.
    fn web_socket(&self, api: &WebSocketApi) -> String {
        let (port, stage) = (self.http_port, &api.stage);
        if self.app.web_sockets.len() == 1 {
            format!("ws://127.0.0.1:{port}/{stage}")
        } else {
            format!("ws://{}.localhost:{port}/{stage}", host(&api.logical_id))
        }
    }

    /// The API keys that were made here: nobody could know them. Those of the template are its own.
    fn keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.app.api_keys.iter().filter(|key| key.is_generated && key.enabled);
        let rows: Vec<(&str, &str)> =
            made.map(|key| (key.logical_id.as_str(), key.value.as_str())).collect();
        if rows.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "API keys")?;
        let names = widest(rows.iter().map(|(name, _)| *name));
        for (name, value) in rows {
            writeln!(f, "    {}  {}", pad(name, names), self.style.dim(value))?;
        }
        Ok(())
    }

    fn queues(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.queues.is_empty() {
            return Ok(());
        }
        heading(f, self.style, if self.ephemeral { "Queues, in memory" } else { "Queues" })?;
        let names = widest(self.app.queues.iter().map(|queue| queue.name.as_str()));
        let urls = widest(self.app.queues.iter().map(|queue| queue.url.as_str()));
        for queue in &self.app.queues {
            let name = pad(&queue.name, names);
            let url = self.style.link(&pad(&queue.url, urls));
            let row =
                format!("    {name}  {url}  {}", self.style.dim(&words::leads_to(self.app, queue)));
            writeln!(f, "{}", row.trim_end())?;
        }
        Ok(())
    }
}

/// The first part of the host name of an API or function URL.
fn host(logical_id: &str) -> String {
    logical_id.replace('/', "-").to_lowercase()
}
