"""What drp itself takes where there is no peer: the time of a look at the state, and memory."""

import json
import shutil

from harness import folder_of_account, result, say, timed
from server import Server, dataset
from sides import Drp


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


def memory(bench, name, server):
    cases = bench.once(name, lambda: peaks(bench, name, server))
    most = max(case["residentMiB"] for case in cases.values())
    return {**result("MiB resident at most, with -Xmx256m", [{"ours": most, "peer": None}]), "cases": cases}


def memory_1gb(bench):
    return memory(bench, "1gb", dataset(200_000))


def memory_4gb(bench):
    return memory(bench, "4gb", dataset(200_000, copies=6))


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
    "scaling": (scaling, "seconds of all backups and restores of 0.25, 1 and 4 GB"),
}
