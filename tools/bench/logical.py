"""Logical backups and restores, against the commands that the written plans have."""

import shutil

from harness import alternate, result, say, timed
from server import Server, dataset
from sides import Drp

RECIPIENTS = [  # nobody has kept their identities
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "age1e6c6qz69sgy3ym5ve4vrw3dmh63h2e5pacjfhhveyypg36txt52qegxh6g",
]
PEER = "pg_dump to a file, then gzip"
PEER_BACKUP = "pg_dump > dump.sql; gzip dump.sql; sync dump.sql.gz ."
PEER_RESTORE = "createdb app; gunzip -c dump.sql.gz | psql -Xq -v ON_ERROR_STOP=1"


def backups(bench):
    """Seconds and bytes come from the same rounds."""
    server = dataset(bench.options.users)
    folder = bench.work / "backup"
    drp = Drp(server, folder)
    peer_folder = folder / "peer"

    def peer():
        peer_folder.mkdir()
        seconds = timed(lambda: server.shell(PEER_BACKUP, peer_folder))
        size = (peer_folder / "dump.sql.gz").stat().st_size
        shutil.rmtree(peer_folder)
        return seconds, size

    def ours():
        seconds = timed(lambda: drp("backup", "production", "--kind", "logical"))
        size = drp.stored_bytes()
        drp.forget()
        return seconds, size

    with server.running():
        return bench.seconds_and_bytes("logical-backup", ours, peer)


def backup(bench):
    return result("s", bench.once("logical", lambda: backups(bench))[0], PEER, PEER_BACKUP)


def backup_bytes(bench):
    return result("bytes", bench.once("logical", lambda: backups(bench))[1], PEER, PEER_BACKUP)


def encryption_cost(bench):
    server = dataset(bench.options.users)
    encrypting = Drp(server, bench.work / "encrypted", recipients=RECIPIENTS)
    plain = Drp(server, bench.work / "plain")

    def side(drp):
        def backup():
            seconds = timed(lambda: drp("backup", "production", "--kind", "logical"))
            drp.forget()
            return seconds
        return backup

    with server.running():
        rounds = bench.rounds("encryption-cost", lambda number: alternate(number, side(encrypting), side(plain)))
    return result("s", rounds, "the same without recipients", "drp backup production --kind logical")


def restore(bench):
    server = dataset(bench.options.users)
    folder = bench.work / "restore"
    drp = Drp(server, folder)
    with server.running():
        say("logical-restore: taking the backups to restore from")
        drp("backup", "production", "--kind", "logical")
        server.shell("pg_dump | gzip -1 > dump.sql.gz", folder)
        expected = server.rows()

    def ours():
        with Server.fresh(folder / "fresh") as fresh:
            drp.write_plan(fresh)
            return timed(lambda: (drp("restore", "production"), fresh.require_rows(expected)))

    def peer():
        with Server.fresh(folder / "fresh") as fresh:
            return timed(lambda: (fresh.shell(PEER_RESTORE, folder), fresh.require_rows(expected)))

    rounds = bench.rounds("logical-restore", lambda number: alternate(number, ours, peer))
    return result("s", rounds, "gunzip into psql", PEER_RESTORE)


ALL = {
    "logical-backup": (backup, "seconds of a logical backup, against pg_dump to a file, then gzip"),
    "logical-backup-bytes": (backup_bytes, "what it takes up, against the same"),
    "encryption-cost": (encryption_cost, "seconds of a logical backup for two recipients, against one that is not encrypted"),
    "logical-restore": (restore, "seconds of a restore after total loss, until all tables are counted, against gunzip into psql"),
}
