"""Two builds of the program under the same load in turn: whether a change costs anything.

    python3 benches/versions.py BEFORE AFTER [--only away,forwarded,embedded,questions,import,drain] [--rounds N]

BEFORE and AFTER are two `shopfunnel` programs, each built with `cargo build --release`. Wants `wrk`, and a
machine on which nothing else runs. Absolute figures are noise; the ratio of each round is what is compared.
"""

import argparse
import json
import os
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

WRK_SCRIPT = Path(__file__).parent / "ingest" / "visits.lua"
CONNECTIONS = 64
SECONDS = 8
PATIENCE = 180
EVENTS = 512
PRODUCTS = "longjing tieguanyin dahongpao pu-er bai-mudan keemun jasmine lapsang".split()
REFERRERS = [
    "https://www.google.com/",
    "https://www.xiaohongshu.com/explore",
    "https://mail.example.org/campaigns/autumn",
    "https://tea-house.example/collections/green",
]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
# Nothing listens on the discard port: events stay in the spool.
AWAY = {"SHOPFUNNEL_CLICKHOUSE__URL": "http://127.0.0.1:9"}
PAST_EVENTS = 400_000


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Version:
    """One build and an installation of its own."""

    def __init__(self, program, directory, environment):
        self.program, self.directory = str(Path(program).resolve()), directory
        directory.mkdir()
        self.port, self.admin = free_port(), free_port()
        self.environment = {
            **os.environ,
            "SHOPFUNNEL_DATA_DIR": str(directory / "data"),
            "SHOPFUNNEL_LISTEN": f"127.0.0.1:{self.port}",
            "SHOPFUNNEL_ADMIN_LISTEN": f"127.0.0.1:{self.admin}",
            "SHOPFUNNEL_SPOOL__MAX_BYTES": str(40 << 30),
            "SHOPFUNNEL_LIMITS__SHOP_REQUESTS": "10000000",
            "SHOPFUNNEL_GEO__DATABASE": "",
        }
        new = "shop add --name Tea --slug tea --time-zone Asia/Shanghai --currency CNY --json"
        self.keys = json.loads(self.run(*new.split()))
        self.environment |= environment
        log = open(directory / "log", "w")
        self.started = {"env": self.environment, "cwd": directory, "stdout": log, "stderr": log}
        self.turn = 0
        self.begin()

    def run(self, *arguments):
        command = [self.program, *arguments]
        run = {"env": self.environment, "cwd": self.directory, "check": True, "capture_output": True}
        return subprocess.run(command, **run).stdout

    def until(self, holds):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if holds():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit(f"{self.program}: waited in vain\n{(self.directory / 'log').read_text()}")

    def metric(self, name):
        url = f"http://127.0.0.1:{self.admin}/metrics"
        text = urllib.request.urlopen(url, timeout=30).read().decode()
        found = re.search(rf"^shopfunnel_{name} (\S+)", text, re.MULTILINE)
        return found and float(found.group(1))

    def visits(self, forwarded):
        """Requests for visits.lua; the bytes 1, 2, 3 stand for a number, a visitor and an address."""
        self.turn += 1
        now, run = int(time.time() * 1000), random.randrange(0x1000)
        for event in range(EVENTS):
            product, referrer = PRODUCTS[event % 8], REFERRERS[event // 8 % 4]
            body = (
                f'{{"shop":"{self.keys["public_key"]}","kind":"visit",'
                f'"id":"{now >> 16:08x}-{now & 0xFFFF:04x}-7{self.turn:03x}-8{run:03x}-\x01",'
                f'"visitor":"018f3c2a-77b1-7d4e-9a51-5e0c7ab\x02",'
                f'"url":"https://tea-house.example/products/{product}-{event:03}'
                f'?utm_source=newsletter&utm_campaign=autumn","referrer":"{referrer}",'
                f'"title":"{product} 2026 · Tea House · Hangzhou"}}'
            )
            address = "X-Forwarded-For: \x03\r\n" if forwarded else ""
            # A slot stands for more bytes than it has here.
            length = len(body.encode()) + 11 + 4
            yield (
                f"POST /e HTTP/1.1\r\nHost: stats.tea-house.example\r\nUser-Agent: {BROWSER}\r\n"
                f"Origin: https://tea-house.example\r\n{address}Content-Type: text/plain;charset=UTF-8\r\n"
                f"Content-Length: {length}\r\n\r\n{body}"
            )

    def load(self, forwarded, ships):
        """Durable events a second, p99 in ms, processor time of the tracker for each event in µs."""
        requests = self.directory / "visits"
        requests.write_bytes("\x04".join(self.visits(forwarded)).encode())
        busy = self.cpu_seconds()
        wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(WRK_SCRIPT)]
        wrk += [f"http://127.0.0.1:{self.port}", "--", str(requests)]
        told = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
        sent, took_us, _, p99_us, refused, broken = map(
            int, re.search(r"figures (.*)", told).group(1).split()
        )
        assert refused == broken == 0, told
        busy = self.cpu_seconds() - busy
        if ships:
            count = lambda what: self.metric(f"events_{what}_total")
            self.until(lambda: count("shipped") >= count("accepted"))
        return sent / took_us * 1e6, p99_us / 1e3, busy / sent * 1e6

    def cpu_seconds(self):
        return cpu_seconds_of(self.server.pid)

    def engine_cpu_seconds(self):
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        return sum(cpu_seconds_of(pid) for pid in children)

    def begin(self):
        """Starts the server, and waits until it answers."""
        self.server = subprocess.Popen([self.program, "serve"], **self.started)
        self.until(lambda: self.metric("events_accepted_total") is not None)

    def bytes_stored(self):
        """Of all tables."""
        parts = list((self.directory / "data/engine").rglob("store/*/*/*_*_*_*"))
        active = [part for part in parts if part.is_dir()]
        return sum(file.stat().st_size for part in active for file in part.rglob("*") if file.is_file())

    def import_past(self, path):
        """Events a second of an import, and processor time of ClickHouse and of the tracker in µs an event."""
        engine, tracker, began = self.engine_cpu_seconds(), self.cpu_seconds(), time.monotonic()
        self.run("import", "events", str(path), "--shop", "tea")
        took = time.monotonic() - began
        return (
            PAST_EVENTS / took,
            (self.engine_cpu_seconds() - engine) / PAST_EVENTS * 1e6,
            (self.cpu_seconds() - tracker) / PAST_EVENTS * 1e6,
        )

    def drain(self):
        """The same of a backlog that waits when the server starts."""
        self.stop()
        self.begin_with(AWAY)
        self.load(False, False)
        waiting = self.metric("events_accepted_total")
        self.stop()
        self.begin_with({})
        began, tracker, engine = time.monotonic(), self.cpu_seconds(), self.engine_cpu_seconds()
        self.until(lambda: self.metric("events_shipped_total") >= waiting)
        took = time.monotonic() - began
        return (
            waiting / took,
            (self.engine_cpu_seconds() - engine) / waiting * 1e6,
            (self.cpu_seconds() - tracker) / waiting * 1e6,
        )

    def begin_with(self, environment):
        self.started = self.started | {"env": self.environment | environment}
        self.begin()

    def ask(self, query):
        """Milliseconds of one answer."""
        headers = {"Authorization": f"Bearer {self.keys['read_key']}"}
        url = f"http://127.0.0.1:{self.port}/v1/shops/tea/funnel?{query}"
        began = time.perf_counter()
        urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read()
        return (time.perf_counter() - began) * 1e3

    def stop(self):
        self.server.terminate()
        self.server.wait()


