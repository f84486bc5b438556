//! What the host keeps for an isolate.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use samovar_dispatch::EnvironmentLog;
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::limit::MemoryLimit;
use crate::network::Network;
use crate::output::LogStream;

/// How many resources (streams, headers, requests) an isolate may hold at once. With the sizes of
/// the largest it bounds what the host keeps for an isolate.
const MAX_RESOURCES: usize = 1000;

/// Size of all headers of one message, in memory. API Gateway takes 10 KB.
const MAX_FIELDS: usize = 64 << 10;

/// Everything of an isolate that is the host's.
pub(crate) struct State {
    /// Made when the guest asks for something of it, which a small handler never does: to clone
    /// all variables takes longer than its call.
    wasi: Option<WasiCtx>,
    variables: Arc<[(String, String)]>,
    http: WasiHttpCtx,
    table: ResourceTable,
    network: Network,
    pub(crate) memory: MemoryLimit,
    pub(crate) stdin: Stdin,
    pub(crate) stdout: Stdout,
    pub(crate) stderr: LogStream,
    pub(crate) log: EnvironmentLog,
    /// Whether the guest has returned from its last call. One that has not (it trapped, or the
    /// call was dropped) cannot be called again.
    pub(crate) returned: bool,
}

/// Where standard output goes.
#[derive(Clone, Debug)]
pub(crate) enum Stdout {
    /// To the log.
    Log(LogStream),
    /// It is the response.
    Response(MemoryOutputPipe),
}

impl State {
    pub(crate) fn new(
        log: EnvironmentLog,
        variables: Arc<[(String, String)]>,
        network: Network,
        memory: MemoryLimit,
        stdout: Stdout,
    ) -> Self {
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            wasi: None,
            variables,
            http,
            table,
            network,
            memory,
            stdin: Stdin::default(),
            stdout,
            stderr: LogStream::new(log.clone()),
            log,
            returned: true,
        }
    }

    /// What the guest has handles of.
    pub(crate) fn resources(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// An invocation begins, perhaps not the isolate's first.
    pub(crate) fn begin_invocation(&self) {
        if let Stdout::Log(stream) = &self.stdout {
            stream.begin_invocation();
        }
        self.stderr.begin_invocation();
    }

    /// Logs what the guest wrote without a line feed.
    pub(crate) fn flush_lines(&self) {
        if let Stdout::Log(stream) = &self.stdout {
            stream.flush_line();
        }
        self.stderr.flush_line();
    }
}

/// Nothing but this: no file, no socket, no argument, no variable of the host.
fn wasi(
    variables: &[(String, String)],
    stdin: &Stdin,
    stdout: &Stdout,
    stderr: &LogStream,
) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.envs(variables).stdin(stdin.clone()).stderr(stderr.clone());
    match stdout {
        Stdout::Log(stream) => wasi.stdout(stream.clone()),
        Stdout::Response(pipe) => wasi.stdout(pipe.clone()),
    };
    wasi.build()
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi: made, variables, stdin, stdout, stderr, table, .. } = self;
        let ctx = made.get_or_insert_with(|| wasi(variables, stdin, stdout, stderr));
        WasiCtxView { ctx, table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.network }
    }
}

/// Standard input: empty, or the event of a command. All streams of it read the same bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stdin(Arc<Mutex<Bytes>>);

impl Stdin {
    /// The event comes after the isolate, and before its first read.
    pub(crate) fn set(&self, event: Bytes) {
        *self.rest() = event;
    }

    fn rest(&self) -> MutexGuard<'_, Bytes> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Stdin {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Stdin {
    async fn ready(&mut self) {}
}

impl InputStream for Stdin {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut rest = self.rest();
        if rest.is_empty() {
            return Err(StreamError::Closed);
        }
        let size = size.min(rest.len());
        Ok(rest.split_to(size))
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut rest = self.rest();
        let size = buffer.remaining().min(rest.len());
        buffer.put_slice(&rest.split_to(size));
        Poll::Ready(Ok(()))
    }
}
