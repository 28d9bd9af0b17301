"""The benchmarks of ./bench: whole processes, ours and a peer's in interleaved rounds, compared by their medians.

Both sides of a round start from the same state and end with the same guarantee: files synced, contents compared.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import engine
import log
import logical
import memory
import physical
import resources
import stack
import transfer
from harness import LONG_ROUNDS, ROUNDS, TOP, Bench, say

ALL = {**logical.ALL, **physical.ALL, **log.ALL, **engine.ALL, **transfer.ALL, **stack.ALL, **resources.ALL}


def main():
    parser = argparse.ArgumentParser(
        prog="./bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares drp with the usual tools. A ratio is our cost over the peer's: lower is better.",
        epilog="benchmarks (all, if none is named):\n" + "\n".join(f"  {name:26}{text}" for name, (_, text) in ALL.items()))
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--rounds", type=int, help=f"rounds of each (default {ROUNDS}, {LONG_ROUNDS} where one takes over a minute)")
    parser.add_argument("--users", type=int, default=200_000, help="size of the reference dataset (default 200000: about 1 GB)")
    parser.add_argument("--gib", type=int, default=4, help="size of the file that goes to storages on other machines (default 4)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in ALL]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    subprocess.run([TOP / "drp", "--version"], stdout=subprocess.DEVNULL, check=True)  # builds it, if need be
    work = Path(tempfile.mkdtemp(prefix="drp-bench."))
    work.chmod(0o755)
    try:
        bench = Bench(options, work)
        results = []
        with memory.kept():
            for name in options.names or ALL:
                results.append({"name": name, **ALL[name][0](bench)})
                say(line(results[-1]))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(json.dumps(results, indent=1) if options.output == "json" else "\n".join(map(line, results)))


def line(entry):
    text = f"{entry['name']}: {entry['ours']:,.2f} {entry['unit']}"
    return text if entry["peer"] is None else f"{text}; {entry['peerName']}: {entry['peer']:,.2f}; ratio {entry['ratio']}"


if __name__ == "__main__":
    main()
