"""A function of the world samovar:function: bytes in, bytes out."""

import json
import os
import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.handler import Error

calls = 0


class Handler(exports.Handler):
    def handle(self, event, context):
        event = json.loads(event)
        if "Records" in event:
            return json.dumps(take(event["Records"])).encode()
        return json.dumps(respond(event, context), ensure_ascii=False).encode()


def respond(event, context):
    global calls
    calls += 1
    match event.get("do"):
        case "log":
            print("printed: Зоя")
            print("to standard error", file=sys.stderr)
        case "fail":
            raise ValueError("asked to fail")
        case "refuse":
            raise Err(Error("OutOfStock", "no teapots left"))
        case "spin":
            while True:
                pass
        case "grow":
            return len(bytearray(event["bytes"]))
        case "context":
            return vars(context)
    return {"event": event, "calls": calls, "greeting": os.environ.get("GREETING")}


def take(records):
    """A batch from a queue; what it lists as failed comes again."""
    for record in records:
        print("took", record["body"])
    failed = [record["messageId"] for record in records if record["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