def cpu_seconds_of(pid):
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def in_turn(before, after, rounds, measure):
    """What both gave in each round; who is first changes."""
    for number in range(rounds):
        order = (before, after) if number % 2 == 0 else (after, before)
        given = {version: measure(version) for version in order}
        yield given[before], given[after]


def show(name, found):
    """The row of a load: the middle of the three figures of both, and the ratio of the first."""
    ratios = sorted(new[0] / old[0] for old, new in found)
    middle = lambda which, place: statistics.median(pair[which][place] for pair in found)
    print(
        f"| {name} | {middle(0, 0):.0f} / {middle(1, 0):.0f} | {middle(0, 1):.1f} / {middle(1, 1):.1f} "
        f"| {middle(0, 2):.1f} / {middle(1, 2):.1f} "
        f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) |",
        flush=True,
    )


def ingest(before, after, rounds, forwarded, ships, name):
    for version in (before, after):
        version.load(forwarded, ships)
    found = list(in_turn(before, after, rounds, lambda version: version.load(forwarded, ships)))
    show(name, found)


def past(path, seed=3):
    """A month of a shop, the same at every call with a seed, and with another seed of other visitors."""
    chance, now, count = random.Random(seed), datetime.now(timezone.utc), 0
    with open(path, "w") as out:
        while count < PAST_EVENTS:
            visitor = f"v{seed}-{chance.randrange(PAST_EVENTS // 12)}"
            at = now - timedelta(days=chance.randrange(30), seconds=chance.randrange(80_000))
            source = chance.choice(["", "?utm_source=a", "?utm_source=b", "?utm_source=c"])
            for step in range(chance.randint(1, 6)):
                count += 1
                event = {
                    "kind": chance.choices(["visit", "cart", "inquiry", "order"], [70, 12, 10, 5])[0],
                    "visitor": visitor,
                    "at": (at + timedelta(seconds=step)).isoformat(),
                    "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                    "url": f"https://t.example/p{chance.randrange(40)}{source}",
                }
                if event["kind"] == "order":
                    event |= {"order_id": f"o{count}", "amount": "5.00"}
                out.write(json.dumps(event) + "\n")


