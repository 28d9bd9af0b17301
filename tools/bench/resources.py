"""What drp itself takes where there is no peer: the time of a look at the state, and memory."""

import json
import shutil

import transfer
from harness import USER, folder_of_account, result, say, timed
from logical import RECIPIENTS
from server import BIN, Server, dataset
from sides import Drp, Planned

FILES = 100_000


def status_1000(bench):
    server = dataset(1000)
    drp = Drp(server, bench.work / "status")
    with server.running():
        drp("backup", "production", "--kind", "logical")
    drp.multiply(1000)
    drp("status", "--refresh", accepted=(0, 4))
    listed = len(json.loads(drp("backups"))["backups"])
    if listed != 1000:
        raise SystemExit(f"the catalog lists {listed} backups instead of 1000")

    rounds = bench.rounds("status-1000", lambda _: (timed(lambda: drp("status", accepted=(0, 4))), None))
    return result("s", rounds)


def peaks(bench, name, server):
    """The seconds and the most resident bytes of each kind of backup and restore."""
    drp = Drp(server, bench.work / name)
    found = {}

    def measure(what, *arguments):
        peak, seconds = drp.peak_resident(*arguments)
        say(f"{name}: {what}: {peak / 2**20:.0f} MiB resident, {seconds:.1f} s")
        found[what] = {"seconds": seconds, "residentMiB": peak / 2**20}

    with server.running():
        measure("physical backup", "backup", "production", "--kind", "physical")
        measure("repeated physical backup", "backup", "production", "--kind", "physical")
    restored = folder_of_account(bench.work / name / "restored")
    measure("physical restore", "restore", *drp.newest_into(), restored / "data")
    shutil.rmtree(restored)
    drp.forget()
    with server.running():
        measure("logical backup", "backup", "production", "--kind", "logical")
    with Server.fresh(bench.work / name / "fresh") as fresh:
        drp.write_plan(fresh)
        measure("logical restore", "restore", "production")
    shutil.rmtree(bench.work / name)
    return found


def peak_memory(bench, name, server):
    cases = bench.once(name, lambda: peaks(bench, name, server))
    most = max(case["residentMiB"] for case in cases.values())
    return {**result("MiB resident at most, with -Xmx256m", [{"ours": most, "peer": None}]), "cases": cases}


def memory_1gb(bench):
    return peak_memory(bench, "1gb", dataset(200_000))


def memory_4gb(bench):
    return peak_memory(bench, "4gb", dataset(200_000, copies=6))


def four_storages(folder, sshd, s3):
    """Two folders, another machine over SSH, and a bucket."""
    return {
        "first": {"directory": str(folder / "first")},
        "second": {"directory": str(folder / "second")},
        "machine": {"sftp": sshd.account, "path": str(folder / "machine"), "off-site": True, **sshd.login},
        "bucket": {"s3": s3.BUCKET, "endpoint": s3.endpoint, "off-site": True,
                   "access-key": f"env-file:{s3.keys}#ID", "secret-key": f"env-file:{s3.keys}#KEY"},
    }


def many_files(folder):
    for number in range(FILES):
        place = folder / f"{number % 100:02}" / f"{number // 100 % 100:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file-{number}").write_text(f"{number}\n" * 50)


def memory_storages(bench):
    """Encrypted backups of the server and of a folder to all of them, the folder's sync, and its restore."""
    folder = bench.work / "storages"
    files = folder / "files"
    files.mkdir(parents=True)
    many_files(files)
    server = dataset(bench.options.users)
    drp = Planned(folder / "drp")
    found = {}

    def measure(what, *arguments):
        peak, seconds = drp.peak_resident(*arguments)
        say(f"memory-storages: {what}: {peak / 2**20:.0f} MiB resident, {seconds:.1f} s")
        found[what] = {"seconds": seconds, "residentMiB": peak / 2**20}

    with transfer.Sshd(folder / "sshd").running() as sshd, transfer.S3(folder / "s3").running() as s3, server.running():
        storages = four_storages(folder, sshd, s3)
        backup = {"environment": "production", "every": "6h", "keep": "7d", "to": list(storages)}
        drp.write({
            "sites": {"here": {"host": "local"}},
            "environments": {"production": {
                "site": "here", "configuration": [str(files)],
                "database": {"host": str(server.folder), "name": "app", "user": USER, "tools": str(BIN)}}},
            "storages": storages,
            "encryption": {"recipients": RECIPIENTS},
            "backups": {"database": {**backup, "kind": "physical"}, "files": {**backup, "kind": "configuration"}},
            "synced-folders": {"files": {
                "environment": "production", "folder": str(files), "with": sshd.account,
                "path": str(folder / "synced"), **sshd.login}}})
        measure("physical backup", "backup", "production", "--kind", "physical")
        measure("backup of 100,000 files", "backup", "production", "--kind", "configuration")
        measure("sync of 100,000 files", "sync", "production")
        measure("sync of 100,000 files, unchanged", "sync", "production")
    shutil.rmtree(folder)
    most = max(case["residentMiB"] for case in found.values())
    return {**result("MiB resident at most, with -Xmx256m", [{"ours": most, "peer": None}]), "cases": found}


def scaling(bench):
    """How many times as long a physical backup and restore of 4 GB take as those of 1 GB; and all times, by size."""
    cases = {
        "0.25 GB": bench.once("250mb", lambda: peaks(bench, "250mb", dataset(50_000))),
        "1 GB": memory_1gb(bench)["cases"],
        "4 GB": memory_4gb(bench)["cases"],
    }
    cost = {size: found["physical backup"]["seconds"] + found["physical restore"]["seconds"] for size, found in cases.items()}
    rounds = [{"ours": cost["4 GB"] / cost["1 GB"], "peer": None}]
    return {**result("times the seconds of 1 GB", rounds), "cases": cases}


ALL = {
    "status-1000": (status_1000, "seconds of drp status with 1,000 backups in the catalog"),
    "memory-1gb": (memory_1gb, "resident memory of all backups and restores of 1 GB"),
    "memory-4gb": (memory_4gb, "resident memory of all backups and restores of 4 GB"),
    "memory-storages": (memory_storages, "resident memory of backups to four storages at once, and of 100,000 files"),
    "scaling": (scaling, "seconds of all backups and restores of 0.25, 1 and 4 GB"),
}
