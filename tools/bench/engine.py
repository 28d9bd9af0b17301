"""Programs in containers: bytes that stream out of one and into one, against the Docker command line."""

import contextlib
import os
import subprocess

from harness import TOP, JavaClass, alternate, result, run, say, timed

BYTES = 2 << 30


@contextlib.contextmanager
def container_with_data():
    run([TOP / "tools/engine", "start"])
    run([TOP / "tools/image", "postgres"])
    name = run(["docker", "run", "--detach", "--rm", "--network=none", "--entrypoint=sleep", "drp-it/postgres:15", "infinity"]).strip()
    try:
        run(["docker", "exec", name, "sh", "-c", f"head -c {BYTES} /dev/urandom > /tmp/data"])
        yield name
    finally:
        run(["docker", "kill", name])
        run([TOP / "tools/engine", "stop"])


def exec_stream(bench):
    """The worse of both directions, and both."""
    folder = bench.work / "exec-stream"
    folder.mkdir()
    stream = JavaClass("ExecStream", folder)
    cases = {}
    with container_with_data() as name:
        data = folder / "data"
        with open(data, "wb") as file:
            subprocess.run(["docker", "exec", name, "cat", "/tmp/data"], stdout=file, check=True)

        def ours(direction):
            with open(data, "rb") as source, open(os.devnull, "wb") as sink:
                return timed(lambda: stream(direction, name, stdin=source, stdout=sink))

        def peer(*command):
            with open(data, "rb") as source, open(os.devnull, "wb") as sink:
                return timed(lambda: run(["docker", "exec", *command], stdin=source, stdout=sink))

        commands = {"out": [name, "cat", "/tmp/data"], "in": ["-i", name, "sh", "-c", "cat > /dev/null"]}
        for direction, command in commands.items():
            say(f"exec-stream: {direction}, {BYTES >> 20} MiB")
            rounds = bench.rounds(f"exec-stream, {direction}", lambda number: alternate(number, lambda: ours(direction), lambda: peer(*command)))
            cases[direction] = result("s", rounds, f"docker exec, {direction}", "docker exec " + " ".join(command).replace(name, "CONTAINER"))
    return {**max(cases.values(), key=lambda entry: entry["ratio"]), "cases": cases}


ALL = {
    "exec-stream": (exec_stream, "seconds that bytes take out of and into a program in a container, the worse one, against docker exec"),
}
