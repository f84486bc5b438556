"""Does what its event says."""

import logging
import os
import sys
import time

import six

logger = logging.getLogger()
logger.setLevel(logging.INFO)
calls = 0


def handler(event, context):
    global calls
    calls += 1
    return ACTIONS[event.get("do", "echo")](event, context)


def echo(event, _context):
    return {"event": event, "calls": calls}


def about(_event, context):
    return {
        "version": list(sys.version_info[:3]),
        "path": sys.path,
        "six": [six.__version__, six.__file__],
        "working": os.getcwd(),
        "variables": dict(os.environ),
        "exit": callable(exit),
        "context": {
            "functionName": context.function_name,
            "functionVersion": context.function_version,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "requestId": context.aws_request_id,
            "logGroup": context.log_group_name,
            "logStream": context.log_stream_name,
            "remaining": context.get_remaining_time_in_millis(),
            "client": context.client_context and context.client_context.custom,
        },
    }


def log(_event, context):
    print("printed: Зоя")
    print("to standard error", file=sys.stderr)
    logger.info("logged")
    return context.aws_request_id


def sleep(event, _context):
    time.sleep(event["seconds"])
    return {"slept": event["seconds"]}


def fail(_event, _context):
    raise ValueError("asked to fail")


def unserializable(_event, _context):
    return object()


def crash(event, _context):
    os._exit(event["status"])


def leave(event, _context):
    sys.exit(event["status"])


ACTIONS = {
    action.__name__: action
    for action in (echo, about, log, sleep, fail, unserializable, crash, leave)
}
