"""Files on their way to another machine: over SSH on the loopback, with one cipher for both sides."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from harness import alternate, result, run, timed
from sides import Planned

USER = run(["id", "-un"]).strip()
CIPHER = "aes128-gcm@openssh.com"
SMALL_FILES = 5000
SMALL = 4096
BIG = 1 << 30
PIECE = 1 << 16  # what changes of a file changes in pieces of this size


class Sshd:
    """OpenSSH's server with keys of its own; every side logs in with the same key, and checks the same host key."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir()
        for key in ("host_key", "client_key"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {(self.folder / 'host_key.pub').read_text()}")
        (self.folder / "sshd_config").write_text("\n".join([
            f"ListenAddress 127.0.0.1:{self.port}", f"HostKey {self.folder / 'host_key'}", f"Ciphers {CIPHER}",
            f"AuthorizedKeysFile {self.folder / 'client_key.pub'}", "PidFile none", "UsePAM no", "StrictModes no",
            "PasswordAuthentication no", "Subsystem sftp internal-sftp", ""]))
        self.config = self.folder / "ssh_config"
        self.config.write_text("\n".join([
            "Host target", "HostName 127.0.0.1", f"Port {self.port}", f"User {USER}", f"IdentityFile {self.folder / 'client_key'}",
            f"UserKnownHostsFile {self.known_hosts}", "StrictHostKeyChecking yes", "IdentitiesOnly yes", "BatchMode yes",
            f"Ciphers {CIPHER}", ""]))

    @contextlib.contextmanager
    def running(self):
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with open(self.folder / "log", "ab") as log:
            server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd_config"], stdin=subprocess.DEVNULL, stderr=log)
        try:
            deadline = time.monotonic() + 30
            while subprocess.run(["ssh", "-F", self.config, "target", "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode:
                if time.monotonic() > deadline:
                    raise SystemExit(f"sshd does not start: {(self.folder / 'log').read_text()}")
                time.sleep(0.1)
            yield self
        finally:
            server.terminate()
            server.wait()


class Synced:
    """A folder, and what drp sync and rsync each make of it on the other machine."""

    PEER = "rsync -a --delete -e ssh SOURCE/ TARGET/"

    def __init__(self, sshd, folder):
        self.sshd = sshd
        self.source = Path(folder) / "source"
        self.targets = {side: Path(folder) / side for side in ("ours", "peer")}
        self.source.mkdir(parents=True)
        self.drp = Planned(Path(folder) / "drp")
        self.drp.write({
            "sites": {"here": {"host": "local"}},
            "environments": {"production": {"site": "here"}},
            "synced-folders": {"files": {
                "environment": "production", "folder": str(self.source), "with": f"{USER}@127.0.0.1:{sshd.port}",
                "path": str(self.targets["ours"]), "known-hosts": str(sshd.known_hosts), "key": str(sshd.folder / "client_key")}}})

    def ours(self):
        return self.seconds(lambda: self.drp("sync", "production"))

    def peer(self):
        return self.seconds(lambda: run(
            ["rsync", "-a", "--delete", "-e", f"ssh -F {self.sshd.config}", f"{self.source}/", f"target:{self.targets['peer']}/"]))

    def seconds(self, action):
        os.sync()  # what others wrote is no cost of this one
        return timed(action)

    def forget(self):
        for target in self.targets.values():
            shutil.rmtree(target, ignore_errors=True)

    def require_same(self):
        for target in self.targets.values():
            run(["diff", "-r", self.source, target])

    def rounds(self, bench, name, prepare):
        def one_round(number):
            prepare()
            both = alternate(number, self.ours, self.peer)
            self.require_same()
            return both

        return result("s", bench.rounds(name, one_round), "rsync -a", self.PEER)


@contextlib.contextmanager
def synced(bench, name):
    folder = bench.work / name
    folder.mkdir()
    with Sshd(folder / "sshd").running() as sshd:
        yield Synced(sshd, folder)
    shutil.rmtree(folder)


def small_files(folder):
    """Half of them two folders deep, as an application keeps what people upload."""
    for number in range(SMALL_FILES):
        place = folder / f"{number % 50:02}" / (f"{number % 7}" if number % 2 else "")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file-{number}").write_bytes(os.urandom(SMALL))


def big_file(folder):
    with open(folder / "big", "wb") as file:
        for _ in range(BIG >> 20):
            file.write(os.urandom(1 << 20))


def change(folder):
    """One hundredth of the big file, in its whole length."""
    with open(folder / "big", "r+b") as file:
        for start in range(0, BIG, 100 * PIECE):
            file.seek(start)
            file.write(os.urandom(PIECE))


def sync_small_files(bench):
    with synced(bench, "sync-small-files") as both:
        small_files(both.source)
        return both.rounds(bench, "sync-small-files", both.forget)


def sync_unchanged(bench):
    with synced(bench, "sync-unchanged") as both:
        small_files(both.source)
        both.ours()
        both.peer()
        return both.rounds(bench, "sync-unchanged", lambda: None)


def sync_big_file(bench):
    with synced(bench, "sync-big-file") as both:
        big_file(both.source)
        return both.rounds(bench, "sync-big-file", both.forget)


def sync_changed_bytes(bench):
    with synced(bench, "sync-changed-bytes") as both:
        big_file(both.source)
        both.ours()
        both.peer()
        return both.rounds(bench, "sync-changed-bytes", lambda: change(both.source))


ALL = {
    "sync-small-files": (sync_small_files, "seconds of drp sync of 5,000 new files over SSH, against rsync -a"),
    "sync-unchanged": (sync_unchanged, "the same where nothing has changed"),
    "sync-big-file": (sync_big_file, "the same of a new file of 1 GiB"),
    "sync-changed-bytes": (sync_changed_bytes, "the same where a hundredth of that file has changed"),
}
