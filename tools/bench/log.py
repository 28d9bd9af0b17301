"""The streamed log: what a sudden loss of everything costs, and what streaming costs the server."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time

from harness import ACCOUNT, USER, alternate, folder_of_account, result, run, say
from server import BIN, Server
from sides import Drp

SCALE = 10  # of pgbench: 150 MB
CLIENTS = 4
WITNESSES = 2


class Witness:
    """A client that inserts rows one by one, and logs each, with fsync, once the server has acknowledged it."""

    def __init__(self, server, name, log):
        self.name = name
        self.acknowledged = []  # seconds of the monotonic clock, by row
        self.file = open(log, "ab", buffering=0)
        self.session = subprocess.Popen(
            [BIN / "psql", "-XqAt", "-d", "app"], env=server.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.thread = threading.Thread(target=self.insert)
        self.thread.start()

    def insert(self):
        with contextlib.suppress(OSError, ValueError):
            while True:
                number = len(self.acknowledged)
                self.session.stdin.write(f"insert into ledger values ({self.name}, {number}) returning number;\n")
                if self.session.stdout.readline().strip() != str(number):
                    return
                moment = time.monotonic()
                self.file.write(f"{number} {moment}\n".encode())
                os.fsync(self.file.fileno())
                self.acknowledged.append(moment)

    def end(self):
        self.session.kill()
        self.session.communicate()
        self.thread.join()
        self.file.close()


@contextlib.contextmanager
def pgbench(server, seconds):
    """Runs the load of pgbench at full speed; its text output is the value once it has ended."""
    process = subprocess.Popen(
        [BIN / "pgbench", "-n", "-c", str(CLIENTS), "-j", "1", "-T", str(seconds), "app"],
        env=server.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def streaming(server, command, account=()):
    """A process that streams the log; returns once the server sends it some."""
    process = subprocess.Popen([*account, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        deadline = time.monotonic() + 60
        while server.sql("select count(*) from pg_stat_replication where state = 'streaming'").strip() != "1":
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(map(str, command))} does not stream")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def initialised(folder):
    server = Server(folder)
    server.initialise()
    with server.running():
        server.sql("create database app", "postgres")
        run([BIN / "pgbench", "-i", "-q", "-s", str(SCALE), "app"], env=server.environment())
        server.sql("create table ledger (witness int, number int, primary key (witness, number))")
    return server


def kill_at_once(streamer, server):
    """The machine with the server and its streamer is gone: none of their processes does anything more."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    children = [int(pid) for pid in run(["pgrep", "-P", str(postmaster)]).split()]
    for pid in (streamer.pid, postmaster, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.killed = True
    return time.monotonic()


def lost_in_a_crash(bench, number, synchronous):
    """Seconds between the oldest commit that was acknowledged and is lost, and the crash; and how many such commits."""
    folder = bench.work / "loss"
    server = initialised(folder / "server")
    drp = Drp(server, folder / "drp", wal={"to": ["local"], "max-lag": "500ms", "synchronous": synchronous})
    with contextlib.ExitStack() as stack:
        stack.enter_context(server.running())
        drp("backup", "production", "--kind", "physical")
        streamer = stack.enter_context(streaming(server, drp.command("wal", "stream", "production")))
        if synchronous:
            drp("wal", "sync", "on", "production")
        stack.enter_context(pgbench(server, 600))
        witnesses = [Witness(server, name, folder / f"witness-{name}.log") for name in range(WITNESSES)]
        time.sleep(8 + random.random() * 4)
        killed = kill_at_once(streamer, server)
        for witness in witnesses:
            witness.end()
    shutil.rmtree(server.data)
    for spool in (drp.folder / "state").rglob("wal"):
        shutil.rmtree(spool)
    recovered = Server(folder_of_account(folder / "recovered"))
    drp("restore", "production", "--kind", "physical", "--into", recovered.data)
    with recovered.running():
        there = {tuple(map(int, line.split("|"))) for line in recovered.sql("select witness, number from ledger").split()}
    lost = [moment for witness in witnesses for row, moment in enumerate(witness.acknowledged) if (witness.name, row) not in there]
    acknowledged = sum(len(witness.acknowledged) for witness in witnesses)
    say(f"{acknowledged} commits were acknowledged, {len(lost)} of them are lost")
    if not acknowledged:
        raise SystemExit("nothing was acknowledged: nothing was measured")
    shutil.rmtree(folder)
    return (killed - min(lost) if lost else 0.0), len(lost)


def loss_async(bench):
    rounds = bench.rounds("loss-async", lambda number: (lost_in_a_crash(bench, number, synchronous=False)[0], None))
    return result("s of acknowledged commits", rounds)


def loss_sync(bench):
    rounds = bench.rounds("loss-sync", lambda number: (lost_in_a_crash(bench, number, synchronous=True)[1], None))
    return result("acknowledged commits", rounds)


def stream_cost(bench):
    folder = bench.work / "stream-cost"
    server = initialised(folder / "server")
    drp = Drp(server, folder / "drp", wal={"to": ["local"]})
    received = folder / "server" / "received"
    peer_command = [BIN / "pg_receivewal", "-D", received, "-h", server.folder, "-U", USER, "-S", "peer"]

    def seconds_per_thousand(command, account=()):
        with streaming(server, command, account):
            with pgbench(server, 15) as load:  # a stream goes on for months: what its begin costs is not measured
                load.communicate()
            server.sql("checkpoint")
            with pgbench(server, 30) as load:
                report = load.communicate()[0]
        rate = float(next(line for line in report.splitlines() if line.startswith("tps")).split()[2])
        return 1000 / rate

    with server.running():
        run([*ACCOUNT, "mkdir", received])
        server.sql("select pg_create_physical_replication_slot('peer', true)")
        drp("backup", "production", "--kind", "physical")
        rounds = bench.rounds("stream-cost", lambda number: alternate(
            number,
            lambda: seconds_per_thousand(drp.command("wal", "stream", "production")),
            lambda: seconds_per_thousand(peer_command, ACCOUNT)))
    shutil.rmtree(folder)
    return result("s for a thousand transactions", rounds, "pg_receivewal", "pg_receivewal -D FOLDER -S SLOT")


ALL = {
    "loss-async": (loss_async, "seconds of commits lost when server, streamer, their log and spool go at once"),
    "loss-sync": (loss_sync, "commits lost in the same way in synchronous mode"),
    "stream-cost": (stream_cost, "time that a thousand transactions take while the log is streamed, against pg_receivewal"),
}
