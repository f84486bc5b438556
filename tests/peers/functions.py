#!/usr/bin/env python3
"""Measures native functions behind Samovar's Invoke API beside others', in one run, with one client
and one binary; prints Markdown.

    tests/peers/functions.py                        # builds Samovar, the load generator, the function
    tests/peers/functions.py --samovar target/release/samovar --load target/release/examples/load

See README.md beside this file for what the numbers mean.
"""

import concurrent.futures
import contextlib
import functools
import http.client
import statistics
import sys
import time
from pathlib import Path

import invokers
import measure
import queues
import servers

CLIENTS = (1, 16, 64)
OWN = "Samovar"
TITLE = "calls a second (median, 99th percentile, processor time of server and functions)"
REFERENCE = "cargo lambda watch"
CEILING = "nothing between"
# How many environments have to be there before the measurement of idle ones begins.
IDLE = 100


def main():
    options = arguments()
    generator = options.load or queues.build("--package", "samovar-api", "--example", "load")
    binary = options.samovar or queues.build("--package", "samovar", "--bin", "samovar")
    queues.print_machine(binary)
    print(f"- {options.seconds:g} s a cell, after 1 s that is not counted\n")
    starts = {OWN: lambda: invokers.samovar(binary)} | {
        name: invokers.PEERS[name] for name in options.peers
    } | {CEILING: invokers.bare}
    rows = {}
    for name, start in starts.items():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        try:
            with start() as server:
                called = functools.partial(measure.requests, name, server, generator)
                rows[name] = called(
                    server.url, invokers.FUNCTION, "invoke", CLIENTS, options.seconds)
                if name == OWN:
                    rows[f"{OWN}, by its HTTP API"] = called(
                        server.gateway, "/hello?name=Ada", "get", CLIENTS, options.seconds)
        except (servers.Missing, measure.Failed, OSError) as error:
            print(f"not measured: {name}: {error}", file=sys.stderr)
    measure.print_table(TITLE, CLIENTS, REFERENCE, rows)
    with invokers.samovar(binary) as server:
        print(f"\n- 64 calls at once of a function that sleeps 1 s, from no environment: all done "
              f"after {parallel(server, 64):.2f} s")
        print(f"- {IDLE} idle environments: {idle_cpu(server):.2f} % of a core over 10 s")
        bare, cold = cold_starts(server)
        print(f"- Cold start: first answer {1000 * cold:.1f} ms after the call; the same binary alone, "
              f"from spawn to its first answer over a bare Runtime API, {1000 * bare:.1f} ms (medians)")


def arguments():
    parser = queues.parser(__doc__)
    parser.add_argument("--peers", nargs="*", default=list(invokers.PEERS),
                        choices=invokers.PEERS, help="which to measure beside it [default: all]")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    return queues.parsed(parser)


def call(server, function, event):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", f"/2015-03-31/functions/{function}/invocations", event)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200 or response.getheader("x-amz-function-error"):
            raise measure.Failed(f"{function}: {response.status}: {body[:200]!r}")
        return body


def parallel(server, calls):
    """Seconds until so many calls of a function that sleeps for one second are done."""
    with concurrent.futures.ThreadPoolExecutor(calls) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: call(server, invokers.SLEEPER, '{"ms": 1000}'), range(calls)))
        return time.perf_counter() - began


def idle_cpu(server):
    """Per cent of a core that Samovar and its environments use when nobody calls."""
    with concurrent.futures.ThreadPoolExecutor(IDLE) as pool:
        list(pool.map(lambda _: call(server, invokers.SLEEPER, '{"ms": 2000}'), range(IDLE)))
    time.sleep(2)
    before = measure.cpu_seconds(server.process.pid)
    time.sleep(10)
    return 100 * (measure.cpu_seconds(server.process.pid) - before) / 10


def cold_starts(server, rounds=20):
    """Medians in seconds: the binary alone, and a function that has no environment yet."""
    bare = statistics.median(invokers.bare_start() for _ in range(rounds))
    cold = []
    for number in range(rounds):
        began = time.perf_counter()
        call(server, f"Cold{number}", '{"name": "Ada"}')
        cold.append(time.perf_counter() - began)
    return bare, statistics.median(cold)


if __name__ == "__main__":
    main()
