"""A data directory of an earlier version becomes this version's, and keeps every figure.

Builds the earlier version from its commit, has it take some weeks of a shop, kills it, and starts this version on what it left; the first
starts are killed in their middle. Then every report must be what the earlier version said, and the ledger must prove right.

    python3 tests/upgrade/run.py [--commit COMMIT] [--events N]

With `--events` the shop's past is imported, N events of it; both versions are built for speed, and the new one is killed every
20 seconds until all of it is in the figures.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Before the engine had a token, views their checksums and values their bounds.
EARLIER = "fd4f3d4"
WORK = ROOT / "target" / "upgrade"
KILLS = 6
KILL_EVERY = 20
FOLDERS = {"dev": "debug", "release": "release"}
# More than one client may bring in a day: all of them must be known from before.
PAGES = [f"page-{number}" for number in range(60)]
PATIENCE = 60
DIMENSIONS = (
    "source medium campaign device browser os country region city landing agent channel product variant customer_type"
).split()
# What says when an answer was made, not what it says.
MOMENTS = {"fresh_until", "restated_at", "now", "age_days", "next_cursor"}


def built(commit, profile):
    """The program of an earlier commit."""
    tree = WORK / commit
    if not tree.exists():
        subprocess.run(["git", "worktree", "prune"], cwd=ROOT, check=True)
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), commit], cwd=ROOT, check=True)
    target = WORK / "build"
    subprocess.run(
        ["cargo", "build", "--profile", profile, "--target-dir", str(target)], cwd=tree, check=True
    )
    return target / FOLDERS[profile] / "shopfunnel"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Shop:
    """An installation in a directory, run by one program or another."""

    def __init__(self, directory):
        self.directory, self.port, self.admin = directory, free_port(), free_port()
        self.environment = {
            **os.environ,
            "SHOPFUNNEL_DATA_DIR": str(directory / "data"),
            "SHOPFUNNEL_LISTEN": f"127.0.0.1:{self.port}",
            "SHOPFUNNEL_ADMIN_LISTEN": f"127.0.0.1:{self.admin}",
            "SHOPFUNNEL_GEO__DATABASE": "",
        }
        self.server = None

    def run(self, program, *arguments):
        done = subprocess.run(
            [program, *arguments], env=self.environment, cwd=self.directory, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def launch(self, program):
        log = open(self.directory / "log", "a")
        self.server = subprocess.Popen(
            [program, "serve"], env=self.environment, cwd=self.directory, stdout=log, stderr=log
        )

    def serve(self, program):
        self.launch(program)
        self.until("the server answers", lambda: self.ready()["ready"])

    def kill(self, how=signal.SIGKILL):
        self.server.send_signal(how)
        self.server.wait()

    def until(self, what, holds):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if holds():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            if self.server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"waited in vain until {what}\n{(self.directory / 'log').read_text()[-3000:]}")
            time.sleep(0.05)

    def ready(self):
        return self.get(f"http://127.0.0.1:{self.admin}/readyz")

    def get(self, url, key=None):
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def send(self, keys, events):
        for first in range(0, len(events), 500):
            body = json.dumps(events[first : first + 500]).encode()
            headers = {"Authorization": f"Bearer {keys['secret_key']}", "Content-Type": "application/json"}
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/v1/events", data=body, headers=headers
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                told = json.load(answer)
                assert told["accepted"] == len(json.loads(body)), told

    def browse(self, keys, events):
        """Sends events as a page of one client somewhere else does."""
        body = json.dumps({"shop": keys["public_key"], "events": events}).encode()
        headers = {
            "Content-Type": "text/plain",
            "X-Forwarded-For": "203.0.113.7",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        }
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/e", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = json.load(answer)
            assert told["accepted"] == len(events), told

    def reports(self, keys, since, until):
        """Everything that the shop's reports say of these days, without the moments at which they say it."""
        ask = lambda report: without_moments(
            self.get(f"http://127.0.0.1:{self.port}/v1/shops/tea/{report}", keys["read_key"])
        )
        window = f"from={since:%Y-%m-%d}&to={until:%Y-%m-%d}"
        reports = [
            f"funnel?{window}&interval=day&compare=previous",
            f"cohorts?{window}",
            f"orders?{window}",
            f"inquiries/lost?{window}",
        ]
        reports += [f"funnel?{window}&breakdown={dimension}" for dimension in DIMENSIONS]
        return {report: ask(report) for report in reports}

    def fresh_until(self, keys):
        """Until when what arrived is in the figures, in seconds since 1970."""
        answer = self.get(f"http://127.0.0.1:{self.port}/v1/shops/tea/funnel", keys["read_key"])
        return datetime.fromisoformat(answer["fresh_until"].replace("Z", "+00:00")).timestamp()

    def settled(self, keys):
        asked = time.time()
        self.until("every event is in the figures", lambda: self.fresh_until(keys) >= asked)


