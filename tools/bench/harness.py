"""What all benchmarks share: running programs, rounds in which the sides take turns, and how a result is told."""

import os
import pwd
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("DRP_CACHE", TOP / ".cache"))
ROOT = os.geteuid() == 0
ACCOUNT = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if ROOT else []
USER = "postgres" if ROOT else pwd.getpwuid(os.geteuid()).pw_name
ROUNDS = 5  # of benchmarks whose rounds stay below a minute
LONG_ROUNDS = 3  # of the others


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


def give_to_account(folder):
    """To the account of the servers: PostgreSQL refuses to run as root."""
    if ROOT:
        shutil.chown(folder, "postgres", "postgres")


def folder_of_account(folder):
    folder = Path(folder)
    folder.mkdir(parents=True)
    give_to_account(folder)
    return folder


class Bench:
    """One run: its options, a folder for its work, and what several benchmarks take from the same rounds."""

    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.kept = {}

    def once(self, name, action):
        if name not in self.kept:
            self.kept[name] = action()
        return self.kept[name]

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
            against = f", peer {peer:.2f}" if peer is not None else ""
            say(f"{name}: round {len(results)} of {wanted}: {ours:.2f}{against} (load average {os.getloadavg()[0]:.1f})")
        return results

    def seconds_and_bytes(self, name, ours, peer, prepare=lambda number: None):
        """Rounds of sides that give both: those of the seconds, and those of the bytes."""
        sizes = []

        def one_round(number):
            prepare(number)
            mine, theirs = alternate(number, ours, peer)
            sizes.append({"ours": mine[1], "peer": theirs[1]})
            return mine[0], theirs[0]

        return self.rounds(name, one_round), sizes


class JavaClass:
    """A class of tools/bench that uses drp as a library, in a process that is started as ./drp starts its own."""

    def __init__(self, name, folder):
        self.name = name
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        start = '. tools/common.sh; . tools/app.sh; app_is_built; app_command; printf "%s\\n" "${app_command[@]}" "-XX:SharedArchiveFile=$APP_ARCHIVE"'
        java = run(["bash", "-c", start], cwd=TOP).splitlines()
        jars = java[java.index("-cp") + 1]
        run([Path(java[0]).with_name("javac"), "-cp", jars, "-d", folder, TOP / f"tools/bench/{name}.java"])
        self.command = [*java, "-cp", f"{jars}:{folder}", name]

    def __call__(self, *arguments, **options):
        return run([*self.command, *arguments], **options)


def alternate(number, ours, peer):
    """Results of ours and the peer's; each goes first in every second round, so that neither always meets a warm cache."""
    def measured(side):
        os.sync()  # what the other one wrote is no cost of this one
        return side()

    if number % 2 == 0:
        mine = measured(ours)
        return mine, measured(peer)
    theirs = measured(peer)
    return measured(ours), theirs


def result(unit, rounds, peer_name=None, peer_command=None):
    ours = statistics.median(entry["ours"] for entry in rounds)
    peer = statistics.median(entry["peer"] for entry in rounds) if peer_name else None
    return {"ours": ours, "peer": peer, "peerName": peer_name, "unit": unit, "ratio": round(ours / peer, 4) if peer else None,
            "rounds": rounds, "peerCommand": peer_command}