def questions(before, after, rounds, directory):
    file = directory / "past"
    past(file)
    for version in (before, after):
        version.run("import", "events", str(file), "--shop", "tea")
    today = datetime.now(timezone.utc)
    window = f"from={today - timedelta(days=29):%Y-%m-%d}&to={today:%Y-%m-%d}"
    for name, more in [
        ("30 days", ""),
        ("daily series", "&interval=day"),
        ("by source", "&breakdown=source"),
        ("two filters", "&source=a&device=desktop"),
    ]:
        ask = lambda version: version.ask(window + more)
        for version in (before, after):
            ask(version)
        found = list(in_turn(before, after, 20 * rounds, ask))
        old, new = (statistics.median(pair[which] for pair in found) for which in (0, 1))
        ratio = statistics.median(new / old for old, new in found)
        print(f"| {name} | {old:.1f} / {new:.1f} | {ratio:.2f} |", flush=True)


def written(before, after, rounds, directory, name):
    """How fast events come into the store: of imports, each of other events, or of a backlog."""

    def measure(version):
        if name == "drain":
            return version.drain()
        file = directory / "past"
        past(file, random.randrange(1 << 30))
        return version.import_past(file)

    found = list(in_turn(before, after, rounds, measure))
    show(name, found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--only", default="away,forwarded,embedded,questions")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print("| load | events/s | p99 ms | µs of the tracker's processor | ratio (of single rounds) |")
    print("|---|---|---|---|---|")
    for part in asked.only.split(","):
        with tempfile.TemporaryDirectory(prefix="shopfunnel-versions-") as place:
            place = Path(place)
            environment = AWAY if part in ("away", "forwarded") else {}
            before = Version(asked.before, place / "before", environment)
            after = Version(asked.after, place / "after", environment)
            if part in ("import", "drain"):
                print("\n| load | events/s | µs of ClickHouse's processor | µs of the tracker's | ratio |")
                print("|---|---|---|---|---|")
                written(before, after, asked.rounds, place, part)
            elif part == "questions":
                print("\n| question | ms | ratio |\n|---|---|---|")
                questions(before, after, asked.rounds, place)
            else:
                ingest(before, after, asked.rounds, part != "away", part == "embedded", part)
            before.stop()
            after.stop()


if __name__ == "__main__":
    main()
