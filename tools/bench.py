"""The benchmarks of ./bench: whole processes, ours and a peer's in interleaved rounds, compared by their medians.

Both sides of a round start from the same state and end with the same guarantee: files synced, contents compared. The
datasets are kept as data folders of stopped servers between runs, under .cache or, where PostgreSQL's account cannot
reach that, under /var/tmp.
"""

import argparse
import contextlib
import glob
import hashlib
import json
import os
import pwd
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("DRP_CACHE", TOP / ".cache"))
DATASET = TOP / "drp-cli/src/main/resources/dev/drp/cli/demo/dataset.sql"
BIN = Path(max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2])))
ROOT = os.geteuid() == 0
ACCOUNT = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if ROOT else []
USER = "postgres" if ROOT else pwd.getpwuid(os.geteuid()).pw_name
ROUNDS = 5  # of benchmarks whose rounds stay below a minute
LONG_ROUNDS = 3  # of the others
ALL_TABLES = """
    select format('select %L, count(*) from %I.%I', table_schema || '.' || table_name, table_schema, table_name)
    from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1 \\gexec
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a program to its end; its output only shows up when it fails."""
    accepted = options.pop("accepted", (0,))
    result = subprocess.run(
        [str(part) for part in command], stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, text=True, **options)
    if result.returncode not in accepted:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {result.returncode}\n{result.stderr}{result.stdout or ''}")
    return result.stdout


