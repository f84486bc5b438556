//! What a template declares, as `samovar check` shows it.

use std::fmt;
use std::path::Path;

use samovar_app::{Api, ApiKind, App, Topic, WebSocketApi};

use super::style::{Style, pad, printable, widest};
use super::words::{self, count};
use super::{heading, not_emulated};

/// The overview of an application.
pub(crate) struct Overview<'a> {
    pub(crate) app: &'a App,
    /// The template, as it was named.
    pub(crate) template: &'a Path,
    pub(crate) style: Style,
}

impl fmt::Display for Overview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.style.bold(&self.template.display().to_string());
        writeln!(f, "\n  {title}")?;
        if let Some(description) = self.app.description.as_deref() {
            let first = description.lines().next().unwrap_or_default();
            writeln!(f, "  {}", self.style.dim(&printable(first)))?;
        }
        self.functions(f)?;
        self.app.apis.iter().try_for_each(|api| self.api(f, api))?;
        self.app.web_sockets.iter().try_for_each(|api| self.web_socket(f, api))?;
        self.queues(f)?;
        self.topics(f)?;
        self.outputs(f)?;
        not_emulated(f, self.style, self.app)?;
        write!(f, "\n  {} {}", self.style.good("Valid:"), self.counts())
    }
}

impl Overview<'_> {
    fn functions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions = &self.app.functions;
        if functions.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "Functions")?;
        let folder = self.app.template.parent().unwrap_or(Path::new("/"));
        let rows = functions.iter().map(|function| {
            let kind = function.not_run.as_ref().map_or(function.kind.as_str(), |_| "not run");
            let runtime = if function.runtime.is_empty() { "image" } else { &function.runtime };
            [
                function.name.clone(),
                kind.to_owned(),
                runtime.to_owned(),
                format!("{} MB", function.memory_mb),
                format!("{} s", function.timeout.as_secs()),
                words::code(function, folder),
                words::triggers(function).join(" · "),
            ]
            .map(|cell| printable(&cell))
        });
        let rows: Vec<_> = rows.collect();
        let width = |column: usize| widest(rows.iter().map(|row| row[column].as_str()));
        let widths: [usize; 6] = std::array::from_fn(width);
        for (row, function) in rows.iter().zip(functions) {
            let [name, kind, runtime, memory, timeout, code, triggers] = row;
            let kind = pad(kind, widths[1]);
            let kind = match function.not_run {
                None => self.style.dim(&kind),
                Some(_) => self.style.warning(&kind),
            };
            let runtime = self.style.dim(&pad(runtime, widths[2]));
            // Numbers stand right.
            let sizes = format!("{memory:>0$}  {timeout:>1$}", widths[3], widths[4]);
            let code = self.style.dim(&pad(code, widths[5]));
            let name = pad(name, widths[0]);
            writeln!(f, "    {name}  {kind}  {runtime}  {sizes}  {code}  {triggers}")?;
        }
        Ok(())
    }

    /// An API with its routes.
    fn api(&self, f: &mut fmt::Formatter<'_>, api: &Api) -> fmt::Result {
        let kind = match api.kind {
            ApiKind::Http => "HTTP API",
            ApiKind::Rest => "REST API",
        };
        let about = format!("{}, stage {}", api.logical_id, api.stage);
        writeln!(f, "\n  {}  {}", self.style.bold(kind), self.style.dim(&about))?;
        let routes = api.routes.iter().map(|route| {
            let method = route.route.method.as_deref().unwrap_or("ANY");
            let path = route.route.path.as_deref().unwrap_or("$default");
            let answers = words::integration(self.app, &route.integration);
            (method, path, printable(&answers))
        });
        let routes: Vec<_> = routes.collect();
        let methods = widest(routes.iter().map(|(method, ..)| *method));
        let paths = widest(routes.iter().map(|(_, path, _)| *path));
        for (method, path, answers) in &routes {
            let (method, path) = (pad(method, methods), pad(path, paths));
            writeln!(f, "    {method}  {path}  {}", self.style.dim(&format!("→ {answers}")))?;
        }
        Ok(())
    }

    /// A WebSocket API with its routes.
    fn web_socket(&self, f: &mut fmt::Formatter<'_>, api: &WebSocketApi) -> fmt::Result {
        let about = format!("{}, stage {}, {}", api.logical_id, api.stage, api.selection);
        let about = self.style.dim(&printable(&about));
        writeln!(f, "\n  {}  {about}", self.style.bold("WebSocket API"))?;
        let rows = api.routes.iter();
        self.rows(
            f,
            rows.map(|route| {
                let answers = words::integration(self.app, &route.integration);
                (route.key.as_str(), format!("→ {answers}"))
            }),
        )
    }

    fn queues(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.queues.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "Queues")?;
        let rows = self.app.queues.iter();
        self.rows(f, rows.map(|queue| (queue.name.as_str(), words::leads_to(self.app, queue))))
    }

    fn topics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.topics.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "Topics")?;
        let subscribers = |topic: &Topic| {
            let all = topic.subscriptions.iter();
            let all = all.map(|s| format!("→ {} {}", s.protocol, words::last(&s.endpoint)));
            all.collect::<Vec<_>>().join(", ")
        };
        let rows = self.app.topics.iter();
        self.rows(f, rows.map(|topic| (topic.name.as_str(), subscribers(topic))))
    }

    fn outputs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.app.outputs.is_empty() {
            return Ok(());
        }
        heading(f, self.style, "Outputs")?;
        let rows = self.app.outputs.iter();
        self.rows(f, rows.map(|output| (output.name.as_str(), output.value.clone())))
    }

    /// Names, and what belongs to each.
    fn rows<'n>(
        &self,
        f: &mut fmt::Formatter<'_>,
        rows: impl Iterator<Item = (&'n str, String)>,
    ) -> fmt::Result {
        let rows: Vec<_> = rows.collect();
        let names = widest(rows.iter().map(|(name, _)| *name));
        for (name, about) in rows {
            let row = format!("    {}  {}", pad(name, names), self.style.dim(&printable(&about)));
            writeln!(f, "{}", row.trim_end())?;
        }
        Ok(())
    }

    /// `7 functions, 1 API, 3 queues; 2 things are not emulated`.
    fn counts(&self) -> String {
        let App { functions, apis, web_sockets, queues, topics, not_emulated, .. } = self.app;
        let counts = [
            (functions.len(), "function"),
            (apis.len() + web_sockets.len(), "API"),
            (queues.len(), "queue"),
            (topics.len(), "topic"),
        ];
        let counts = counts.into_iter().filter(|(number, _)| *number > 0);
        let counts: Vec<String> = counts.map(|(number, what)| count(number, what)).collect();
        let counts = match counts.as_slice() {
            [] => count(self.app.resources.len(), "resource"),
            _ => counts.join(", "),
        };
        match not_emulated.len() {
            0 => counts,
            1 => format!("{counts}; 1 thing is not emulated"),
            missing => format!("{counts}; {missing} things are not emulated"),
        }
    }
}
