"""Recovery plans and the assessment of an outage, on the reference stack with the dataset in its production database."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from harness import TOP, alternate, result, run, say, timed
from server import dataset_folder

DATABASE = "ask_and_trust"
DATA = "/var/lib/postgresql/data"
PSQL = ("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", DATABASE, "-d", DATABASE)
PATIENCE = 300


class Stack:
    """Production of the reference stack, and drp with the plan that is made with it."""

    def __init__(self, folder):
        self.folder = folder
        self.apps = folder / "askandtrust-prod/apps"
        self.prefix = f"drp-bench-{uuid.uuid4().hex[:8]}"
        with socket.socket() as one, socket.socket() as other:
            for free in (one, other):
                free.bind(("127.0.0.1", 0))
            self.port, staging = one.getsockname()[1], other.getsockname()[1]
        run([TOP / "drp-it/stack/make", folder],
            env={**os.environ, "PROJECT": self.prefix, "PRODUCTION_PORT": str(self.port), "STAGING_PORT": str(staging), "TEST_RUN": self.prefix})

    def container(self, service):
        return f"{self.prefix}-prod-{service}-1"

    def compose(self, *arguments):
        run(["docker", "compose", "--project-name", f"{self.prefix}-prod", "-f", "compose.prod.yml", *arguments], cwd=self.apps)

    def up(self, *services):
        self.compose("up", "--detach", "--wait", "--quiet-pull", *services)

    def inside(self, service, *command, **options):
        return run(["docker", "exec", "--interactive", self.container(service), *command], **options)

    def psql(self, *arguments, **options):
        return self.inside("db", *PSQL, *arguments, **options)

    def start_with_data(self, users):
        """Starts it with the dataset, whose files are kept between runs."""
        kept = dataset_folder() / f"stack-{users}-{self.key()}.tar"
        if not kept.exists():
            self.generate(users, kept)
        self.compose("create", "db")
        with open(kept, "rb") as files:
            run(["docker", "cp", "--archive", "-", f"{self.container('db')}:{Path(DATA).parent}"], stdin=files)
        run(["sync"])
        self.up("db")
        password = re.search("^POSTGRES_PASSWORD=(.*)$", (self.apps / ".database.env").read_text(), re.MULTILINE)[1]
        self.psql(input=f"alter role {DATABASE} password '{password}'; checkpoint", stdin=None)
        self.up()

    @staticmethod
    def key():
        files = [TOP / "drp-it/stack/data.sql", *sorted((TOP / "drp-it/stack/backend/migrations").iterdir())]
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]

    def generate(self, users, kept):
        say(f"filling the database of the reference stack for {users} users (kept for the next run)")
        started = time.monotonic()
        self.up()
        bulk = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB", "autovacuum": "off"}
        self.psql(input="".join(f"alter system set {name} = '{value}';\n" for name, value in bulk.items()) + "select pg_reload_conf()", stdin=None)
        # The generator keeps its own references right: checking each of them would take most of the time.
        unchecked = ("--env", "PGOPTIONS=-c session_replication_role=replica")
        with open(self.folder / "data.sql") as text:
            run(["docker", "exec", "--interactive", *unchecked, self.container("db"), *PSQL, "-v", f"users={users}"], stdin=text)
        self.psql(input="vacuum (parallel 0); alter system reset all; select pg_reload_conf(); checkpoint", stdin=None)
        size = int(self.psql("-c", "select pg_database_size(current_database())"))
        self.compose("stop")
        unfinished = kept.with_suffix(".new")
        with open(unfinished, "wb") as files:
            run(["docker", "cp", f"{self.container('db')}:{DATA}", "-"], stdout=files)
        run(["sync"])
        unfinished.rename(kept)
        self.compose("down", "--volumes")
        say(f"filled with {size / 1e6:,.0f} MB in {time.monotonic() - started:.0f} s")

    def question(self):
        """Asks the whole stack over HTTP how many surveys there are."""
        return f"http://127.0.0.1:{self.port}/api/graphql?query=%7B%20surveys%20%7B%20count%20%7D%20%7D"

    def surveys(self):
        """How many there are; None while it does not answer."""
        with contextlib.suppress(OSError, ValueError, urllib.error.URLError):
            with urllib.request.urlopen(self.question(), timeout=5) as answer:
                return json.load(answer)["data"]["surveys"]["count"]
        return None

    def drp(self, *arguments, accepted=(0,), through=(), state="state"):
        command = [*through, TOP / "drp", "--plan", self.folder / "drp.yaml", "--state", self.folder / state, "--output", "json", *arguments]
        return json.loads(run(command, accepted=accepted))


@contextlib.contextmanager
def production(bench, name):
    folder = bench.work / name
    run([TOP / "tools/engine", "start"])
    run([TOP / "tools/compose"])
    for image in ("postgres", "nginx", "node"):
        run([TOP / "tools/image", image])
    stack = Stack(folder)
    try:
        stack.start_with_data(bench.options.users)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "0")
        run([TOP / "tools/engine", "stop"])
    shutil.rmtree(folder)


class FirstAnswer:
    """Asks again and again from now on, until the stack has this many surveys: the seconds until it did."""

    def __init__(self, ask, surveys):
        self.ask_stack = ask
        self.surveys = surveys
        self.seconds = None
        self.started = time.monotonic()
        self.thread = threading.Thread(target=self.ask, daemon=True)
        self.thread.start()

    def ask(self):
        while time.monotonic() < self.started + PATIENCE:
            if self.ask_stack() == self.surveys:
                self.seconds = time.monotonic() - self.started
                return
            time.sleep(0.05)

    def require(self):
        self.thread.join()
        if self.seconds is None:
            raise SystemExit(f"the stack does not answer after {PATIENCE} s")
        return self.seconds


def say_where_time_went(name, report):
    steps = [step for phase in report["phases"] for step in phase["steps"] if step.get("seconds")]
    steps.sort(key=lambda step: -step["seconds"])
    say(f"{name}: " + ", ".join(f"{step['name']} {step['seconds']:.1f} s" for step in steps[:6]))


def recover_database(bench):
    """From the kill of a server whose data is gone to the first answer that holds the data again."""
    with production(bench, "recover-database") as stack:
        say("recover-database: taking the backup to recover from")
        stack.drp("backup", "production", "--kind", "physical")
        surveys, rows = stack.surveys(), stack.psql("-c", "select count(*) from answers")

        def one_round(_):
            stack.inside("db", "rm", "-rf", f"{DATA}/base", f"{DATA}/pg_wal")
            run(["docker", "kill", stack.container("db")])
            answer = FirstAnswer(stack.surveys, surveys)
            report = stack.drp("recover", "database", "production", "--confirm", DATABASE)
            seconds = answer.require()
            say_where_time_went("recover-database", report)
            if stack.psql("-c", "select count(*) from answers") != rows:
                raise SystemExit("recovered other rows than were backed up")
            stack.drp("restore-commit", report["execution"], "--confirm", DATABASE)
            return seconds, None

        rounds = bench.rounds("recover-database", one_round)
    return result("s", rounds)


def recover_restart(bench):
    with production(bench, "recover-restart") as stack:
        surveys = stack.surveys()

        def ours():
            report = {}
            seconds = timed(lambda: report.update(stack.drp("recover", "restart", "production")))
            say_where_time_went("recover-restart", report)
            return serving(seconds)

        def peer():
            return serving(timed(lambda: (stack.compose("down"), stack.compose("up", "--detach", "--wait"))))

        def serving(seconds):
            if stack.surveys() != surveys:
                raise SystemExit("the stack does not answer after a restart")
            return seconds

        rounds = bench.rounds("recover-restart", lambda number: alternate(number, ours, peer))
    return result("s", rounds, "docker compose down, then up --wait", "docker compose down && docker compose up --detach --wait")


class SecondHost:
    """A machine with nothing on it but an empty Docker engine, which sees the files of this one; see tools/host."""

    TOOL = TOP / "tools/host"

    def __init__(self, folder):
        self.through = (self.TOOL, "run", folder)
        self.process = subprocess.Popen([self.TOOL, "start", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        if self.process.stdout.readline() != "ready\n":
            self.__exit__()
            raise SystemExit("there is no second host: see above")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def run(self, *command, **options):
        return run([*self.through, *command], **options)

    def surveys(self, stack):
        """As that of the stack, on this machine."""
        text = self.run("curl", "--silent", "--max-time", "5", stack.question(), accepted=range(256))
        with contextlib.suppress(ValueError, LookupError, TypeError):
            return json.loads(text)["data"]["surveys"]["count"]
        return None


def rebuild(bench):
    """Production is gone with its machine. On another one there are an empty engine, the plan and the storage."""
    with production(bench, "rebuild") as stack:
        say("rebuild: taking the backups to rebuild from")
        stack.drp("backup", "production", "--kind", "system", "--images", accepted=(0, 3))  # volumes without a name are not in it
        stack.drp("backup", "production", "--kind", "physical")
        surveys, rows = stack.surveys(), stack.psql("-c", "select count(*) from answers")
        stack.compose("down", "--volumes", "--timeout", "0")
        project, lost = stack.apps.parent, bench.work / "lost"
        project.rename(lost)

        def one_round(number):
            run(["sync"])
            with SecondHost(bench.work / "host") as host:
                answer = FirstAnswer(lambda: host.surveys(stack), surveys)
                report = stack.drp("rebuild", "production", "--confirm", DATABASE, through=host.through, state=f"state-{number}")
                seconds = answer.require()
                say_where_time_went("rebuild", report)
                if host.run("docker", "exec", stack.container("db"), *PSQL, "-c", "select count(*) from answers") != rows:
                    raise SystemExit("rebuilt with other rows than were backed up")
            shutil.rmtree(project)
            return seconds, None

        try:
            rounds = bench.rounds("rebuild", one_round)
        finally:
            shutil.rmtree(project, ignore_errors=True)
            lost.rename(project)
    return result("s", rounds)


@contextlib.contextmanager
def silent_address():
    """One that takes connections and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/"


