//! What is served, as it is shown at start.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use samovar_app::{Api, ApiRoute, App, Function, Integration, Queue, Rate, Route, Trigger};

use super::style::{Style, pad};

/// The summary of an application that is served.
pub(crate) struct Summary<'a> {
    pub(crate) app: &'a App,
    pub(crate) style: Style,
    /// Why functions cannot run, by logical id.
    pub(crate) failures: &'a HashMap<String, String>,
    pub(crate) api_port: u16,
    pub(crate) http_port: u16,
    /// Since the command began.
    pub(crate) took: Duration,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.functions(f)?;
        self.routes(f)?;
        self.queues(f)?;
        self.not_emulated(f)?;
        let endpoint = format!("http://127.0.0.1:{}", self.api_port);
        writeln!(
            f,
            "\n  {}  {}  {}",
            self.style.bold("AWS endpoint"),
            self.style.link(&endpoint),
            self.style.dim("Lambda and SQS, for AWS_ENDPOINT_URL"),
        )?;
        let ready = format!("Ready in {:.1} s.", self.took.as_secs_f64());
        write!(f, "\n  {} {}", self.style.good(&ready), self.style.dim("Ctrl-C stops."))
    }
}

impl Summary<'_> {
    fn heading(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        writeln!(f, "\n  {}", self.style.bold(text))
    }

    fn functions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.functions.is_empty() {
            return Ok(());
        }
        self.heading(f, "Functions")?;
        let width = widest(self.app.functions.iter().map(|function| function.name.as_str()));
        for function in &self.app.functions {
            let name = pad(&function.name, width);
            let kind = pad(function.kind.as_str(), "process".len());
            match self.failures.get(&function.logical_id) {
                None => {
                    let triggers = triggers(function).join(" · ");
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

    fn routes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.route_rows();
        if rows.is_empty() {
            return Ok(());
        }
        self.heading(f, "Routes")?;
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
        let name = |id: &str| match self.app.function(id) {
            Some(function) => function.name.clone(),
            None => id.to_owned(),
        };
        let mut rows = Vec::new();
        for api in &self.app.apis {
            let base = self.base(api);
            for ApiRoute { route, integration, .. } in &api.routes {
                let method = route.method.as_deref().unwrap_or("ANY").to_owned();
                let path = route.path.as_deref().unwrap_or("/*");
                let answers = match integration {
                    Integration::Function(id) => name(id),
                    Integration::Other(what) => format!("{what} (not emulated)"),
                };
                rows.push((method, format!("{base}{path}"), answers));
            }
        }
        for function in self.app.functions.iter().filter(|function| function.url.is_some()) {
            let host = host(&function.logical_id);
            let url = format!("http://{host}.localhost:{}/", self.http_port);
            rows.push(("ANY".into(), url, format!("{} (function URL)", function.name)));
        }
        rows
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

    fn queues(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.queues.is_empty() {
            return Ok(());
        }
        self.heading(f, "Queues")?;
        let names = widest(self.app.queues.iter().map(|queue| queue.name.as_str()));
        let urls = widest(self.app.queues.iter().map(|queue| queue.url.as_str()));
        for queue in &self.app.queues {
            let name = pad(&queue.name, names);
            let url = self.style.link(&pad(&queue.url, urls));
            let row = format!("    {name}  {url}  {}", self.style.dim(&self.leads_to(queue)));
            writeln!(f, "{}", row.trim_end())?;
        }
        Ok(())
    }

    /// `→ OrderWorker, after 3 receives → OrdersDeadLetters`.
    fn leads_to(&self, queue: &Queue) -> String {
        let mut parts = Vec::new();
        for function in &self.app.functions {
            for trigger in &function.triggers {
                if matches!(trigger, Trigger::Queue(trigger) if trigger.arn == queue.arn) {
                    parts.push(format!("→ {}", function.name));
                }
            }
        }
        if let Some((receives, target)) = redrive(queue) {
            parts.push(format!("after {receives} receives → {target}"));
        }
        parts.join(", ")
    }

    fn not_emulated(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.not_emulated.is_empty() {
            return Ok(());
        }
        self.heading(f, "Not emulated")?;
        for item in &self.app.not_emulated {
            let file = item.span.file.file_name().map_or(&*item.span.file, Path::new);
            let place = format!("{}:{}", file.display(), item.span.line);
            writeln!(
                f,
                "    {}: {}  {}",
                self.style.warning(&item.what),
                item.note,
                self.style.dim(&place)
            )?;
        }
        Ok(())
    }
}

/// What starts a function, each in a few words.
fn triggers(function: &Function) -> Vec<String> {
    let mut parts: Vec<String> = function.triggers.iter().map(trigger).collect();
    if function.url.is_some() {
        parts.push("function URL".into());
    }
    if parts.is_empty() {
        parts.push("direct invoke".into());
    }
    parts
}

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Http(http) => route(&http.route),
        Trigger::Queue(queue) => {
            let name = queue.arn.rsplit(':').next().unwrap_or_default();
            format!("{name} (batches of {})", queue.batch_size)
        }
        Trigger::Schedule(schedule) => match &schedule.rate {
            Rate::Every(interval) => format!("every {}", words(*interval)),
            Rate::Expression(expression) => expression.clone(),
        },
        other => other.name().to_owned(),
    }
}

fn route(route: &Route) -> String {
    match (&route.method, &route.path) {
        (_, None) => "$default".into(),
        (None, Some(path)) => format!("ANY {path}"),
        (Some(method), Some(path)) => format!("{method} {path}"),
    }
}

/// The first part of the host name of an API or function URL.
fn host(logical_id: &str) -> String {
    logical_id.replace('/', "-").to_lowercase()
}

/// `minute`, `5 minutes`, `2 hours`.
fn words(interval: Duration) -> String {
    let minutes = interval.as_secs() / 60;
    let (number, unit) = match minutes {
        minutes if minutes > 0 && minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
        minutes if minutes > 0 && minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if number == 1 { unit.to_owned() } else { format!("{number} {unit}s") }
}

/// Receives and name of the dead-letter queue in a `RedrivePolicy`.
fn redrive(queue: &Queue) -> Option<(u64, String)> {
    let policy: serde_json::Value =
        serde_json::from_str(queue.attributes.get("RedrivePolicy")?).ok()?;
    let receives = &policy["maxReceiveCount"];
    let receives = receives.as_u64().or_else(|| receives.as_str()?.parse().ok())?;
    let arn = policy["deadLetterTargetArn"].as_str()?;
    Some((receives, arn.rsplit(':').next()?.to_owned()))
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_said_as_people_do() {
        assert_eq!(words(Duration::from_secs(60)), "minute");
        assert_eq!(words(Duration::from_secs(300)), "5 minutes");
        assert_eq!(words(Duration::from_secs(7200)), "2 hours");
        assert_eq!(words(Duration::from_secs(86_400)), "day");
    }
}