def timed(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


def bytes_below(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Server:
    """A PostgreSQL server with default settings on a socket in its own folder, and on no port."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"

    @classmethod
    @contextlib.contextmanager
    def fresh(cls, folder):
        server = cls(folder)
        server.folder.mkdir(parents=True)
        if ROOT:
            shutil.chown(server.folder, "postgres", "postgres")
        run([*ACCOUNT, BIN / "initdb", "-D", server.data, "-U", USER, "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"])
        with server.running():
            yield server
        shutil.rmtree(server.folder)

    @classmethod
    @contextlib.contextmanager
    def copied(cls, original, folder):
        """A copy of a stopped server, to do with as one likes; stopped, too."""
        server = cls(folder)
        server.folder.mkdir(parents=True)
        if ROOT:
            shutil.chown(server.folder, "postgres", "postgres")
        run(["cp", "-a", "--reflink=auto", original.data, server.data])
        run(["sync", "--file-system", server.data])
        yield server
        shutil.rmtree(server.folder)

    @contextlib.contextmanager
    def running(self, *settings):
        self.control("start", "-o", " ".join(["-c listen_addresses=", f"-k '{self.folder}'", *settings]))
        try:
            yield self
        finally:
            self.control("stop", "-m", "fast")

    def control(self, verb, *options):
        run([*ACCOUNT, BIN / "pg_ctl", verb, "-w", "-t", "300", "-D", self.data, "-l", self.folder / "log", *options],
            stdout=subprocess.DEVNULL, cwd="/")

    def environment(self):
        return {**os.environ, "PGHOST": str(self.folder), "PGUSER": USER, "PGDATABASE": "app", "LC_ALL": "C.UTF-8"}

    def sql(self, text, database="app"):
        return run([BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database], env=self.environment(), input=text, stdin=None)

    def settle(self):
        """Writes to disk what the server still has in memory, and sees its log archived, so that no side pays for it."""
        segment = self.sql("checkpoint; select pg_walfile_name(pg_switch_wal())").strip()
        deadline = time.monotonic() + 300
        while self.sql("select last_archived_wal from pg_stat_archiver").strip() < segment:
            if time.monotonic() > deadline:
                raise SystemExit(f"the server did not archive {segment}: see {self.folder / 'log'}")
            time.sleep(0.1)

    def shell(self, script, folder):
        """A peer's script, run as the reference plan's would be, but with every step's failure seen."""
        run(["bash", "-euo", "pipefail", "-c", script], env={**self.environment(), "PATH": f"{BIN}:{os.environ['PATH']}"}, cwd=folder)

    def rows(self):
        """Counts every table: proves that all of it can be read, and tells what was restored."""
        return self.sql(ALL_TABLES)


def dataset_folder():
    folder = CACHE / "datasets"
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run([*ACCOUNT, "test", "-x", str(folder)]).returncode != 0:
        folder = Path("/var/tmp/drp-datasets")
        folder.mkdir(exist_ok=True)
    return folder


def dataset(users, copies=1):
    """The server of a dataset, stopped. With copies, the biggest table is there that many times, which is quicker than more users."""
    key = hashlib.sha256(DATASET.read_bytes() + BIN.parent.name.encode()).hexdigest()[:8]
    server = Server(dataset_folder() / f"{users}-users-{copies}-{key}")
    if (server.folder / "complete").exists():
        return server
    if server.folder.exists():
        shutil.rmtree(server.folder)
    say(f"generating the dataset for {users} users{f', {copies} copies' if copies > 1 else ''} (kept for the next run)")
    started = time.monotonic()
    server.folder.mkdir()
    if ROOT:
        shutil.chown(server.folder, "postgres", "postgres")
    run([*ACCOUNT, BIN / "initdb", "-D", server.data, "-U", USER, "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"])
    bulk = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0",
            "max_wal_size=20GB", "shared_buffers=1GB", "maintenance_work_mem=512MB", "autovacuum=off"]
    with server.running(*[f"-c {setting}" for setting in bulk]):
        server.sql("create database app", "postgres")
        with open(DATASET) as text:
            # The generator keeps its own references right: checking each of them would take most of the time.
            unchecked = {**server.environment(), "PGOPTIONS": "-c session_replication_role=replica"}
            run([BIN / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", f"users={users}"], env=unchecked, stdin=text)
        for copy in range(2, copies + 1):
            server.sql(f"create table answers_{copy} as table answers; alter table answers_{copy} add primary key (\"userId\", \"questionId\")")
        server.sql("vacuum analyze; checkpoint")
        size = int(server.sql("select pg_database_size('app')"))
    run(["sync"])
    (server.folder / "complete").touch()
    say(f"generated {size / 1e6:,.0f} MB in {time.monotonic() - started:.0f} s")
    return server


class Drp:
    """Our side: a plan for a server, with storage and state in a folder of its own."""

    def __init__(self, server, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.storage = self.folder / "storage"
        self.storage.mkdir(exist_ok=True)
        self.plan = self.folder / "drp.yaml"
        self.write_plan(server)

    def write_plan(self, server):
        restart = [*ACCOUNT, BIN / "pg_ctl", "restart", "-w", "-m", "fast", "-D", server.data, "-l", server.folder / "log"]
        self.plan.write_text(json.dumps({  # JSON is YAML
            "format": 1,
            "application": "bench",
            "sites": {"here": {"host": "local"}},
            "environments": {"production": {"site": "here", "database": {
                "host": str(server.folder), "name": "app", "user": USER, "tools": str(BIN), "restart": [str(part) for part in restart]}}},
            "storages": {"local": {"directory": str(self.storage)}},
            "backups": {"database": {"environment": "production", "kind": "logical", "every": "6h", "keep": "7d", "to": ["local"]}},
        }, indent=1))

    def command(self, *arguments):
        return [str(part) for part in [TOP / "drp", "--plan", self.plan, "--state", self.folder / "state", "--output", "json", *arguments]]

    def __call__(self, *arguments, accepted=(0,)):
        return run(self.command(*arguments), accepted=accepted)

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
    def described(cls, kind):
        return f"pgbackrest backup --type={kind} " + " ".join(f"--{name}={value}" for name, value in cls.SETTINGS.items())


class Benchmarks:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.backup_rounds = None
        self.physical_rounds = None
        self.repeat_rounds = None

    def rounds(self, name, one_round):
        """Calls one_round, which gives ours and the peer's, as often as it should; the sides take turns in going first."""
        results = []
        wanted = self.options.rounds
        while not results or len(results) < wanted:
            started = time.monotonic()
            ours, peer = one_round(len(results))
            results.append({"ours": ours, "peer": peer})
            if wanted is None:
                wanted = ROUNDS if time.monotonic() - started < 75 else LONG_ROUNDS
            say(f"{name}: round {len(results)} of {wanted}: {ours:.2f}" + (f", peer {peer:.2f}" if peer is not None else ""))
        return results

    PEER_BACKUP = "pg_dump > dump.sql; gzip dump.sql; sync dump.sql.gz ."

    def backup(self):
        """Both backup benchmarks come from the same rounds."""
        if self.backup_rounds is None:
            server = dataset(self.options.users)
            folder = self.work / "backup"
            drp = Drp(server, folder)
            peer_folder = folder / "peer"

            def peer():
                peer_folder.mkdir()
                seconds = timed(lambda: server.shell(self.PEER_BACKUP, peer_folder))
                size = (peer_folder / "dump.sql.gz").stat().st_size
                shutil.rmtree(peer_folder)
                return seconds, size

            def ours():
                seconds = timed(lambda: drp("backup", "production", "--kind", "logical"))
                size = drp.stored_bytes()
                drp.forget()
                return seconds, size

            with server.running():
                self.backup_rounds = self.seconds_and_bytes("logical-backup", ours, peer)
        return self.backup_rounds

    def logical_backup(self):
        return result("s", self.backup()[0], "pg_dump to a file, then gzip", self.PEER_BACKUP)

    def logical_backup_bytes(self):
        return result("bytes", self.backup()[1], "pg_dump to a file, then gzip", self.PEER_BACKUP)

    PEER_RESTORE = "createdb app; gunzip -c dump.sql.gz | psql -Xq -v ON_ERROR_STOP=1"

    def logical_restore(self):
        server = dataset(self.options.users)
        folder = self.work / "restore"
        drp = Drp(server, folder)
        with server.running():
            say("logical-restore: taking the backups to restore from")
            drp("backup", "production", "--kind", "logical")
            server.shell("pg_dump | gzip -1 > dump.sql.gz", folder)
            expected = server.rows()

        def compare(fresh):
            actual = fresh.rows()
            if actual != expected:
                raise SystemExit(f"restored other rows than were backed up:\n{actual}\ninstead of\n{expected}")

        def ours():
            with Server.fresh(folder / "fresh") as fresh:
                drp.write_plan(fresh)
                return timed(lambda: (drp("restore", "production"), compare(fresh)))

        def peer():
            with Server.fresh(folder / "fresh") as fresh:
                return timed(lambda: (fresh.shell(self.PEER_RESTORE, folder), compare(fresh)))

        rounds = self.rounds("logical-restore", lambda number: alternate(number, ours, peer))
        return result("s", rounds, "gunzip into psql", self.PEER_RESTORE)

    @contextlib.contextmanager
    def physical(self, name):
        """A running copy of the dataset's server with both sides' ways to back it up."""
        folder = self.work / name
        with Server.copied(dataset(self.options.users), folder / "server") as server:
            peer = PgBackRest(server, folder / "peer")
            with server.running(*peer.server_settings()):
                peer("stanza-create")
                yield server, Drp(server, folder), peer
        shutil.rmtree(folder)

    def full_backups(self):
        """Seconds and bytes come from the same rounds."""
        if self.physical_rounds is None:
            with self.physical("physical-backup") as (server, drp, peer):
                def ours():
                    drp.forget()
                    return drp.physical_backup(server)

                self.physical_rounds = self.seconds_and_bytes("physical-backup", ours, lambda: peer.backup("full"))
        return self.physical_rounds

    def physical_backup(self):
        return result("s", self.full_backups()[0], "pgBackRest, full", PgBackRest.described("full"))

    def physical_backup_bytes(self):
        return result("bytes", self.full_backups()[1], "pgBackRest, full", PgBackRest.described("full"))

    # One per cent of the answers each, another one in every round. By id, answers lie in thirty places of the table.
    CHANGES = {
        "contiguous ids": '"userId" > {round} * {users} / 100 and "userId" <= ({round} + 1) * {users} / 100',
        "every hundredth id": '"userId" % 100 = {round}',
    }

    def repeat_backups(self):
        """Seconds and bytes for each way of changing one per cent, all after one full backup of each side."""
        if self.repeat_rounds is None:
            self.repeat_rounds = {}
            with self.physical("repeat-backup") as (server, drp, peer):
                say("repeat-backup: taking the first backups")
                drp.physical_backup(server)
                peer.backup("full")
                for case, condition in self.CHANGES.items():
                    def change(number):
                        which = condition.format(round=number, users=self.options.users)
                        server.sql(f"update answers set content = reverse(content) where {which}")

                    self.repeat_rounds[case] = self.seconds_and_bytes(
                        f"repeat-backup, {case}", lambda: drp.physical_backup(server), lambda: peer.backup("incr"), change)
        return self.repeat_rounds

    def repeat_backup(self):
        return self.worse_case("s", 0)

    def repeat_backup_bytes(self):
        return self.worse_case("bytes", 1)

    def worse_case(self, unit, which):
        cases = {case: result(unit, rounds[which], f"pgBackRest, incremental, {case}", PgBackRest.described("incr"))
                 for case, rounds in self.repeat_backups().items()}
        return {**max(cases.values(), key=lambda entry: entry["ratio"]), "cases": cases}

    def seconds_and_bytes(self, name, ours, peer, prepare=lambda number: None):
        """Rounds of sides that give both."""
        sizes = []

        def one_round(number):
            prepare(number)
            mine, theirs = alternate(number, ours, peer)
            sizes.append({"ours": mine[1], "peer": theirs[1]})
            return mine[0], theirs[0]

        return self.rounds(name, one_round), sizes

    def status_1000(self):
        server = dataset(1000)
        drp = Drp(server, self.work / "status")
        with server.running():
            drp("backup", "production", "--kind", "logical")
        drp.multiply(1000)
        drp("status", "--refresh", accepted=(0, 4))
        listed = len(json.loads(drp("backups"))["backups"])
        if listed != 1000:
            raise SystemExit(f"the catalog lists {listed} backups instead of 1000")

        rounds = self.rounds("status-1000", lambda _: (timed(lambda: drp("status", accepted=(0, 4))), None))
        return result("s", rounds)

    def memory(self, name, server):
        drp = Drp(server, self.work / name)

        def one_round(_):
            with server.running():
                peak, seconds = drp.peak_resident("backup", "production", "--kind", "logical")
                say(f"{name}: backup: {peak / 2**20:.0f} MiB resident, {seconds:.0f} s")
            with Server.fresh(self.work / name / "fresh") as fresh:
                drp.write_plan(fresh)
                restore_peak, seconds = drp.peak_resident("restore", "production")
                say(f"{name}: restore: {restore_peak / 2**20:.0f} MiB resident, {seconds:.0f} s")
            drp.write_plan(server)
            drp.forget()
            return max(peak, restore_peak) / 2**20, None

        self.options.rounds = self.options.rounds or 1
        return result("MiB resident at most, with -Xmx256m", self.rounds(name, one_round))

    def memory_1gb(self):
        return self.memory("memory-1gb", dataset(200_000))

    def memory_4gb(self):
        return self.memory("memory-4gb", dataset(200_000, copies=6))

    ALL = {
        "logical-backup": (logical_backup, "seconds of a logical backup, against pg_dump to a file, then gzip"),
        "logical-backup-bytes": (logical_backup_bytes, "what it takes up, against the same"),
        "logical-restore": (logical_restore, "seconds of a restore after total loss, until all tables are counted, against gunzip into psql"),
        "physical-backup": (physical_backup, "seconds of a first physical backup, against pgBackRest's full one"),
        "physical-backup-bytes": (physical_backup_bytes, "what it takes up, against the same"),
        "repeat-backup": (repeat_backup, "seconds of a physical backup after 1 % has changed, against pgBackRest's incremental one"),
        "repeat-backup-bytes": (repeat_backup_bytes, "what it adds, against the same"),
        "status-1000": (status_1000, "seconds of drp status with 1,000 backups in the catalog"),
        "memory-1gb": (memory_1gb, "resident memory of backup and restore of 1 GB"),
        "memory-4gb": (memory_4gb, "resident memory of backup and restore of 4 GB"),
    }


def alternate(number, ours, peer):
    """Results of ours and the peer's; each goes first in every second round, so that neither always meets a warm cache."""
    if number % 2 == 0:
        mine = ours()
        return mine, peer()
    theirs = peer()
    return ours(), theirs


def result(unit, rounds, peer_name=None, peer_command=None):
    ours = statistics.median(entry["ours"] for entry in rounds)
    peer = statistics.median(entry["peer"] for entry in rounds) if peer_name else None
    return {"ours": ours, "peer": peer, "peerName": peer_name, "unit": unit, "ratio": round(ours / peer, 4) if peer else None,
            "rounds": rounds, "peerCommand": peer_command}


def main():
    parser = argparse.ArgumentParser(
        prog="./bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares drp with the usual tools. A ratio is our cost over the peer's: lower is better.",
        epilog="benchmarks (all, if none is named):\n" + "\n".join(f"  {name:22}{text}" for name, (_, text) in Benchmarks.ALL.items()))
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--rounds", type=int, help=f"rounds of each (default {ROUNDS}, {LONG_ROUNDS} where one takes over a minute)")
    parser.add_argument("--users", type=int, default=200_000, help="size of the reference dataset (default 200000: about 1 GB)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in Benchmarks.ALL]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(Benchmarks.ALL)}")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    subprocess.run([TOP / "drp", "--version"], stdout=subprocess.DEVNULL, check=True)  # builds it, if need be
    work = Path(tempfile.mkdtemp(prefix="drp-bench."))
    work.chmod(0o755)
    try:
        benchmarks = Benchmarks(options, work)
        results = []
        for name in options.names or Benchmarks.ALL:
            results.append({"name": name, **Benchmarks.ALL[name][0](benchmarks)})
            say(line(results[-1]))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(json.dumps(results, indent=1) if options.output == "json" else "\n".join(map(line, results)))


def line(entry):
    text = f"{entry['name']}: {entry['ours']:,.2f} {entry['unit']}"
    return text if entry["peer"] is None else f"{text}; {entry['peerName']}: {entry['peer']:,.2f}; ratio {entry['ratio']}"


if __name__ == "__main__":
    main()