def assess_degraded(bench):
    """Backend and frontend are dead; database and nginx take connections and never answer, nor do the other addresses of the plan."""
    with production(bench, "assess-degraded") as stack, silent_address() as silent:
        stack.drp("backup", "production", "--kind", "physical")
        plan = stack.folder / "drp.yaml"
        plan.write_text(plan.read_text().replace('health: ["', f'health: ["{silent}", "{silent}health", "', 1))
        run(["docker", "kill", stack.container("backend"), stack.container("frontend")])
        for service in ("db", "nginx"):
            stack.inside(service, "sh", "-c", "kill -STOP -1")  # all but the first, which the kernel keeps from doing that to itself
            run(["docker", "kill", "--signal", "STOP", stack.container(service)])

        def one_round(_):
            report = {}
            seconds = timed(lambda: report.update(stack.drp("assess", "production", accepted=(1,))))
            if {"backend", "frontend", "nginx"} - set(report["affected"]):
                raise SystemExit(f"the assessment leaves out what is dead: {report['affected']}")
            return seconds, None

        rounds = bench.rounds("assess-degraded", one_round)
    return result("s", rounds)


ALL = {
    "recover-database": (recover_database, "seconds from the loss of the stack's database to its first good answer, from a physical backup"),
    "rebuild": (rebuild, "seconds from the start of a rebuild on an empty second machine to the stack's first good answer, images in the backup"),
    "recover-restart": (recover_restart, "seconds of an emergency restart of the stack, against docker compose down, then up --wait"),
    "assess-degraded": (assess_degraded, "seconds of an assessment with half of the stack dead and the rest silent"),
}
