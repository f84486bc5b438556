"""The servers under test: how each is installed, started and stopped.

Peers live in ~/.cache/samovar-peers (npm's in `npm`, Python's in `python`) and come from their
registries the first time. A peer that cannot be installed is named and left out.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path.home() / ".cache" / "samovar-peers"
NPM = CACHE / "npm"
PYTHON = CACHE / "python"

# Building a component the first time takes minutes on a small machine.
START_SECONDS = 900
STOP_SECONDS = 10


class Missing(Exception):
    """A server that cannot be measured here; the text says why."""


class Server:
    """A running server. `url` is its endpoint, `lines` what it printed, with times."""

    def __init__(self, name, command, port, folder=None, environment=None, path="/"):
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.lines = []
        self.printed = threading.Condition()
        # A session of its own, so that its own children end with it.
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._collect, daemon=True).start()
        try:
            self._wait(path)
        except BaseException:
            self.stop()
            raise

    def _collect(self):
        # As much as there is, since what prints a lot would otherwise wait for this program.
        rest = b""
        while chunk := self.process.stdout.read1(1 << 16):
            at = time.perf_counter()
            *whole, rest = (rest + chunk).split(b"\n")
            with self.printed:
                # Only the newest are looked at.
                newest = (line.decode(errors="replace").rstrip() for line in whole[-1000:])
                self.lines.extend((at, line) for line in newest)
                del self.lines[:-1000]
                self.printed.notify_all()

    def _wait(self, path):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                time.sleep(0.2)
                said = "\n".join(line for _, line in self.lines[-20:])
                raise Missing(f"{self.name} ended with status {self.process.returncode}:\n{said}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", path)
                connection.getresponse().read()
                return
            time.sleep(0.05)
        raise Missing(f"{self.name} did not answer within {START_SECONDS} s")

    def stop(self):
        """Ends the process and what it has started."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def samovar(binary, template, disk, *options):
    """Samovar with its state in a folder of its own below `disk`; the server's `gateway` is where its
    HTTP APIs are."""
    with tempfile.TemporaryDirectory(prefix="samovar-peers-", dir=disk) as state:
        port, http_port = free_port(), free_port()
        command = [
            binary, "up", "--template", HERE / template, "--state-dir", state,
            "--api-port", port, "--http-port", http_port, *options,
        ]
        with Server("Samovar", command, port, path="/_samovar/health") as server:
            server.gateway = f"http://127.0.0.1:{http_port}"
            yield server


def fauxqs():
    port = free_port()
    environment = {"FAUXQS_PORT": str(port), "FAUXQS_LOGGER": "false"}
    return Server("fauxqs", ["node", npm("fauxqs") / "dist" / "cli.js"], port, NPM, environment)


def local_aws_sqs():
    npm("local-aws-sqs")
    port = free_port()
    program = (
        'require("local-aws-sqs")'
        f'.createSqsServer({{ port: {port}, hostname: "127.0.0.1" }})'
        ".catch((error) => { console.error(error); process.exit(1); });"
    )
    return Server("local-aws-sqs", ["node", "-e", program], port, NPM)


def ministack():
    program = python("ministack", "ministack")
    port = free_port()
    environment = {"GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    return Server("MiniStack", [program], port, environment=environment)


def moto():
    program = python("moto_server", "moto[server]")
    port = free_port()
    return Server("moto", [program, "-H", "127.0.0.1", "-p", port], port)


PEERS = {"fauxqs": fauxqs, "local-aws-sqs": local_aws_sqs, "ministack": ministack, "moto": moto}


def npm(package):
    """The folder of an npm package, installed if it was not."""
    folder = NPM / "node_modules" / package
    if not folder.exists():
        NPM.mkdir(parents=True, exist_ok=True)
        install(package, ["npm", "install", "--prefix", NPM, "--no-audit", "--no-fund", package])
    return folder


def python(program, package):
    """A program of a Python package, installed if it was not."""
    path = PYTHON / "bin" / program
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        if not (PYTHON / "bin" / "pip").exists():
            install(package, [sys.executable, "-m", "venv", PYTHON])
        install(package, [PYTHON / "bin" / "pip", "install", "--quiet", package])
    return path


def install(package, command, seconds=600):
    """Runs what installs a package, for at most so many seconds."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{package} is not installed, and {command[0]} does not help: {error}")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Missing(f"{package} is not installed, and `{' '.join(command)}` failed: {last}")
