#!/usr/bin/env python3
"""Measures WASM functions behind Samovar's gateway beside other hosts of the same component, in one
run, with one client; prints Markdown.

    tests/peers/isolates.py                         # builds Samovar, the client, the functions
    tests/peers/isolates.py --samovar target/release/samovar --load target/release/examples/load

See README.md beside this file for what the numbers mean.
"""

import sys
import tempfile
from pathlib import Path

import hosts
import measure
import queues
import servers
import thumbnails

CLIENTS = (1, 16, 64)
TITLE = "requests a second (median, 99th percentile, processor time of the server)"
REFERENCE = "wasmtime serve"

def main():
    options = arguments()
    many = options.functions
    generator = options.load or queues.build("--package", "samovar-api", "--example", "load")
    binary = options.samovar or queues.build("--package", "samovar", "--bin", "samovar")
    event, http = hosts.component("hello", "hello"), hosts.component("test-functions", "http-greeter")
    queues.print_machine(binary)
    print(f"- {options.seconds:g} s a cell, {options.rounds} round(s), each after 1 s that is not counted\n")
    with tempfile.TemporaryDirectory(prefix="samovar-peers-") as folder:
        application = hosts.application(Path(folder), event, http, many)
        samovar = lambda: hosts.samovar(binary, application)
        runs = [
            ("Samovar, own world", samovar, "/event?name=Ada"),
            ("Samovar, `wasi:http`", samovar, "/http?name=Ada"),
            (f"Samovar, {many} functions in turn, own world", samovar, f"/event/{{{many}}}?name=Ada"),
            (f"Samovar, {many} functions in turn, `wasi:http`", samovar, f"/http/{{{many}}}?name=Ada"),
        ] + [(name, start, "/?name=Ada") for name, start in hosts.peers(http, options.peers)]
        rows = {name: [] for name, _, _ in runs}
        for _ in range(options.rounds):
            for name, start, path in runs:
                print(f"measuring {name}", file=sys.stderr, flush=True)
                try:
                    with start() as server:
                        rows[name].append(measure.requests(
                            name, server, generator, server.url, path, "get", CLIENTS, options.seconds))
                except (servers.Missing, measure.Failed, OSError) as error:
                    print(f"not measured: {name}: {error}", file=sys.stderr)
    middles = {name: best(rounds) for name, rounds in rows.items() if rounds}
    measure.print_table(TITLE, CLIENTS, REFERENCE, middles)
    print("measuring thumbnails", file=sys.stderr, flush=True)
    isolate, native = thumbnails.measured(binary)
    print(f"\n- Thumbnail of a picture of {thumbnails.WIDTH} by {thumbnails.HEIGHT}: {1000 * isolate:.1f} ms "
          f"in an isolate, {1000 * native:.1f} ms native ({isolate / native:.2f}×; medians)")


def arguments():
    parser = queues.parser(__doc__)
    parser.add_argument("--peers", nargs="*", default=list(hosts.PEERS), choices=hosts.PEERS,
                        help="which to measure beside it [default: all]")
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--functions", type=int, default=200, help="that are called in turn, of "
                        "each kind; each a component of its own, compiled at the first start")
    parser.add_argument("--rounds", type=int, default=1,
                        help="of all; those in the middle are shown [default: 1]")
    return queues.parsed(parser)


def best(rounds):
    """Of each cell the round in the middle, by requests a second."""
    cells = zip(*rounds)
    middle = lambda cell: sorted(cell)[len(cell) // 2] if cell else None
    return [middle([round for round in cell if round is not None]) for cell in cells]


if __name__ == "__main__":
    main()
