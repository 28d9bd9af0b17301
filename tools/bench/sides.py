"""The two sides of a comparison that need more than one command: drp, and pgBackRest."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from harness import ACCOUNT, ROOT, TOP, USER, bytes_below, run, timed
from server import BIN


class Planned:
    """The command line with a plan and a state in a folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.plan = self.folder / "drp.yaml"

    def write(self, sections):
        self.plan.write_text(json.dumps({"format": 1, "application": "bench", **sections}, indent=1))  # JSON is YAML

    def command(self, *arguments):
        return [str(part) for part in [TOP / "drp", "--plan", self.plan, "--state", self.folder / "state", "--output", "json", *arguments]]

    def __call__(self, *arguments, accepted=(0,)):
        return run(self.command(*arguments), accepted=accepted)

    def peak_resident(self, *arguments):
        """Runs a command; returns the most memory that its process ever had resident, in bytes, and its seconds."""
        started = time.monotonic()
        process = subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        peak = 0
        while process.poll() is None:
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                    if line.startswith("VmHWM:"):  # the kernel's own high-water mark: no peak falls between two looks
                        peak = max(peak, int(line.split()[1]) * 1024)
            time.sleep(0.02)
        reader.join()
        if process.returncode != 0:
            raise SystemExit(f"drp {' '.join(arguments)} ended with {process.returncode}\n{errors[0]}")
        return peak, time.monotonic() - started


class Drp(Planned):
    """Our side: a plan for a server, with storage and state in a folder of its own."""

    def __init__(self, server, folder, wal=None, recipients=()):
        super().__init__(folder)
        self.wal = wal
        self.recipients = list(recipients)
        self.storage = self.folder / "storage"
        self.storage.mkdir(exist_ok=True)
        self.write_plan(server)

    def write_plan(self, server):
        restart = [*ACCOUNT, BIN / "pg_ctl", "restart", "-w", "-m", "fast", "-D", server.data, "-l", server.folder / "log"]
        self.write({
            "sites": {"here": {"host": "local"}},
            "environments": {"production": {"site": "here", "database": {
                "host": str(server.folder), "name": "app", "user": USER, "tools": str(BIN), "restart": [str(part) for part in restart], **({"wal": self.wal} if self.wal else {})}}},
            "storages": {"local": {"directory": str(self.storage)}},
            "encryption": {"recipients": self.recipients},
            "backups": {"database": {"environment": "production", "kind": "logical", "every": "6h", "keep": "7d", "to": ["local"]}},
        })

    def multiply(self, count):
        """Copies the only backup in the storage under other identities, an hour apart, until there are that many."""
        manifest = next(self.storage.rglob("manifest.json"))
        original = manifest.parent
        text = manifest.read_text()
        content = json.loads(text)
        newest = datetime.fromisoformat(content["recoveryPoint"].replace("Z", "+00:00"))
        for number in range(1, count):
            moment = newest - timedelta(hours=number)
            identity = f"{moment:%Y%m%dT%H%M%SZ}-{number:06x}"
            copy = original.parent / identity
            shutil.copytree(original, copy)
            changed = text.replace(content["id"], identity).replace(content["manifestSha256"], "0" * 64)
            for field in ("recoveryPoint", "startedAt"):
                changed = changed.replace(f'"{content[field]}"', f'"{moment:%Y-%m-%dT%H:%M:%SZ}"')
            # The manifest holds the hash of itself with zeros in the hash's place.
            changed = changed.replace("0" * 64, hashlib.sha256(changed.encode()).hexdigest())
            (copy / "manifest.json").write_text(changed)

    def forget(self):
        shutil.rmtree(self.storage)
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self.storage.mkdir()

    def stored_bytes(self):
        return bytes_below(self.storage)

    def physical_backup(self, server):
        """Takes a backup; returns its seconds and the bytes that the storage has more than before."""
        server.settle()
        before = self.stored_bytes()
        return timed(lambda: self("backup", "production", "--kind", "physical")), self.stored_bytes() - before

    def newest_into(self):
        """Arguments of a restore of the newest physical backup, as it is, into the folder that follows."""
        newest = json.loads(self("backups"))["backups"][0]["id"]
        return ["production", "--kind", "physical", "--backup", newest, "--into"]


class PgBackRest:
    """The peer of physical backups: a stanza for a server, with its repository in a folder of its own.

    Its backups end when the log that they need is in its repository, as its manual has it: without that none could be
    restored, and ours hold theirs. Before each of them, the log up to then is archived; while it is not its turn, nothing
    is, so that our side does not pay for its archive-push, nor it for archiving what an update wrote.
    """

    SETTINGS = {"start-fast": "y", "process-max": "2", "compress-type": "zst", "compress-level": "3", "repo1-bundle": "y",
                "expire-auto": "n", "repo1-retention-full": "1"}

    def __init__(self, server, folder):
        self.server = server
        self.folder = Path(folder)
        self.repository = self.folder / "repository"
        self.turn = self.folder / "turn"
        self.repository.mkdir(parents=True)
        own = {**self.SETTINGS, "repo1-path": self.repository, "lock-path": self.folder / "lock", "log-level-file": "off"}
        stanza = {"pg1-path": server.data, "pg1-socket-path": server.folder, "pg1-user": USER}
        (self.folder / "pgbackrest.conf").write_text("\n".join([
            "[global]", *(f"{name}={value}" for name, value in own.items()),
            "[bench]", *(f"{name}={value}" for name, value in stanza.items()), ""]))
        if ROOT:
            run(["chown", "-R", "postgres:", self.folder])

    def command(self, *arguments):
        return [str(part) for part in ["pgbackrest", f"--config={self.folder / 'pgbackrest.conf'}", "--stanza=bench", *arguments]]

    def server_settings(self):
        push = " ".join(self.command("archive-push", "%p"))
        return ["-c archive_mode=on", f"-c archive_command='test ! -e {self.turn} || {push}'"]

    def __call__(self, *arguments):
        run([*ACCOUNT, *self.command(*arguments)], cwd="/")

    def backup(self, kind):
        """Takes a backup; returns its seconds and the bytes that the repository has more than before."""
        self.turn.touch()
        try:
            self.server.settle()
            before = bytes_below(self.repository)
            return timed(lambda: self("backup", f"--type={kind}")), bytes_below(self.repository) - before
        finally:
            self.turn.unlink()

    @classmethod
    def described(cls, command):
        return f"pgbackrest {command} " + " ".join(f"--{name}={value}" for name, value in cls.SETTINGS.items())
