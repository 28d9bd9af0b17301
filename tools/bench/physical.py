"""Physical backups and restores, against pgBackRest with its best settings for this machine."""

import contextlib
import os
import shutil
import time

import logical
import memory
from harness import alternate, folder_of_account, result, say, timed
from server import Server, dataset
from sides import Drp, PgBackRest

# One per cent of the answers each, another one in every round. By id, answers lie in thirty places of the table.
CHANGES = {
    "contiguous ids": '"userId" > {round} * {users} / 100 and "userId" <= ({round} + 1) * {users} / 100',
    "every hundredth id": '"userId" % 100 = {round}',
}


@contextlib.contextmanager
def both_sides(bench, name):
    """A running copy of the dataset's server with both sides' ways to back it up."""
    folder = bench.work / name
    with Server.copied(dataset(bench.options.users), folder / "server") as server:
        peer = PgBackRest(server, folder / "peer")
        with server.running(*peer.server_settings()):
            peer("stanza-create")
            yield server, Drp(server, folder), peer
    shutil.rmtree(folder)


def full_backups(bench):
    """Seconds and bytes come from the same rounds."""
    with both_sides(bench, "physical-backup") as (server, drp, peer):
        def ours():
            drp.forget()
            return drp.physical_backup(server)

        return bench.seconds_and_bytes("physical-backup", ours, lambda: peer.backup("full"))


def full(bench, unit, which):
    rounds = bench.once("physical", lambda: full_backups(bench))[which]
    return result(unit, rounds, "pgBackRest, full", PgBackRest.described("backup --type=full"))


def repeat_backups(bench):
    """Seconds and bytes for each way of changing one per cent, all after one full backup of each side."""
    rounds = {}
    with both_sides(bench, "repeat-backup") as (server, drp, peer):
        say("repeat-backup: taking the first backups")
        drp.physical_backup(server)
        peer.backup("full")
        for case, condition in CHANGES.items():
            def change(number):
                which = condition.format(round=number, users=bench.options.users)
                server.sql(f"update answers set content = reverse(content) where {which}")

            rounds[case] = bench.seconds_and_bytes(
                f"repeat-backup, {case}", lambda: drp.physical_backup(server), lambda: peer.backup("incr"), change)
    return rounds


def repeat(bench, unit, which):
    """The worse of the cases, and all of them."""
    command = PgBackRest.described("backup --type=incr")
    cases = {case: result(unit, rounds[which], f"pgBackRest, incremental, {case}", command)
             for case, rounds in bench.once("repeat", lambda: repeat_backups(bench)).items()}
    return {**max(cases.values(), key=lambda entry: entry["ratio"]), "cases": cases}


def restore(bench):
    """From nothing but the backup to a server that has counted all tables."""
    with both_sides(bench, "physical-restore") as (server, drp, peer):
        say("physical-restore: taking the backups to restore from")
        drp.physical_backup(server)
        peer.backup("full")
        expected = server.rows()
        newest_into = drp.newest_into()

        def ours():
            return restored(bench, lambda data: drp("restore", *newest_into, data))

        def theirs():
            return restored(bench, lambda data: peer("restore", f"--pg1-path={data}", *PEER_TARGET), expected)

        rounds = bench.rounds("physical-restore", lambda number: alternate(number, ours, theirs))
        forget_restored(bench)
    return result("s", rounds, "pgBackRest", PgBackRest.described("restore " + " ".join(PEER_TARGET)))


# Ours ends where the backup did, too.
PEER_TARGET = ["--type=immediate", "--target-action=promote"]


def restored(bench, restore, expected=None):
    """Seconds until all tables were counted and a server on the restored files answers; ours counts before it says so.

    What was restored stays until all rounds are over: within a minute after a thousand files were deleted, ext4 looks at
    each of them again for every file that is made.
    """
    server = Server(folder_of_account(bench.work / f"restored-{len(list(bench.work.glob('restored-*')))}"))
    started = time.monotonic()
    restore(server.data)
    with server.running():
        if expected:
            server.require_rows(expected)
        else:
            server.sql("select 1")
        seconds = time.monotonic() - started
    os.sync()
    memory.forget(server.folder)
    return seconds


def forget_restored(bench):
    for folder in bench.work.glob("restored-*"):
        shutil.rmtree(folder)


def restore_against_script(bench):
    folder = bench.work / "restore-vs-script"
    server = dataset(bench.options.users)
    drp = Drp(server, folder)
    with server.running():
        say("physical-restore-vs-script: taking the backups to restore from")
        drp("backup", "production", "--kind", "physical")
        server.shell("pg_dump | gzip -1 > dump.sql.gz", folder)
        expected = server.rows()
    newest_into = drp.newest_into()

    def ours():
        return restored(bench, lambda data: drp("restore", *newest_into, data))

    def script():
        with Server.fresh(folder / "fresh") as fresh:
            return timed(lambda: (fresh.shell(logical.PEER_RESTORE, folder), fresh.require_rows(expected)))

    rounds = bench.rounds("physical-restore-vs-script", lambda number: alternate(number, ours, script))
    forget_restored(bench)
    return result("s", rounds, "gunzip into psql", logical.PEER_RESTORE)


def delta_restore(bench):
    """Of a directory in which nothing differs, but what starting a server on it changed."""
    with both_sides(bench, "delta-restore") as (server, drp, peer):
        drp.physical_backup(server)
        peer.backup("full")
        expected = server.rows()
        say("delta-restore: restoring to the directories that are then repaired")
        mine, theirs = (Server(folder_of_account(bench.work / name)) for name in ("mine", "theirs"))
        newest_into = drp.newest_into()
        drp("restore", *newest_into, mine.data)
        peer("restore", f"--pg1-path={theirs.data}", *PEER_TARGET)

        def repaired(restored_server, repair, counts):
            started = time.monotonic()
            repair()
            with restored_server.running():
                if counts:
                    restored_server.sql("select 1")
                else:
                    restored_server.require_rows(expected)
                return time.monotonic() - started

        rounds = bench.rounds("delta-restore", lambda number: alternate(
            number,
            lambda: repaired(mine, lambda: drp("restore", *newest_into, mine.data, "--delta"), counts=True),
            lambda: repaired(theirs, lambda: peer("restore", "--delta", f"--pg1-path={theirs.data}", *PEER_TARGET), counts=False)))
        shutil.rmtree(mine.folder)
        shutil.rmtree(theirs.folder)
    return result("s", rounds, "pgBackRest, delta", PgBackRest.described("restore --delta " + " ".join(PEER_TARGET)))


ALL = {
    "physical-backup": (lambda bench: full(bench, "s", 0), "seconds of a first physical backup, against pgBackRest's full one"),
    "physical-backup-bytes": (lambda bench: full(bench, "bytes", 1), "what it takes up, against the same"),
    "repeat-backup": (lambda bench: repeat(bench, "s", 0),
                      "seconds of a physical backup after 1 % has changed, against pgBackRest's incremental one"),
    "repeat-backup-bytes": (lambda bench: repeat(bench, "bytes", 1), "what it adds, against the same"),
    "physical-restore": (restore, "seconds of a restore from nothing until all tables are counted, against pgBackRest's"),
    "physical-restore-vs-script": (restore_against_script, "seconds of the same, against gunzip into psql"),
    "delta-restore": (delta_restore, "seconds of repairing a directory in which nothing differs, against pgBackRest's"),
}
