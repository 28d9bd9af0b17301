"""Files on their way to another machine: over SSH on the loopback, with one cipher for both sides, and to an S3 service."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import memory
from harness import CACHE, TOP, JavaClass, alternate, result, run, timed
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
        self.account = f"{USER}@127.0.0.1:{self.port}"
        self.login = {"known-hosts": str(self.known_hosts), "key": str(self.folder / "client_key")}  # as in a plan
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
                "environment": "production", "folder": str(self.source), "with": sshd.account,
                "path": str(self.targets["ours"]), **sshd.login}}})

    def ours(self):
        return self.seconds(lambda: self.drp("sync", "production"))

    def peer(self):
        return self.seconds(lambda: run(
            ["rsync", "-a", "--delete", "-e", f"ssh -F {self.sshd.config}", f"{self.source}/", f"target:{self.targets['peer']}/"]))

    def seconds(self, action):
        os.sync()  # what others wrote is no cost of this one
        return timed(action)

    def forget(self):
        """Moves aside what there is; who writes first after a removal of thousands of files pays for it, on ext4."""
        for target in self.targets.values():
            if target.exists():
                aside = target.with_name(f"{target.name}-{time.monotonic_ns()}")
                target.rename(aside)
                memory.forget(aside)

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


def random_file(path, size):
    with open(path, "wb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))
    os.sync()


def removed(*paths):
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    os.sync()  # what others wrote is no cost of the next one


def sftp(bench, name, direction):
    folder = bench.work / name
    folder.mkdir()
    stored, copy, peers = folder / "storage", folder / "copy", folder / "peers"
    random_file(folder / "source", bench.options.gib << 30)
    with Sshd(folder / "sshd").running() as sshd:
        transfer = JavaClass("ObjectTransfer", folder / "classes")
        account = ["sftp", "127.0.0.1", str(sshd.port), USER, str(sshd.known_hosts), str(sshd.folder / "client_key"), str(stored)]

        def by_program(command, source, target):
            removed(target)
            (folder / "batch").write_text(f"{command} -f {source} {target}\n")
            return timed(lambda: run(["sftp", "-q", "-F", sshd.config, "-b", folder / "batch", "target"]))

        def put():
            removed(stored)
            return timed(lambda: transfer(*account, "put", str(folder / "source")))

        def get():
            removed(copy)
            return timed(lambda: transfer(*account, "get", str(copy)))

        if direction == "get":
            put()

        def one_round(number):
            both = alternate(number, put if direction == "put" else get, lambda: by_program(direction, folder / "source", peers))
            run(["cmp", folder / "source", stored / "bench/object" if direction == "put" else copy])
            return both

        rounds = bench.rounds(name, one_round)
    shutil.rmtree(folder)
    return result("s", rounds, "sftp", f"sftp {direction} -f of {bench.options.gib} GiB, Ciphers {CIPHER}")


class S3:
    """The object gateway of Ceph, with everything that it stores in one folder."""

    BUCKET = "backups"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.keys = self.folder / "keys.env"
        self.curl = ["curl", "--fail", "--silent", "--show-error", "--config", self.folder / "curl.conf",
                     "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]

    @contextlib.contextmanager
    def running(self):
        server = subprocess.Popen([TOP / "tools/ceph", "start", self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.endpoint = server.stdout.readline().strip()
            if not self.endpoint:
                raise SystemExit("Ceph does not start")
            yield self
        finally:
            server.stdin.close()
            server.wait()

    def url(self, key):
        return f"{self.endpoint}/{self.BUCKET}/{key}"

    def remove(self, *keys):
        for key in keys:
            run([*self.curl, "--request", "DELETE", self.url(key)])
        # What was removed is no cost of the next one, nor of the disk.
        run(["radosgw-admin", "--conf", self.folder / "ceph.conf", "gc", "process", "--include-all"])
        os.sync()

    def require_same(self, key, source):
        with subprocess.Popen([*self.curl, self.url(key)], stdout=subprocess.PIPE) as download:
            run(["cmp", source, "-"], stdin=download.stdout)


def s3_upload(bench):
    folder = bench.work / "s3-upload"
    folder.mkdir()
    source = folder / "source"
    random_file(source, bench.options.gib << 30)
    with S3(folder / "s3").running() as s3:
        transfer = JavaClass("ObjectTransfer", folder / "classes")
        mine, peers = "bench/object", "peers"

        def ours():
            return timed(lambda: transfer("s3", s3.endpoint, s3.BUCKET, str(s3.keys), "put", str(source)))

        def peer():
            return timed(lambda: run([*s3.curl, "--upload-file", source, s3.url(peers)]))

        def one_round(number):
            both = alternate(number, ours, peer)
            for stored in (mine, peers):
                s3.require_same(stored, source)
            s3.remove(mine, peers)
            return both

        rounds = bench.rounds("s3-upload", one_round)
    shutil.rmtree(folder)
    return result("s", rounds, "curl", f"curl --aws-sigv4 aws:amz:us-east-1:s3 --header 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --upload-file"
                  f" of {bench.options.gib} GiB, Ceph's object gateway")


ALL = {
    "sftp-upload": (lambda bench: sftp(bench, "sftp-upload", "put"), "seconds of a file (--gib) into a storage over SFTP, against sftp of OpenSSH"),
    "sftp-download": (lambda bench: sftp(bench, "sftp-download", "get"), "the same out of it"),
    "s3-upload": (s3_upload, "seconds of a file (--gib) into a bucket of Ceph's object gateway (tools/ceph), against one PUT of curl"),
    "sync-small-files": (sync_small_files, "seconds of drp sync of 5,000 new files over SSH, against rsync -a"),
    "sync-unchanged": (sync_unchanged, "the same where nothing has changed"),
    "sync-big-file": (sync_big_file, "the same of a new file of 1 GiB"),
    "sync-changed-bytes": (sync_changed_bytes, "the same where a hundredth of that file has changed"),
}
