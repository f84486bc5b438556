#!/usr/bin/env python3
"""Measures Samovar's queues beside others', in one run, with one client; prints Markdown.

    tests/peers/queues.py                           # builds Samovar and the load generator
    tests/peers/queues.py --samovar target/release/samovar --load target/release/examples/load

See README.md beside this file for what the numbers mean.
"""

import argparse
import contextlib
import functools
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import measure
import servers

ROOT = Path(__file__).resolve().parents[2]

# Title, work of the load generator, clients.
COLUMNS = [
    ("send, 8 clients", "send", 8),
    ("send, 64 clients", "send", 64),
    ("send by tens, 8 clients", "send-batch", 8),
    ("receive and delete by tens, 8 clients", "drain", 8),
]
REFERENCE = "fauxqs"
DURABLE = "Samovar"
# Messages in the queue that receives begin with: the same for all servers, as some slow down with
# it. What a server does not take within FILL_SECONDS is not waited for.
BACKLOG = 50_000
FILL_SECONDS = 20


def main():
    options = arguments()
    generator = options.load or build("--package", "samovar-api", "--example", "load")
    binary = options.samovar or build("--package", "samovar", "--bin", "samovar")
    print_machine(binary)
    print(f"- Disk: {measure.fdatasync_rate(options.disk):,.0f} fdatasync a second, one at a time")
    print(f"- {options.seconds:g} s a cell, {options.rounds} round(s), bodies of "
          f"{measure.BODY_BYTES} bytes, AWS JSON 1.0\n")
    samovar = functools.partial(servers.samovar, binary, "queues.yaml", options.disk)
    starts = {DURABLE: samovar, "Samovar --ephemeral": lambda: samovar("--ephemeral")}
    starts |= {name: servers.PEERS[name] for name in options.peers}
    backlogs = {}
    if options.backlog:
        name = f"{DURABLE}, behind {options.backlog:,} messages"
        starts[name], backlogs[name] = samovar, options.backlog
    rounds = {name: [] for name in starts}
    for _ in range(options.rounds):
        for name, start in starts.items():
            row = measured(name, start, generator, options.seconds, backlogs.get(name, 0))
            if row is not None:
                rounds[name].append(row)
    print_table({name: median(rows) for name, rows in rounds.items() if rows}, {DURABLE, *backlogs})
    if options.function:
        print_function(binary, generator, options)


def arguments():
    options = parser(__doc__)
    options.add_argument("--peers", nargs="*", default=list(servers.PEERS), choices=servers.PEERS,
                        help="which to measure beside it [default: all]")
    options.add_argument("--seconds", type=float, default=5, help="of each measurement")
    options.add_argument("--rounds", type=int, default=1,
                        help="of all; medians are shown [default: 1]")
    options.add_argument("--backlog", type=int, default=0,
                        help="measure Samovar once more, with so many messages in each queue")
    options.add_argument("--disk", type=Path, help="where Samovar keeps its state "
                        "[default: the system's folder for temporary files]")
    options.add_argument("--function", action=argparse.BooleanOptionalAction, default=True,
                        help="measure the way through a function too (builds it)")
    return parsed(options)


def parser(documentation):
    """A parser of arguments, with the options for what was built already."""
    made = argparse.ArgumentParser(description=documentation.split("\n\n", maxsplit=1)[0])
    made.add_argument("--samovar", type=Path, help="the binary [default: built]")
    made.add_argument("--load", type=Path, help="the load generator [default: built]")
    return made


def parsed(parser):
    """The arguments of this program; ends it where a file is not there."""
    options = parser.parse_args()
    for name in ("samovar", "load"):
        path = getattr(options, name)
        if path is not None and not path.is_file():
            parser.error(f"--{name}: there is no file {path}")
        # Servers may be started elsewhere.
        setattr(options, name, path and path.resolve())
    return options


def build(*what):
    """A program of the workspace, built for release."""
    command = ["cargo", "build", "--release", *what]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed")
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    folder = "release/examples" if "--example" in what else "release"
    return (ROOT / target / folder / what[-1]).resolve()


def measured(name, start, generator, seconds, backlog):
    """Messages a second for each column, with so many messages in the queue before, or nothing where
    the server cannot be had."""
    print(f"measuring {name}", file=sys.stderr, flush=True)
    try:
        with start() as server:
            sqs = measure.Sqs(server)
            row = []
            for number, (_, work, clients) in enumerate(COLUMNS):
                try:
                    # Each begins with a queue of its own.
                    url = sqs.queue(f"load-{number}")
                    if backlog:
                        measure.load(generator, server.url, url, "send-batch", 64, 600, backlog)
                    elif work == "drain":
                        measure.load(generator, server.url, url, "send-batch", 8, FILL_SECONDS, BACKLOG)
                    tally = measure.load(generator, server.url, url, work, clients, seconds)
                    row.append(measure.rate(tally))
                except measure.Failed as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    row.append(None)
            return row
    except (servers.Missing, measure.Failed, OSError) as error:
        print(f"not measured: {name}: {error}", file=sys.stderr)
        return None


def median(rows):
    """Column by column; what failed once has no median."""
    return [None if None in column else statistics.median(column) for column in zip(*rows)]


def print_machine(binary):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"- Machine: {processor()}, {os.cpu_count()} cores, {platform.system()} "
          f"{platform.release()}; load averages {loads}; {version.stdout.strip()}")


def processor():
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", maxsplit=1)[1].strip()
    return platform.processor() or "unknown processor"


def print_table(rows, kept):
    """Messages a second, with ratios to the reference where that was measured. Those that are `kept`
    have each message on the disk."""
    reference = rows.get(REFERENCE, [None] * len(COLUMNS))
    print("| messages a second | on disk | " + " | ".join(title for title, *_ in COLUMNS) + " |")
    print("|---|---|" + "---:|" * len(COLUMNS))
    for name, row in rows.items():
        cells = [cell(value, of) for value, of in zip(row, reference)]
        durable = "yes" if name in kept else "no"
        print(f"| {name} | {durable} | " + " | ".join(cells) + " |")
    print(flush=True)


def cell(value, reference):
    if value is None:
        return "failed"
    return f"{value:,.0f}" + (f" ({value / reference:.2f}×)" if reference else "")


def print_function(binary, generator, options):
    try:
        with servers.samovar(binary, "function.yaml", options.disk) as server:
            median_ms, p99, answered = measure.idle_latency(server, rounds=200)
            through = measure.through_function(generator, server, options.seconds)
    except (servers.Missing, measure.Failed, OSError) as error:
        sys.exit(f"not measured: the way through a function: {error}")
    print(f"- Queue, function (WASM), deleted: {through:,.0f} messages a second in batches of ten")
    print(f"- Idle queue: a message sent has been handled after {median_ms:.2f} ms (median; 99th "
          f"percentile {p99:.2f} ms); the send alone is answered after {answered:.2f} ms")


if __name__ == "__main__":
    main()
