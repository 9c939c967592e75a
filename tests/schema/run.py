"""Holds the real program against its own API document: schemathesis makes requests of every kind that the document
allows and forbids, with a key and without, and looks for answers that the document does not know.

Bounded for `make test`, and the same at every run; `make schema ARGS="--seed 7 --max-examples 500"` looks longer and
elsewhere.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parents[1] / "target/debug/shopfunnel"
START_TIMEOUT_SECONDS = 60
# Today, so that the figures that are asked for most are not all empty.
EVENTS = [
    {"kind": "visit", "visitor": "a", "url": "https://tea.example/"},
    {"kind": "visit", "visitor": "a", "url": "https://tea.example/longjing"},
    {"kind": "inquiry", "visitor": "a", "agent": "mei", "channel": "web"},
    {"kind": "order", "visitor": "a", "order_id": "1", "amount": "128.00"},
    {"kind": "payment", "order_id": "1", "payment_id": "p1"},
    {"kind": "visit", "visitor": "b"},
    {"kind": "order", "visitor": "c", "order_id": "2", "amount": "5", "currency": "USD"},
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """`shopfunnel serve` on free ports with a data directory of its own and the shop `tea`."""

    def __init__(self, directory):
        self.port = free_port()
        self.directory = pathlib.Path(directory)
        # Requests of this machine are not limited, so limits make no noise here.
        self.environment = os.environ | {
            "SHOPFUNNEL_DATA_DIR": str(self.directory / "data"),
            "SHOPFUNNEL_LISTEN": f"127.0.0.1:{self.port}",
            "SHOPFUNNEL_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
        }

    def __enter__(self):
        self.log = open(self.directory / "log", "w+")
        self.child = subprocess.Popen(
            [PROGRAM, "serve"], cwd=self.directory, env=self.environment, stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not (self.directory / "data/admin.json").exists():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server did not start:\n{self.output()}")
            time.sleep(0.02)
        added = subprocess.run(
            [PROGRAM, "shop", "add", "--name", "Tea", "--slug", "tea", "--time-zone", "Asia/Shanghai"]
            + ["--currency", "CNY", "--json"],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        self.keys = json.loads(added.stdout)
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait()

    def output(self):
        self.log.flush()
        return (self.directory / "log").read_text()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def document(self):
        """Its own document as a file: read from its address, schemathesis would leave that address out."""
        file = self.directory / "openapi.json"
        with urllib.request.urlopen(f"{self.url}/openapi.json") as answer:
            file.write_bytes(answer.read())
        return file

    def send(self, events):
        request = urllib.request.Request(
            f"{self.url}/v1/events",
            json.dumps(events).encode(),
            {"Authorization": f"Bearer {self.keys['secret_key']}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["rejected"] == []


def schemathesis(server, arguments, name, more, environment):
    """One run; whether it found nothing and got past the keys when it has one, and how many cases it made."""
    print(f"schemathesis: {name}, seed {arguments.seed}", flush=True)
    run = subprocess.run(
        [pathlib.Path(sys.executable).with_name("schemathesis")]
        + [
            "--config-file",
            HERE / "schemathesis.toml",
            "run",
            server.document(),
            "--url",
            server.url,
            "--no-color",
        ]
        + ["--seed", str(arguments.seed), "--max-examples", str(arguments.max_examples), *more],
        cwd=server.directory,
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "PYTHONDONTWRITEBYTECODE": "1"}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    cases = re.search(r"^\s+(\d+) generated", run.stdout, re.MULTILINE)
    locked_out = environment and "returned only 401/403" in run.stdout
    if run.returncode != 0 or cases is None or locked_out:
        print(run.stdout)
        return False, 0
    return True, int(cases.group(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-examples", type=int, default=40)
    arguments = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="shopfunnel-schema-") as directory, Server(directory) as server:
        server.send(EVENTS)
        key = ["--header", f"Authorization: Bearer {server.keys['secret_key']}"]
        public_key = {"SHOPFUNNEL_PUBLIC_KEY": server.keys["public_key"]}
        # Nothing but the public addresses accepts anything without a key.
        no_key = ["--exclude-checks", "positive_data_acceptance"]
        for name, more, environment in [("with a key", key, public_key), ("without a key", no_key, {})]:
            sound, cases = schemathesis(server, arguments, name, more, environment)
            passed += sound
            failed += not sound
            print(f"schemathesis: {name}, {cases} cases, {'sound' if sound else 'NOT sound'}", flush=True)
        if failed:
            print(server.output())
    print(f"schemathesis: {passed} runs passed, {failed} failed")
    raise SystemExit(failed != 0)


main()
