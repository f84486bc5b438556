"""Hosts of WASM functions: how each is started with the same component, or with the same logic
where it runs no components."""

import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

import queues
import servers

# Of the same version as Samovar's own wasmtime.
WASMTIME = "48.0.8"
WASMTIME_FEATURES = (
    "run,serve,wasi-http,compile,cranelift,parallel-compilation,cache,pooling-allocator,"
    "component-model,component-model-async,threads,gc,gc-drc,gc-null"
)

WORKER = """
export default {
  async fetch(request) {
    const name = new URL(request.url).searchParams.get("name") ?? "World";
    return Response.json({ message: `Hello, ${name}!` });
  },
};
"""

WORKERD = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:%d", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2025-01-01",
);
"""


def component(package, name):
    """A component of this repository, built for release."""
    command = ["cargo", "build", "--release", "--quiet", "--target", "wasm32-wasip2",
               "--package", package, "--bin", name]
    subprocess.run(command, cwd=queues.ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", queues.ROOT / "target"))
    return target / "wasm32-wasip2" / "release" / f"{name}.wasm"


def application(folder, event, http, many):
    """A template with one function of each kind, and with many of each: components that differ by
    a custom section, so that each has its own code."""
    resources = {}
    for door, wasm in ("event", event), ("http", http):
        for number in (None, *range(many)):
            name = door.title() if number is None else f"{door.title()}{number}"
            content = wasm.read_bytes()
            if number is not None:
                content += custom_section(str(number).encode())
            code = folder / name
            code.mkdir()
            (code / "function.wasm").write_bytes(content)
            path = f"/{door}" if number is None else f"/{door}/{number}"
            resources[name] = {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "CodeUri": name, "Handler": "function.wasm", "Runtime": "provided.al2023",
                    "MemorySize": 128, "Timeout": 10,
                    "Events": {"Get": {"Type": "HttpApi", "Properties": {"Method": "GET", "Path": path}}},
                },
            }
    template = folder / "template.json"
    document = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    template.write_text(json.dumps(document))
    return template


def custom_section(content):
    """A custom section of WebAssembly's binary format: 0, its size, its name, its content."""
    name = b"number"
    body = bytes([len(name)]) + name + content
    return bytes([0, len(body)]) + body


@contextlib.contextmanager
def samovar(binary, template):
    """Samovar; the server's port is that of its gateway. What it compiles stays beside the template,
    for the next time."""
    port = servers.free_port()
    command = [
        binary, "up", "--template", template, "--no-watch",
        "--api-port", servers.free_port(), "--http-port", port,
    ]
    with servers.Server("Samovar", command, port) as server:
        yield server


def wasmtime_serve(wasm, *options):
    program = wasmtime()
    port = servers.free_port()
    command = [program, "serve", "-Scli", "--addr", f"127.0.0.1:{port}", *options, wasm]
    return servers.Server("wasmtime serve", command, port)


def workerd():
    # The package's own program is a script that starts this one.
    programs = list(servers.npm("workerd").parent.glob("@cloudflare/workerd-*/bin/workerd"))
    if not programs:
        raise servers.Missing("workerd has no program for this machine")
    port = servers.free_port()
    folder = tempfile.TemporaryDirectory(prefix="samovar-peers-")
    Path(folder.name, "worker.js").write_text(WORKER)
    config = Path(folder.name, "config.capnp")
    config.write_text(WORKERD % port)
    server = servers.Server("workerd", [programs[0], "serve", config], port)
    # Lives as long as the server.
    server.folder = folder
    return server


def hyper():
    program = queues.build("--package", "samovar-http", "--example", "bare")
    port = servers.free_port()
    return servers.Server("hyper", [program, port], port)


PEERS = ("wasmtime serve", "wasmtime serve, reuse of 128", "workerd", "hyper alone")


def peers(wasm, names):
    """Those of the names, with what starts each."""
    starts = {
        "wasmtime serve": lambda: wasmtime_serve(wasm, "--max-instance-reuse-count", "1"),
        "wasmtime serve, reuse of 128": lambda: wasmtime_serve(
            wasm, "--max-instance-reuse-count", "128"),
        "workerd": workerd,
        "hyper alone": hyper,
    }
    return [(name, starts[name]) for name in names]


def wasmtime():
    """The wasmtime program, built from crates.io the first time."""
    program = servers.CACHE / "bin" / "wasmtime"
    if not program.exists():
        command = ["cargo", "install", "wasmtime-cli", "--version", WASMTIME, "--locked", "--quiet",
                   "--root", servers.CACHE, "--no-default-features", "--features", WASMTIME_FEATURES]
        servers.install("wasmtime-cli", command, 3600)
    return program

