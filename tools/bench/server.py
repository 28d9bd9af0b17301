"""PostgreSQL servers to measure with, and the datasets in them, which are kept between runs as folders of stopped servers."""

import contextlib
import glob
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from harness import ACCOUNT, CACHE, TOP, USER, folder_of_account, run, say

DATASET = TOP / "drp-cli/src/main/resources/dev/drp/cli/demo/dataset.sql"
BIN = Path(max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2])))
ALL_TABLES = """
    select format('select %L, count(*) from %I.%I', table_schema || '.' || table_name, table_schema, table_name)
    from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1 \\gexec
"""


class Server:
    """A PostgreSQL server with default settings on a socket in its own folder, and on no port."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.killed = False

    def initialise(self):
        folder_of_account(self.folder)
        run([*ACCOUNT, BIN / "initdb", "-D", self.data, "-U", USER, "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"])

    @classmethod
    @contextlib.contextmanager
    def fresh(cls, folder):
        server = cls(folder)
        server.initialise()
        with server.running():
            yield server
        shutil.rmtree(server.folder)

    @classmethod
    @contextlib.contextmanager
    def copied(cls, original, folder):
        """A copy of a stopped server, to do with as one likes; stopped, too."""
        server = cls(folder)
        folder_of_account(folder)
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
            if not self.killed:
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

    def require_rows(self, expected):
        actual = self.rows()
        if actual != expected:
            raise SystemExit(f"restored other rows than were backed up:\n{actual}\ninstead of\n{expected}")


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
    server.initialise()
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
