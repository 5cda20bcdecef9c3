"""Programs for several processes, written from notebook cells, launched by torchrun; what each printed."""
import ctypes
import faulthandler
import inspect
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
from contextlib import suppress
from pathlib import Path

HEAD = '''\
"""{name}, written from a notebook's cells.

One machine:   torchrun --nproc-per-node 2 {name}
Several; K is the machine's number (node rank): 0, 1, ...
               torchrun {several} {name}
"""
import torch
import torch.distributed as dist
from torch import nn
'''
SEVERAL = "--nnodes 2 --node-rank K --nproc-per-node 1 --master-addr FIRST_MACHINE --master-port 29500"
MAIN = '''
if __name__ == "__main__":
    dist.init_process_group("gloo")          # gloo: processes on CPUs; with GPUs it is "nccl"
    try:
        {main}({given})
        dist.barrier()                       # all leave together: who is left alone at the end may be aborted
    finally: dist.destroy_process_group()
'''
MARK = "HELPERS_LAUNCH"  # in the environment of all that a launch starts: the folder of its logs
# Forked from torchrun, processes share the torch it has imported: 300 MB less each with a torch for GPUs.
SHARED = ["--run-path", "--start-method=fork", __file__] if sys.platform == "linux" else []
PROC = Path("/proc")  # Linux keeps there what processes run, and in which environment
OTHERS = r"onnection|connectFullMesh"  # what processes say whose partner has died, or never came
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows either ends a process at once


def write(path, main, *parts):
    """Write a program for torchrun: the cells that define parts and main, a call of main() in each process.

    path: the file, replaced where it exists; returned. main, parts: functions or classes, each with the whole
    cell it stands in; the program has `torch`, `nn` and `dist` (torch.distributed) imported and one process
    group of all processes. Where main has parameters, it gets the parts of these names. Raises ValueError
    where the source of a part is unknown.
    """
    path = Path(path)
    cells = dict.fromkeys(map(cell_of, (*parts, main)))  # each once, in order
    end = MAIN.format(main=main.__name__, given=", ".join(inspect.signature(main).parameters))
    text = [HEAD.format(name=path.name, several=SEVERAL), *cells, end]
    path.write_text("\n\n".join(text), encoding="utf-8")
    return path


def cell_of(thing):
    """The text of the cell, or of the file, in which a function or class is defined."""
    parts = vars(thing).values() if inspect.isclass(thing) else [thing]
    known = filter(inspect.isfunction, [getattr(part, "__func__", part) for part in parts])
    try:  # a class by a method: a cell's have no file
        return "".join(inspect.findsource(next(known))[0]).strip()
    except (OSError, StopIteration):
        raise ValueError(f"the source of {getattr(thing, '__name__', thing)!r} is unknown: define it in a "
                         "cell, as a function or a class with a method") from None


def run_cells(main, *parts, arguments=(), processes=2):
    """Write the program of these cells and launch it once; what each process printed: {rank: text}."""
    with tempfile.TemporaryDirectory() as folder:
        program = write(Path(folder) / f"{main.__name__}.py", main, *parts)
        return launch(program, *arguments, processes=processes)


def launch(program, *arguments, processes=2, hosts=1, port=None, limit=120):
    """Run a program in hosts x processes processes on this machine; what they printed: {rank: text}.

    program: a file for torchrun. processes: on each host. hosts: more than 1 starts as many torchruns, each
    with its own node rank, as several machines would. port: on which they meet at 127.0.0.1; a free one if
    None. limit: seconds. What fails in the C++ below torch is no fault of the program's Python (an abort of
    gloo's, torchruns that lose each other, processes that do not meet: once in dozens of runs on a busy
    machine): all is tried once more.
    Raises ChildProcessError, which names the process that died first and its last words; OSError where the
    port is taken; TimeoutError. Whatever happens, no process is left behind; nor, on Linux or where `ps` is,
    one that these have started.
    """
    if not Path(program).is_file():
        raise FileNotFoundError(f"no program {str(program)!r}: write it first")
    if min(processes, hosts) < 1:
        raise ValueError(f"processes={processes}, hosts={hosts}: expected at least 1 of each")
    if port:
        check(port)

    def run(): return once(program, arguments, processes, hosts, port or free_port(), limit)
    try:
        return run()
    except ChildProcessError as error:
        if not re.search(r"SIGABRT|^torchrun failed: .*libtorch|connectFullMesh failed", str(error)):
            raise
    return run()