def past(path, count, chance, now):
    """A month of a shop with `count` events, as lines of a file."""
    sources = ["", "?utm_source=news&utm_campaign=tea", "?utm_source=ads"]
    visitors = max(1, count // 12)
    with open(path, "w") as out:
        for number in range(count):
            visitor = chance.randrange(visitors)
            # Each visitor's events lie on few days.
            day = (visitor * 7919 + chance.randrange(3) * 11) % 30
            # An hour ago at least: nobody who may still come back becomes bounced meanwhile.
            at = int(
                (now - timedelta(days=day, hours=1, seconds=chance.randrange(60_000))).timestamp() * 1000
            )
            ident = uuid.UUID(int=chance.getrandbits(128), version=4)
            kind = "visit" if number % 10 < 7 else ("cart", "inquiry", "order")[number % 10 - 7]
            more = ""
            if kind == "order":
                more = f',"order_id":"o{number // 20}","amount":"{number % 900}.50"'
            elif kind == "inquiry":
                more = f',"agent":"{("Anna", "Wei")[visitor % 2]}","channel":"web"'
            out.write(
                f'{{"kind":"{kind}","visitor":"v{visitor}","at":{at},"id":"{ident}"'
                f',"url":"https://shop.example/{PAGES[visitor % 60]}/{sources[number % 3]}"{more}}}\n'
            )


def survive(shop, program, keys):
    """Starts the program again and again until everything is in the figures; the seconds that it took."""
    began = time.monotonic()
    while True:
        shop.launch(program)
        # Later than a start says of itself before it has looked.
        asked = time.time() + 2
        until = time.monotonic() + KILL_EVERY
        while time.monotonic() < until:
            try:
                if shop.fresh_until(keys) >= asked:
                    return time.monotonic() - began
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            if shop.server.poll() is not None:
                sys.exit(f"the start ended\n{(shop.directory / 'log').read_text()[-3000:]}")
            time.sleep(0.2)
        shop.kill()


def without_moments(value):
    if isinstance(value, dict):
        return {name: without_moments(part) for name, part in value.items() if name not in MOMENTS}
    return [without_moments(part) for part in value] if isinstance(value, list) else value


def life(chance, now):
    """Some weeks of a shop: visitors who come back, ask, order, pay, send back."""
    events = []

    def tell(kind, visitor, at, **more):
        ident = uuid.UUID(int=chance.getrandbits(128), version=4)
        events.append({"kind": kind, "visitor": visitor, "at": at.isoformat(), "id": str(ident), **more})

    for number in range(400):
        visitor = f"v{number}"
        for _ in range(chance.randint(1, 3)):
            at = now - timedelta(days=chance.randint(1, 40), minutes=chance.randint(0, 1_000))
            source = chance.choice(["", "?utm_source=news&utm_campaign=tea", "?utm_source=ads"])
            for step in range(chance.randint(1, 4)):
                tell(
                    "visit",
                    visitor,
                    at + timedelta(minutes=step),
                    url=f"https://shop.example/{chance.choice(PAGES)}/{source}",
                )
            if chance.random() < 0.4:
                tell(
                    "inquiry",
                    visitor,
                    at + timedelta(minutes=5),
                    agent=chance.choice(["Anna", "Wei"]),
                    channel="web",
                )
            if chance.random() < 0.4:
                order = f"o{len(events)}"
                amount = f"{chance.randint(1, 900)}.50"
                tell(
                    "order",
                    visitor,
                    at + timedelta(minutes=9),
                    order_id=order,
                    amount=amount,
                    product=chance.choice(["oolong", "puer"]),
                )
                if chance.random() < 0.7:
                    tell(
                        "payment", visitor, at + timedelta(minutes=11), order_id=order, payment_id=f"p{order}"
                    )
                if chance.random() < 0.1:
                    tell("refund", visitor, at + timedelta(days=1), order_id=order, amount="1")
    return events


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--commit", default=EARLIER)
    parser.add_argument("--events", type=int, default=0)
    asked = parser.parse_args()
    profile = "release" if asked.events else "dev"
    earlier = built(asked.commit, profile)
    subprocess.run(["cargo", "build", "--profile", profile], cwd=ROOT, check=True)
    present = ROOT / "target" / FOLDERS[profile] / "shopfunnel"
    how = f"{KILLS} starts killed"
    chance = random.Random(7)
    now = datetime.now(timezone.utc)
    with tempfile.TemporaryDirectory(prefix="shopfunnel-upgrade-") as place:
        shop = Shop(Path(place))
        new = "shop add --name Tea --slug tea --time-zone Asia/Shanghai --currency CNY --json"
        keys = json.loads(shop.run(earlier, *new.split()))
        shop.serve(earlier)
        if asked.events:
            past(shop.directory / "past", asked.events, chance, now)
            shop.run(earlier, "import", "events", "past", "--shop", "tea")
            global PATIENCE
            PATIENCE = 3600
        else:
            shop.send(keys, life(chance, now))
        shop.settled(keys)
        since, until = now - timedelta(days=45), now + timedelta(hours=8)
        said = shop.reports(keys, since, until)
        shop.kill()
        if asked.events:
            how = f"killed every {KILL_EVERY} s, in the figures after {survive(shop, present, keys):.0f} s"
        else:
            for number in range(KILLS):
                shop.launch(present)
                time.sleep(0.15 + number * 0.25)
                shop.kill()
            shop.serve(present)
        shop.settled(keys)
        says = shop.reports(keys, since, until)
        wrong = [report for report in said if differences(says[report], said[report])]
        proved = shop.run(present, "ledger", "verify", "--shop", "tea")
        shop.browse(
            keys,
            [
                {"kind": "visit", "visitor": f"new-{page}", "url": f"https://shop.example/{page}/"}
                for page in PAGES
            ],
        )
        shop.settled(keys)
        today = f"from={until:%Y-%m-%d}&to={until:%Y-%m-%d}"
        landings = shop.get(
            f"http://127.0.0.1:{shop.port}/v1/shops/tea/funnel?{today}&breakdown=landing", keys["read_key"]
        )
        unknown = [group for group in landings["groups"] if group["value"] == "(other)"]
        assert len(landings["groups"]) >= len(PAGES) and not unknown, landings["groups"][:3]
        shop.kill(signal.SIGTERM)
    for report in wrong:
        print(report, *differences(says[report], said[report]), sep="\n  ")
    print(f"upgrade: {len(said)} reports, {len(wrong)} differ; {how}; {proved.strip()}")
    sys.exit(1 if wrong else 0)


def differences(new, old, path=""):
    """Where the new answer lacks something of the old one, at most a few places; fields may have been added."""
    if isinstance(old, dict) and isinstance(new, dict):
        parts = [(new.get(name), part, f"{path}.{name}") for name, part in old.items()]
    elif isinstance(old, list) and isinstance(new, list) and len(new) == len(old):
        parts = [(new[number], part, f"{path}[{number}]") for number, part in enumerate(old)]
    else:
        return [] if new == old else [f"{path}: {json.dumps(old)[:200]} became {json.dumps(new)[:200]}"]
    return [told for part in parts for told in differences(*part)][:10]


if __name__ == "__main__":
    main()
