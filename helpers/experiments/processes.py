"""Programs for several processes, written from notebook cells, launched by torchrun; what each printed."""
import inspect
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import suppress
from pathlib import Path

HEAD = '''\
"""{name}, written from a notebook's cells.

One machine:   torchrun --nproc-per-node 4 {name}
Several; K is the machine's number (node rank): 0, 1, ...
               torchrun {several} {name}
"""
import torch
import torch.distributed as dist
from torch import nn
'''
SEVERAL = "--nnodes 2 --node-rank K --nproc-per-node 2 --master-addr FIRST_MACHINE --master-port 29500"
MAIN = '''
if __name__ == "__main__":
    dist.init_process_group("gloo")          # gloo: processes on CPUs; with GPUs it is "nccl"
    try:
        {main}()
        dist.barrier()                       # all leave together: who is left alone at the end may be aborted
    finally: dist.destroy_process_group()
'''


def write(path, main, *parts):
    """Write a program for torchrun: the cells that define parts and main, a call of main() in each process.

    path: the file, replaced where it exists; returned. main, parts: functions or classes, each with the whole
    cell it stands in; the program has `torch`, `nn` and `dist` (torch.distributed) imported and one process
    group of all processes. Raises ValueError where the source of a part is unknown.
    """
    path = Path(path)
    cells = dict.fromkeys(map(cell_of, (*parts, main)))  # each once, in order
    text = [HEAD.format(name=path.name, several=SEVERAL), *cells, MAIN.format(main=main.__name__)]
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


def launch(program, *arguments, processes=2, hosts=1, port=None, limit=120):
    """Run a program in hosts x processes processes on this machine; what they printed: {rank: text}.

    program: a file for torchrun. processes: on each host. hosts: more than 1 starts as many torchruns, each
    with its own node rank, as several machines would. port: on which they meet at 127.0.0.1; a free one if
    None. limit: seconds. An abort in the C++ below torch is no fault of the program's Python (gloo's: once in
    some dozens of runs on a busy machine): all is tried once more.
    Raises ChildProcessError, which names the process that died first and its last words; OSError where the
    port is taken; TimeoutError. Whatever happens, no process is left behind.
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
        if "SIGABRT" not in str(error):
            raise
    return run()


def once(program, arguments, processes, hosts, port, limit):
    """One launch, to its end."""
    rest = [f"--nnodes={hosts}", f"--nproc-per-node={processes}", "--master-addr=127.0.0.1",
            f"--master-port={port}", "--redirects=3", str(program), *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        runs = [start(host, logs / str(host), rest) for host in range(hosts)]
        try:
            said = wait(runs, limit)
        finally:
            end(runs)
        words = files(logs, processes)
        if any(run.returncode for run in runs):
            raise ChildProcessError(post_mortem(said, words))
        return {rank: file.with_name("stdout.log").read_text().rstrip() for rank, file in words.items()}


def start(host, logs, rest):
    """One torchrun, as each machine starts one. Its messages go to a file: nothing waits for a full pipe."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", f"--node-rank={host}", f"--log-dir={logs}"]
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    env = {**os.environ, "OMP_NUM_THREADS": "1", **({"GLOO_SOCKET_IFNAME": loopback} if loopback else {})}
    logs.mkdir()
    with open(logs / "torchrun.log", "w") as out:
        run = subprocess.Popen(torchrun + rest, stdout=out, stderr=out, env=env, start_new_session=True)
    run.log = logs / "torchrun.log"
    return run


def wait(runs, limit):
    """Until all have ended, or one has failed: the others would wait for it. Returns torchrun's messages."""
    end_by = time.monotonic() + limit
    while any(run.poll() is None for run in runs) and not any(run.poll() for run in runs):
        if time.monotonic() > end_by:
            raise TimeoutError(
                f"not done after {limit} s, and stopped: do all processes take part in every exchange?")
        time.sleep(0.05)
    return "\n".join(run.log.read_text() for run in runs)


def end(runs):
    """torchrun ends its processes when it is told to; what does not listen is killed."""
    running = [run for run in runs if run.poll() is None]
    workers = [pid for run in running for pid in children(run.pid)]
    for run in running:
        run.terminate()
    for run in running:
        try:
            run.wait(10)
        except subprocess.TimeoutExpired:
            run.kill()
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children(parent):
    """The processes that a process has started."""
    table = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True).stdout
    return [int(pid) for ppid, pid in map(str.split, table.splitlines()) if int(ppid) == parent]


def files(logs, processes):
    """{rank: its stderr.log}, in order; logs/K holds those of the K-th torchrun."""
    def rank(file): return int(file.parents[3].name) * processes + int(file.parent.name)
    return {rank(file): file for file in sorted(logs.glob("*/*/attempt_0/*/stderr.log"), key=rank)}


def post_mortem(said, words):
    """Who died first, and of what. The others then die of a lost connection, which says nothing."""
    last = {rank: last_line(file) for rank, file in words.items()}
    for rank, line in last.items():
        if re.match(r"\w*(Error|Exception|Interrupt)\b", line) and "onnection" not in line:
            return f"process {rank} died: {line}"
    root = re.search(r"Root Cause.*?rank\s*: (\d+).*?exitcode\s*: (-?\d+)", said, re.S)
    if not root:
        return "torchrun failed: " + textwrap.shorten(said[-600:], 600)
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
