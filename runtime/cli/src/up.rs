//! `samovar up`: from a template to a served application, and to an orderly end.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use samovar_api::{Api, FunctionParts, Functions};
use samovar_app::{App, Diagnostics, Kind};
use samovar_dispatch::{Account, Clock, Dispatcher, Limits, SystemClock};
use samovar_http::{
    BindError, Hosts, Limits as ClientLimits, Listeners, Reserved, Threads, TlsError,
};
use samovar_queue::{OpenError, QueueError, Queues};
use samovar_triggers::{
    Authorizing, Deliveries, EventBuses, Gateway, KeyFileError, LedgerError, Mappings, Outlets,
    Schedules, TimeScale, Topics,
};
use samovar_wasm::HostError;
use thiserror::Error;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::access::{Access, AccessError};
use crate::args;
use crate::build;
use crate::deployed::Deployed;
use crate::host;
use crate::logs::{Kept, Writer};
use crate::ports::{self, ApiPort};
use crate::providers::{self, Surroundings};
use crate::settings::{self, Settings};
use crate::state::State;
use crate::stop::StopSignals;
use crate::terminal::{Printer, Style, Summary, Watch, say, warn};
use crate::tls;
use crate::watch::{Generations, Watched};

/// How long invocations may go on after a wish to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why nothing is served.
#[derive(Debug, Error)]
pub(crate) enum UpError {
    #[error("{0}")]
    Template(Diagnostics),
    #[error("{error}; stop that program, or choose another port with {option} PORT")]
    Port { error: BindError, option: &'static str },
    #[error("{0}")]
    Access(#[from] AccessError),
    #[error("{0} (--jwks ISSUER=FILE)")]
    Keys(#[from] KeyFileError),
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
    #[error("cannot speak TLS: {0}")]
    Tls(#[from] TlsError),
    #[error("cannot use the state folder {}: {error}", .path.display())]
    StateDir { path: PathBuf, error: std::io::Error },
    #[error("{0} (--state-dir DIR)")]
    Queues(#[from] OpenError),
    #[error("queue {queue}: {error}")]
    Queue { queue: String, error: QueueError },
    #[error("cannot read the functions that the Lambda API has made: {error}")]
    Deployed { error: std::io::Error },
    #[error("{0}")]
    Topics(#[from] LedgerError),
    #[error("{0}")]
    Wasm(#[from] HostError),
    #[error("none of the template's functions can be served; the reasons are above")]
    NothingToServe,
    #[error("cannot start a thread for logs: {0}; with --log-size 0 none are kept")]
    Logs(std::io::Error),
    #[error("cannot start a thread for the terminal: {0}")]
    Terminal(std::io::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
}

/// Serves the template until SIGINT or SIGTERM.
pub(crate) async fn up(options: args::Up) -> Result<(), UpError> {
    let began = Instant::now();
    host::raise_open_files();
    let mut signals = StopSignals::new().map_err(UpError::Signals)?;
    let (served, state) = tokio::select! {
        biased;
        () = signals.next() => return Ok(()),
        served = start(&options, began) => served?,
    };
    served.until(&mut signals).await;
    samovar_process::clear_cgroups();
    // Only now that nothing uses it may its temporary folder go.
    drop(state);
    Ok(())
}

/// What is served, and what has to end.
struct Served {
    dispatcher: Dispatcher,
    /// Ends what brings new work: the gateway, pollers, schedules.
    triggers: CancellationToken,
    running: JoinSet<()>,
    /// Ends the AWS protocols, which functions need until they have ended.
    protocols: CancellationToken,
    api: JoinHandle<()>,
    /// Who keeps functions' logs.
    logs: Option<Arc<Writer>>,
    /// Who shows what functions do.
    printer: Arc<Printer>,
}

async fn start(options: &args::Up, began: Instant) -> Result<(Served, State), UpError> {
    let Settings { template, options: outside, skipped, time_scale, mut jwks } =
        settings::read(&options.application).map_err(UpError::Template)?;
    skipped.iter().for_each(warn);
    let access = Access::new(options.listen)?;
    jwks.extend(options.jwks.iter().cloned());
    let api_port = reserve(options.api_port, options.listen, "--api-port")?;
    let http_port = reserve(options.http_port, options.listen, "--http-port")?;
    let account = Account { region: outside.region.clone(), ..Account::default() };
    let endpoint = format!("http://127.0.0.1:{}", api_port.port());
    let outside = samovar_app::Options {
        endpoint: endpoint.clone(),
        http_port: http_port.port(),
        account_id: account.id.clone(),
        ..outside
    };
    let app = samovar_app::load(&template, &outside).map_err(UpError::Template)?;
    let api_ports = ports::of_further_apis(&app.apis, http_port.port(), options.listen)
        .map_err(|error| UpError::Port { error, option: "--http-port" })?;
    let authorizing = Authorizing {
        verifier: access.verifier(),
        key_files: jwks,
        api_keys: app.api_keys.clone(),
        usage_plans: app.usage_plans.clone(),
    };
    authorizing.check_key_files()?;
    let style = Style::stdout();
    let title = style.bold(concat!("Samovar ", env!("CARGO_PKG_VERSION")));
    say(format_args!("\n  {title}  {}", style.dim(&shown(&template))));

    let state =
        State::open(options, &app).map_err(|(path, error)| UpError::StateDir { path, error })?;
    let tls::Served { tls, authority } = tls::tls(options, &state, &app)?;
    let tell = |text: &str| say(format_args!("  {text}"));
    let mode = if options.no_build { build::Mode::Find } else { build::Mode::Build };
    let since = SystemTime::now();
    let mut artifacts = build::artifacts(&app, &state.folder, mode, &tell).await;
    let queues = open_queues(&app, &state, &account, &endpoint).await?;
    // No other Samovar lives in this folder: it is new, or the queues' lock is held. Environments
    // that a killed one left here are nobody's.
    let _ = std::fs::remove_dir_all(state.environments());

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let names = app.functions.iter().map(|function| function.name.as_str());
    let writer = log_writer(options, &state, style)?;
    let printer = Arc::new(Printer::start(std::io::stdout()).map_err(UpError::Terminal)?);
    let shown = Watch::new(style, names, printer.clone());
    let watch = Arc::new(Kept { shown, writer: writer.clone() });
    let limits = Limits {
        concurrency: options.max_concurrency.map_or_else(host::concurrency, |n| n as usize),
        idle: Duration::from_secs(options.idle_timeout.into()),
        burst: options.aws_scaling,
        ..Limits::default()
    };
    if app.functions.iter().any(|function| function.kind == Kind::Process) {
        for missing in samovar_process::not_kept() {
            say(format_args!("  note: {missing}"));
        }
    }
    let dispatcher = Dispatcher::new(limits, clock.clone(), watch);
    let credentials = access.of_functions();
    let surroundings = Surroundings {
        endpoint,
        account: account.clone(),
        credentials,
        built: state.folder.clone(),
        code_cache: u64::from(options.code_cache_size) << 20,
        environments: state.environments(),
    };
    let mut generations = Generations::new(state.environments().join(".builds"));
    let watches = options.watches(std::io::stdout().is_terminal());
    if watches {
        // Before anything is told where they are.
        generations.keep(&app.functions, &mut artifacts);
    }
    let deployed = Deployed::new(
        &app,
        surroundings.clone(),
        &state,
        &artifacts,
        dispatcher.clone(),
        !options.no_build,
    );
    let failures =
        providers::register(&app, artifacts, &surroundings, deployed.wasm(), &dispatcher).await?;
    let not_run = app.functions.iter().filter(|function| function.not_run.is_some()).count();
    if failures.len() > not_run && failures.len() == app.functions.len() {
        print_failures(&app, &failures);
        return Err(UpError::NothingToServe);
    }

    let deliveries = Deliveries::open(queues.clone(), dispatcher.clone(), clock.clone());
    let deliveries = deliveries
        .await
        .map_err(|error| UpError::Queue { queue: "of events for functions".to_owned(), error })?;
    let configured = time_scale.and_then(TimeScale::new);
    let time_scale = options.time_scale.or(configured).unwrap_or_default();
    let deliveries = deliveries.with_time_scale(time_scale);
    let ledger = state.own().join("topics.json");
    let (of_topics, functions) = (deliveries.clone(), &app.functions);
    let topics = Topics::open(&app.topics, functions, account.clone(), of_topics, &ledger)?;

    let summary = Summary {
        app: &app,
        style,
        failures: &failures,
        ephemeral: options.ephemeral,
        api_port: api_port.port(),
        http_port: http_port.port(),
        api_ports: &api_ports,
        authority: authority.as_ref(),
        encrypted: tls.is_some(),
        took: began.elapsed(),
    };
    let summary = summary.to_string();
    let http = http_port.port();
    let beyond = options.listen.is_some_and(|address| !address.is_loopback());
    let http_hosts = if beyond { Hosts::Addresses } else { Hosts::Local };
    // Each port of the front door has its share of the connections.
    let connections = host::connections();
    let of_http = connections / (1 + api_ports.len());
    let listening = |port, option, hosts, connections| {
        let limits = ClientLimits { connections, ..ClientLimits::default() };
        let listeners = listen(port, option)?.with_hosts(hosts).with_limits(limits);
        Ok::<_, UpError>(listeners.with_tls(tls.clone()))
    };
    let of_api = |ApiPort { api, port }| {
        let port = listening(port, "--http-port", http_hosts, of_http)?;
        Ok(ApiPort { api, port })
    };
    let ports = Ports {
        http_port: http,
        api: listening(api_port, "--api-port", access.hosts(), connections)?,
        http: listening(http_port, "--http-port", http_hosts, of_http)?,
        apis: api_ports.into_iter().map(of_api).collect::<Result<_, UpError>>()?,
    };
    say(format_args!("{summary}\n"));
    let watched = |functions| Watched {
        app: app.clone(),
        given: options.application.clone(),
        options: outside,
        state: state.folder.clone(),
        surroundings,
        deployed: deployed.clone(),
        dispatcher: dispatcher.clone(),
        generations,
        style,
        since,
        functions,
    };
    let access_log = writer.clone();
    let parts = Parts {
        account,
        dispatcher: dispatcher.clone(),
        queues,
        clock,
        deliveries,
        topics,
        deployed: deployed.clone(),
        access,
        authorizing,
        access_log,
        printer,
    };
    let (mut served, functions) = serve(&app, ports, parts).await?;
    served.logs = writer;
    if watches {
        served.running.spawn(watched(functions).run(served.triggers.clone()));
    }
    Ok((served, state))
}

/// What requests and triggers are served with.
struct Parts {
    account: Account,
    dispatcher: Dispatcher,
    queues: Queues,
    clock: Arc<dyn Clock>,
    deliveries: Deliveries,
    topics: Topics,
    deployed: Deployed,
    access: Access,
    authorizing: Authorizing,
    /// Who keeps access logs of APIs.
    access_log: Option<Arc<Writer>>,
    printer: Arc<Printer>,
}

/// All ports, taking connections.
struct Ports {
    api: Listeners,
    http: Listeners,
    /// Of further APIs.
    apis: Vec<ApiPort<Listeners>>,
    /// The number of the latter.
    http_port: u16,
}

/// Begins to take work: the AWS protocols, then all triggers. Gives the functions of the Lambda API
/// too.
async fn serve(app: &App, ports: Ports, parts: Parts) -> Result<(Served, Functions), UpError> {
    let Parts { account, dispatcher, queues, clock, deliveries, topics, .. } = parts;
    let Parts { deployed, access, authorizing, access_log, printer, .. } = parts;
    let protocols = CancellationToken::new();
    let triggers = CancellationToken::new();
    let (functions, queue_targets) = (&app.functions, &app.queue_targets);
    let buses = EventBuses::new(functions, queue_targets, account.clone(), deliveries.clone());
    let schedules = Schedules::new(functions, queue_targets, account.clone(), deliveries.clone());
    let gateway =
        Gateway::new(&app.apis, functions, account.clone(), dispatcher.clone(), clock.clone())
            .with_web_sockets(&app.web_sockets, functions)
            .with_authorizing(&app.apis, functions, authorizing);
    let connections = gateway.connections();
    if let Some(log) = access_log {
        gateway.set_access_log(log);
    }
    let mappings = Mappings::new(
        account.clone(),
        queues.clone(),
        dispatcher.clone(),
        clock.clone(),
        triggers.clone(),
    );
    let kept = deployed.kept().map_err(|error| UpError::Deployed { error })?;
    let managed = FunctionParts {
        account: account.clone(),
        dispatcher: dispatcher.clone(),
        host: Arc::new(deployed),
        gateway: gateway.clone(),
        http_port: ports.http_port,
        mappings: mappings.clone(),
        clock,
        signer: access.signer(&account.region),
    };
    let (managed, failures) = Functions::open(managed, app, kept).await;
    for (function, reason) in failures {
        eprintln!("{function}, made by the Lambda API, is not served: {reason}");
    }
    let api = Api::new(account.clone(), dispatcher.clone(), queues)
        .with_senders(topics.clone(), buses.clone(), schedules.clone())
        .with_deliveries(deliveries.clone())
        .with_functions(managed.clone())
        .with_connections(connections.clone());
    let of_integrations = api.clone();
    gateway.set_services(Arc::new(move |request| {
        let api = of_integrations.clone();
        Box::pin(async move { api.handle(request).await })
    }));
    let protocol = {
        let (api, access) = (api.clone(), access.clone());
        move |request, peer: SocketAddr| {
            let (api, access) = (api.clone(), access.clone());
            async move { access.handle(&api, request, peer).await }
        }
    };
    let threads = Threads::start().map_err(UpError::Threads)?;
    let listeners = ports.api.with_threads(threads);
    let served = samovar_http::serve(listeners, protocol, protocols.clone(), GRACE);
    let served_api = tokio::spawn(served);

    let mut running = JoinSet::new();
    running.spawn(gateway.clone().close_connections(triggers.clone()));
    let of_apis = ports.apis.into_iter().map(|own| (own.port, gateway.at_port_of(&own.api)));
    let doors: Vec<_> = of_apis.chain([(ports.http, gateway.clone())]).collect();
    for (port, gateway) in doors {
        let (connections, api, access) = (connections.clone(), api.clone(), access.clone());
        let service = move |request: http::Request<_>, peer: SocketAddr| {
            let (gateway, api, access) = (gateway.clone(), api.clone(), access.clone());
            // As on AWS, `@connections` is a call of AWS's protocols at the API's own host.
            let is_call = connections.is_meant(request.uri().path());
            // Boxed: what serves the connection moves it several times.
            async move {
                if is_call {
                    return Box::pin(access.handle(&api, request, peer)).await;
                }
                Box::pin(gateway.handle(request, peer)).await
            }
        };
        running.spawn(samovar_http::serve(port, service, triggers.clone(), GRACE));
    }
    let outlets = Outlets { topics: Some(topics), buses: Some(buses) };
    running.spawn(deliveries.clone().run_with(outlets, triggers.clone()));
    running.spawn(schedules.run(triggers.clone()));
    // Routes are the gateway's; topics, rules and schedules are served above; the rest is named as
    // not emulated.
    running.spawn(mappings.ended());
    Ok((
        Served { dispatcher, triggers, running, protocols, api: served_api, logs: None, printer },
        managed,
    ))
}

impl Served {
    /// Serves until the first signal, then ends: no new work, what runs may end within
    /// [`GRACE`] or until the second signal, then nothing is left.
    async fn until(mut self, signals: &mut StopSignals) {
        signals.next().await;
        say("\n  Stopping: what runs may finish. Ctrl-C again stops at once.");
        let end = Instant::now() + GRACE;
        self.triggers.cancel();
        let orderly = async {
            while let Ok(Some(_)) = timeout_at(end, self.running.join_next()).await {}
            end.saturating_duration_since(Instant::now())
        };
        let grace = tokio::select! {
            grace = orderly => grace,
            () = signals.next() => Duration::ZERO,
        };
        let shutdown = self.dispatcher.shutdown(grace);
        tokio::pin!(shutdown);
        let cut = tokio::select! {
            cut = &mut shutdown => cut,
            () = signals.next() => self.dispatcher.shutdown(Duration::ZERO).await,
        };
        // Only now: a function that was finishing may have had something to send to a queue.
        self.protocols.cancel();
        self.running.shutdown().await;
        let _ = tokio::time::timeout(Duration::from_secs(1), self.api).await;
        if let Some(logs) = self.logs {
            logs.finish();
        }
        self.printer.finish();
        match cut {
            0 => {}
            1 => say("  1 invocation was cut off."),
            cut => say(format_args!("  {cut} invocations were cut off.")),
        }
    }
}

/// A path as people like to read it: from here, where it is below here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

fn reserve(port: u16, listen: Option<IpAddr>, option: &'static str) -> Result<Reserved, UpError> {
    Reserved::with(port, listen).map_err(|error| UpError::Port { error, option })
}

fn listen(port: Reserved, option: &'static str) -> Result<Listeners, UpError> {
    port.listen().map_err(|error| UpError::Port { error, option })
}

/// Who keeps functions' logs, unless they are not to be kept.
fn log_writer(
    options: &args::Up,
    state: &State,
    style: Style,
) -> Result<Option<Arc<Writer>>, UpError> {
    let Some(folder) = state.logs().filter(|_| options.log_size > 0) else { return Ok(None) };
    let complain = move |text: &str| say(format_args!("  {}", style.warning(text)));
    let share = u64::from(options.log_size) << 20;
    let writer = Writer::start(folder, share, complain).map_err(UpError::Logs)?;
    Ok(Some(Arc::new(writer)))
}

/// The template's queues, with the messages that they had if these are kept.
async fn open_queues(
    app: &App,
    state: &State,
    account: &Account,
    endpoint: &str,
) -> Result<Queues, UpError> {
    let folder = state.queues();
    let options = samovar_queue::Options {
        ephemeral: folder.is_none(),
        account_id: account.id.clone(),
        region: account.region.clone(),
        endpoint: endpoint.to_owned(),
        ..samovar_queue::Options::default()
    };
    let queues = Queues::open(&folder.unwrap_or_default(), options)?;
    // A dead-letter queue must be there before the queue that names it.
    let (sources, targets): (Vec<_>, Vec<_>) =
        app.queues.iter().partition(|queue| queue.attributes.contains_key("RedrivePolicy"));
    for queue in targets.into_iter().chain(sources) {
        let made = queues.ensure_queue(&queue.name, &queue.attributes).await;
        made.map_err(|error| UpError::Queue { queue: queue.name.clone(), error })?;
    }
    Ok(queues)
}

fn print_failures(app: &App, failures: &HashMap<String, String>) {
    for function in &app.functions {
        if let Some(reason) = failures.get(&function.logical_id) {
            eprintln!("{}: {reason}", function.name);
        }
    }
}
