"""Emulators of Lambda under test: how each is started with the example's native greeting as a
function, and how quick that binary is by itself."""

import base64
import contextlib
import io
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
import zipfile

import queues
import servers

FUNCTION = "hello"
SLEEPER = "Sleeper"

# A hello that was built is not built again.
_built = {}


def samovar(binary):
    return servers.samovar(binary, "functions.yaml", None)


def bare():
    """The ceiling: eight processes of the function, and what hands events to them and no more."""
    program = queues.build("--package", "samovar-process", "--example", "relay")
    port = servers.free_port()
    return servers.Server("relay", [program, hello(), "8", port], port)


def cargo_lambda():
    """Eight processes for the function, built for release, no looking for changes."""
    program = servers.python("cargo-lambda", "cargo-lambda")
    port = servers.free_port()
    command = [
        program, "lambda", "watch", "--release", "--ignore-changes", "--concurrency", "8",
        "--invoke-address", "127.0.0.1", "--invoke-port", port, "--package", "hello",
    ]
    # The programs of its environment, zig among them, go first.
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    server = servers.Server("cargo lambda", command, port, queues.ROOT, {"PATH": path})
    return _answering(server)


def ministack():
    program = servers.python("ministack", "ministack")
    port = servers.free_port()
    environment = {"GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR", "LAMBDA_EXECUTOR": "local"}
    server = servers.Server("MiniStack", [program], port, environment=environment)
    try:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            code.writestr(entry, hello().read_bytes())
        function = {
            "FunctionName": FUNCTION, "Runtime": "provided.al2023", "Handler": "bootstrap",
            "Role": "arn:aws:iam::000000000000:role/any", "Timeout": 10,
            "Code": {"ZipFile": base64.b64encode(archive.getvalue()).decode()},
        }
        _post(server, "/2015-03-31/functions", json.dumps(function).encode())
    except BaseException:
        server.stop()
        raise
    return _answering(server)


PEERS = {"cargo lambda watch": cargo_lambda, "MiniStack": ministack}


def _answering(server):
    """The server, once the function has answered: until then it may have to be built."""
    end = time.monotonic() + servers.START_SECONDS
    while True:
        try:
            _post(server, f"/2015-03-31/functions/{FUNCTION}/invocations", b'{"name":"Ada"}')
            return server
        except OSError as error:
            if time.monotonic() > end or server.process.poll() is not None:
                server.stop()
                raise servers.Missing(f"{server.name} does not run the function: {error}") from error
            time.sleep(0.5)
        except BaseException:
            server.stop()
            raise


def _post(server, path, body):
    request = urllib.request.Request(server.url + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=servers.START_SECONDS) as response:
        return response.read()


def hello():
    """The function's binary."""
    if "hello" not in _built:
        _built["hello"] = queues.build("--package", "hello", "--bin", "hello")
    return _built["hello"]


def bare_start():
    """Seconds from the spawn of the function's binary until it has answered its first event, over
    a Runtime API that is nothing but two answers."""
    event = b'{"name":"Ada"}'
    deadline = int((time.time() + 10) * 1000)
    head = (
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 00000000-0000-0000-0000-000000000000\r\n"
        f"lambda-runtime-deadline-ms: {deadline}\r\nlambda-runtime-invoked-function-arn: "
        "arn:aws:lambda:us-east-1:000000000000:function:hello\r\nlambda-runtime-trace-id: Root=1-0-0\r\n"
        f"content-type: application/json\r\ncontent-length: {len(event)}\r\n\r\n"
    ).encode()
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as folder:
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": FUNCTION, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
            "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_REGION": "us-east-1",
        }
        began = time.perf_counter()
        process = subprocess.Popen([hello()], cwd=folder, env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with contextlib.ExitStack() as connections:
                answered = False
                while True:
                    connection = connections.enter_context(listener.accept()[0])
                    # The function may use one connection for both of its requests, or two.
                    while request := _request(connection):
                        if request.startswith(b"POST"):
                            return time.perf_counter() - began
                        if not answered:
                            connection.sendall(head + event)
                            answered = True
        finally:
            process.kill()
            process.wait()


def _request(connection):
    """The head of the next request of a connection; nothing when it is closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return b""
        received += part
    return received
