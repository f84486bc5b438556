"""What is measured: messages a second by the load generator, the disk's own speed, and the way
from a queue through a function."""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BODY_BYTES = 256
# What the example's greeting needs is a name; the rest fills the body up.
EVENT = json.dumps({"name": "Ada"}).ljust(BODY_BYTES)


class Failed(Exception):
    """A measurement that came to nothing; the text says why."""


class Sqs:
    """One connection that speaks SQS's JSON protocol."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def act(self, action, **document):
        """The output of an action; an error of the service fails the measurement."""
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
            # Some servers read region and service out of it; none verifies it.
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request,"
            " SignedHeaders=host, Signature=0",
        }
        self.connection.request("POST", "/", json.dumps(document), headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise Failed(f"{action}: {response.status}: {body[:200].decode(errors='replace')}")
        return json.loads(body) if body else {}

    def queue(self, name):
        """The URL of a queue, made if it is not there."""
        return self.act("CreateQueue", QueueName=name)["QueueUrl"]

    def waiting(self, url):
        """How many messages are in a queue, in whatever state."""
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        output = self.act("GetQueueAttributes", QueueUrl=url, AttributeNames=names)
        return sum(int(output["Attributes"][name]) for name in names)


def load(generator, endpoint, subject, work, clients, seconds, messages=None):
    """Lets the load generator work for so long, or until so many messages are done; its tally. The
    subject is a queue's URL, a function, or a path."""
    command = [str(generator), endpoint, subject, work, str(clients), str(seconds)]
    command += [] if messages is None else [str(messages)]
    try:
        # A slow server may need its time for the requests that are on their way.
        limit = seconds + 90
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{work} with {clients} clients did not end")
    if done.returncode != 0:
        reason = done.stderr.strip() or f"status {done.returncode}"
        raise Failed(f"{work} with {clients} clients: {reason}")
    return json.loads(done.stdout)


def rate(tally):
    """Messages a second of a tally."""
    return tally["messages"] / tally["seconds"] if tally["seconds"] else 0.0


def cpu_seconds(session):
    """Of all processes in a session and of their descendants."""
    parents, times = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(folder.name)] = int(fields[1])
                times[int(folder.name)] = int(fields[11]) + int(fields[12])
    def belongs(pid):
        while pid > 1:
            if pid == session:
                return True
            pid = parents.get(pid, 0)
        return False
    return sum(spent for pid, spent in times.items() if belongs(pid)) / os.sysconf("SC_CLK_TCK")


def requests(name, server, generator, endpoint, subject, work, clients, seconds):
    """For each number of clients, after a second that is not counted: requests a second, median and
    99th percentile in microseconds, microseconds of processor time that the server and all that it
    started took for a request. None where that failed, which is said."""
    row = []
    for count in clients:
        try:
            load(generator, endpoint, subject, work, count, 1)
            before = cpu_seconds(server.process.pid)
            tally = load(generator, endpoint, subject, work, count, seconds)
            spent = cpu_seconds(server.process.pid) - before
            row.append((rate(tally), tally["p50_us"], tally["p99_us"],
                        1e6 * spent / max(tally["requests"], 1)))
        except Failed as error:
            print(f"{name}: {error}", file=sys.stderr)
            row.append(None)
    return row


def print_table(title, clients, reference, rows):
    """A row for each server, with a cell for each number of clients: how many a second, with the
    ratio to the reference, median and 99th percentile, given in microseconds, and the processor
    time of the server for each."""
    others = rows.get(reference, [None] * len(clients))
    titles = " | ".join(f"{count} client{'s' * (count > 1)}" for count in clients)
    print(f"| {title} | {titles} |")
    print("|---|" + "---:|" * len(clients))
    for name, row in rows.items():
        cells = [_cell(own, other) for own, other in zip(row, others)]
        print(f"| {name} | " + " | ".join(cells) + " |")


def _cell(own, other):
    if own is None:
        return "failed"
    each, median, p99, spent = own
    ratio = f" ({each / other[0]:.2f}×)" if other else ""
    return f"{each:,.0f}{ratio}, {median / 1000:.2f} ms, {p99 / 1000:.1f} ms, {spent:.0f} µs"


def fdatasync_rate(disk):
    """How often a second the disk takes a small write: what one client that waits for each of its
    messages to be on the disk cannot exceed."""
    with tempfile.NamedTemporaryFile(prefix="samovar-peers-", dir=disk) as file:
        writes, start = 0, time.perf_counter()
        while (took := time.perf_counter() - start) < 1:
            os.write(file.fileno(), b"x" * BODY_BYTES)
            os.fdatasync(file.fileno())
            writes += 1
    return writes / took


def through_function(generator, server, seconds):
    """Messages a second from a queue through a function, in batches of ten: the queue is filled
    while the function works, and the clock stops when it is empty."""
    sqs = Sqs(server)
    url = sqs.queue("work")
    start = time.perf_counter()
    sent = load(generator, server.url, url, "send-batch", 8, seconds)["messages"]
    limit = time.monotonic() + 20 * seconds + 60
    while (left := sqs.waiting(url)) > 0:
        if time.monotonic() > limit:
            raise Failed(f"{left} of {sent} messages were not handled in time")
        time.sleep(0.02)
    return sent / (time.perf_counter() - start)


def idle_latency(server, rounds):
    """Milliseconds from sending a message to an idle queue until its function has run and its
    line is printed, and until the send is answered: medians and the former's 99th percentile."""
    sqs = Sqs(server)
    url = sqs.queue("work")
    done, answered = [], []
    for _ in range(rounds):
        time.sleep(0.05)
        with server.printed:
            server.lines.clear()
        sent = time.perf_counter()
        sqs.act("SendMessage", QueueUrl=url, MessageBody=EVENT)
        answered.append(time.perf_counter() - sent)
        with server.printed:
            if not server.printed.wait_for(lambda: _ran(server), timeout=30):
                raise Failed("a message to an idle queue did not reach its function")
            done.append(_ran(server) - sent)
    done.sort()
    p99 = done[min(len(done) - 1, len(done) * 99 // 100)]
    return tuple(1000 * value for value in (statistics.median(done), p99, statistics.median(answered)))


def _ran(server):
    """When the line of an invocation of Hello was printed, if it was."""
    return next((at for at, line in server.lines if " Hello " in line and "│" not in line), None)