def once(program, arguments, processes, hosts, port, limit):
    """One launch, to its end."""
    rest = [f"--nnodes={hosts}", f"--nproc-per-node={processes}", "--master-addr=127.0.0.1",
            f"--master-port={port}", "--redirects=3", *SHARED, str(program), *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        logs, runs = Path(folder), []
        try:
            for host in range(hosts):
                runs.append(start(host, logs / str(host), rest))
            said = wait(runs, limit)
        finally:
            end(runs, folder)
        words = files(logs, processes)
        if codes := [run.returncode for run in runs if run.returncode]:
            raise ChildProcessError(post_mortem(said, words, codes[0]))
        return {rank: file.with_name("stdout.log").read_text().rstrip() for rank, file in words.items()}


def start(host, logs, rest):
    """One torchrun, as each machine starts one. Its messages go to a file: nothing waits for a full pipe."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", f"--node-rank={host}", f"--log-dir={logs}"]
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    env = {**os.environ, "OMP_NUM_THREADS": "1", MARK: str(logs.parent),
           **({"GLOO_SOCKET_IFNAME": loopback} if loopback else {})}
    logs.mkdir()
    with open(logs / "torchrun.log", "w") as out:
        run = subprocess.Popen(torchrun + rest, stdout=out, stderr=out, env=env, start_new_session=True,
                               preexec_fn=ends_with_parent if sys.platform == "linux" else None)
    run.log = logs / "torchrun.log"
    return run


def ends_with_parent():
    """In a child, before it runs: Linux sends it SIGTERM when the kernel that started it dies, in any way.

    torchrun then ends its processes."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)                    # PR_SET_PDEATHSIG


def wait(runs, limit):
    """Until all have ended, or one has failed: the others would wait for it. Returns torchrun's messages."""
    end_by = time.monotonic() + limit
    while any(run.poll() is None for run in runs) and not any(run.poll() for run in runs):
        if time.monotonic() > end_by:
            raise TimeoutError(
                f"not done after {limit} s, and stopped: do all processes take part in every exchange?")
        time.sleep(0.05)
    return "\n".join(run.log.read_text() for run in runs)


def end(runs, mark):
    """Ends what is left of a launch. A torchrun that sees its processes die clears up and ends; one that does
    not is killed after 10 s, or at once where a second interrupt comes."""
    try:
        kill(started(runs, mark))
        for run in runs:
            run.terminate()
        for run in runs:
            run.wait(10)
    except subprocess.TimeoutExpired:
        pass
    finally:
        for _ in range(250):  # a killed process may take a moment
            torchruns, rest = alive(runs), started(runs, mark)
            if not torchruns and not rest:
                break
            kill(torchruns, getattr(os, "killpg", os.kill))  # each leads a group
            kill(rest)
            time.sleep(0.02)


def alive(runs):
    return [run.pid for run in runs if run.poll() is None]


def kill(pids, how=os.kill):
    for pid in pids:
        with suppress(OSError):  # it has ended meanwhile
            how(pid, KILL)


def started(runs, mark):
    """Process ids of all that torchruns have started, and of what that has: each has a session of its own.

    On Linux by the mark, which those keep whose parent has died; elsewhere by the table of `ps`. Without it
    none is known: a torchrun that is terminated ends its own.
    """
    torchruns = alive(runs)
    if (PROC / "self/environ").exists():
        line = f"{MARK}={mark}\0".encode()
        pids = [int(name) for name in os.listdir(PROC) if name.isdigit() and line in environment(name)]
        return [pid for pid in pids if pid not in torchruns]
    try:
        said = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return []
    table = [tuple(map(int, line.split())) for line in said.splitlines()]
    found = [*torchruns]
    for parent in found:  # grows meanwhile: children of children, too
        found += [pid for ppid, pid in table if ppid == parent]
    return found[len(torchruns):]


def environment(pid):
    try:
        return (PROC / pid / "environ").read_bytes()
    except OSError:  # it has ended, or is another user's
        return b""


def files(logs, processes):
    """{rank: its stderr.log}, in order; logs/K holds those of the K-th torchrun."""
    def rank(file): return int(file.parents[3].name) * processes + int(file.parent.name)
    return {rank(file): file for file in sorted(logs.glob("*/*/attempt_0/*/stderr.log"), key=rank)}


def post_mortem(said, words, code):
    """Who died first, and of what. The others then die of a lost connection, which says nothing. code: how
    torchrun ended, for where it had no time to say why."""
    last = {rank: last_line(file) for rank, file in words.items()}
    for rank, line in last.items():
        if re.match(r"\w*(Error|Exception|Interrupt)\b", line) and not re.search(OTHERS, line):
            return f"process {rank} died: {line}"
    root = re.search(r"Root Cause.*?rank\s*: (\d+).*?exitcode\s*: (-?\d+)", said, re.S)
    if not root:
        return "torchrun failed: " + (textwrap.shorten(said[-600:], 600) or cause(code, ""))
    rank, code = map(int, root.groups())
    return f"process {rank} died: {cause(code, last.get(rank))}"


def last_line(file):
    """Without the "[rank0]: " of torch; nothing where there is none."""
    lines = file.read_text().strip().splitlines() or [""]
    return re.sub(r"^\[rank\d+\]: ", "", lines[-1])


def cause(code, line):
    """What ended a process that raised nothing, by its exit code and last line."""
    if code == -signal.SIGABRT and line:  # C++ below torch
        return f"it ended itself (SIGABRT), saying: {line}"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else line or f"exit code {code}"


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def check(port):
    """Raises OSError where another program listens there."""
    with socket.socket() as door:
        try:
            door.bind(("", port))
        except OSError as error:
            raise OSError(f"port {port} cannot be used ({error.strerror}): choose another, "
                          "or leave it out for a free one") from None


def as_python_would(program):
    """Run a program in a process that torchrun has forked, and end it as `python program` would."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not torchrun's answer, nor its words on an abort
    faulthandler.disable()
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        sys.exit(end.code if isinstance(end.code, int) else int(end.code is not None))
    except BaseException as error:
        traceback.print_exc()
        if re.search(OTHERS, str(error)):  # another has died: torchrun shall see that one first
            time.sleep(1)
        sys.exit(1)


if __name__ == "__main__":
    del sys.argv[0]  # this file: SHARED
    as_python_would(sys.argv[0])
