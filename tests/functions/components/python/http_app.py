"""A function whose events are HTTP requests: wasi:http/incoming-handler."""

import json
import os
from urllib.parse import parse_qs, urlsplit

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import (
    Fields,
    IncomingBody,
    Method_Other,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)

calls = 0


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out):
        answer = respond(request)
        response = OutgoingResponse(
            Fields.from_list(
                [("content-type", b"application/json"), ("x-served-by", b"python")]
            )
        )
        response.set_status_code(201)
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        write(body, json.dumps(answer, ensure_ascii=False).encode())


def respond(request):
    global calls
    calls += 1
    url = urlsplit(request.path_with_query())
    if url.path.endswith("/fail"):
        raise ValueError("asked to fail")
    if url.path.endswith("/log"):
        print("printed: Зоя")
    while url.path.endswith("/spin"):
        pass
    return {
        "method": method(request),
        "path": url.path,
        "name": parse_qs(url.query).get("name", [None])[0],
        "header": b"".join(request.headers().get("x-test")).decode(),
        "body": read(request.consume()).decode(),
        "calls": calls,
        "greeting": os.environ.get("GREETING"),
    }


def method(request):
    method = request.method()
    if isinstance(method, Method_Other):
        return method.value
    return type(method).__name__.removeprefix("Method_").upper()


def read(body):
    """All of a request's body."""
    content = b""
    with body.stream() as stream:
        while True:
            try:
                content += stream.blocking_read(64 * 1024)
            except Err as error:
                if not isinstance(error.value, StreamError_Closed):
                    raise
                break
    IncomingBody.finish(body)
    return content


def write(body, content):
    """A response's body, from its beginning to its end."""
    with body.write() as stream:
        # The most that one call may take.
        for start in range(0, len(content), 4096):
            stream.blocking_write_and_flush(content[start : start + 4096])
    OutgoingBody.finish(body, None)
