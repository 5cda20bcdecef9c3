"""Programs that run in several processes, written from notebook cells and launched by torchrun; what each process printed."""
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
from pathlib import Path

HEAD = '''\
"""{name}, written from a notebook's cells.

One machine:   torchrun --nproc-per-node 4 {name}
Several; K is the machine's number (node rank): 0, 1, ...
               torchrun --nnodes 2 --node-rank K --nproc-per-node 2 --master-addr FIRST_MACHINE --master-port 29500 {name}
"""
import torch
import torch.distributed as dist
from torch import nn
'''
MAIN = '''
if __name__ == "__main__":
    dist.init_process_group("gloo")          # gloo: processes on CPUs; with GPUs it is "nccl"
    try:
        {main}()
        dist.barrier()                       # all leave together: who is left alone at the end may be aborted
    finally: dist.destroy_process_group()
'''


def write(path, main, *parts):
    """Write a program for torchrun: the cells that define parts and main, and a call of main() in each process.

    path: the file, replaced where it exists. main, parts: functions or classes, each with the whole cell it stands in; the
    program has `torch`, `nn` and `dist` (torch.distributed) imported and one process group of all processes. Returns the path.
    Raises ValueError where the source of a part is unknown.
    """
    path = Path(path)
    cells = dict.fromkeys(map(cell_of, (*parts, main)))                      # each once, in order
    path.write_text("\n\n".join([HEAD.format(name=path.name), *cells, MAIN.format(main=main.__name__)]), encoding="utf-8")
    return path


def cell_of(thing):
    """The text of the cell, or of the file, in which a function or class is defined."""
    known = [v for v in map(lambda v: getattr(v, "__func__", v), vars(thing).values()) if inspect.isfunction(v)] if inspect.isclass(thing) else [thing]
    try: return "".join(inspect.findsource(known[0])[0]).strip()             # of a class by a method: a cell's classes have no file
    except (OSError, TypeError, IndexError):
        raise ValueError(f"the source of {getattr(thing, '__name__', thing)!r} is unknown: define it in a cell, as a function or a class with a method") from None


def launch(program, *arguments, processes=2, hosts=1, port=None, limit=120):
    """Run a program in hosts x processes processes on this machine, and return what they printed: {rank: text}.

    program: a file for torchrun. processes: on each host. hosts: more than 1 starts as many torchruns, each with its own node
    rank, as several machines would. port: on which they meet at 127.0.0.1; a free one if None. limit: seconds.
    A process that the C++ below torch aborts is no fault of the program's Python (gloo does so once in some dozens of runs on a
    busy machine): then everything is tried once more.
    Raises ChildProcessError, which names the process that died first and its last words; OSError where the port is taken;
    TimeoutError. Whatever happens, no process is left behind.
    """
    if not Path(program).is_file(): raise FileNotFoundError(f"no program {str(program)!r}: write it first")
    if min(processes, hosts) < 1: raise ValueError(f"processes={processes}, hosts={hosts}: expected at least 1 of each")
    if port: checked(port)
    try: return once(program, arguments, processes, hosts, port or free_port(), limit)
    except ChildProcessError as error:
        if "SIGABRT" not in str(error): raise
    return once(program, arguments, processes, hosts, port or free_port(), limit)


def once(program, arguments, processes, hosts, port, limit):
    """One launch, to its end."""
    with tempfile.TemporaryDirectory() as logs:
        runs = [start(program, arguments, processes, hosts, host, port, Path(logs, str(host))) for host in range(hosts)]
        try:
            said = wait(runs, limit)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"not done after {limit} s, and stopped: do all processes take part in every exchange?") from None
        finally:
            end(runs)
        words = {rank: Path(file) for host in range(hosts) for rank, file in files(Path(logs, str(host)), host * processes)}
        if any(run.returncode for run in runs): raise ChildProcessError(post_mortem(said, words))
        return {rank: file.with_name("stdout.log").read_text().rstrip() for rank, file in sorted(words.items())}


def start(program, arguments, processes, hosts, host, port, logs):
    """One torchrun, as each machine starts one. Its messages go to a file: nothing waits for a full pipe."""
    command = [sys.executable, "-m", "torch.distributed.run", f"--nnodes={hosts}", f"--node-rank={host}", f"--nproc-per-node={processes}",
               "--master-addr=127.0.0.1", f"--master-port={port}", "--redirects=3", f"--log-dir={logs}", str(program), *map(str, arguments)]
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    env = {**os.environ, "OMP_NUM_THREADS": "1", **({"GLOO_SOCKET_IFNAME": loopback} if loopback else {})}
    logs.mkdir()
    with open(logs / "torchrun.log", "w") as out:
        run = subprocess.Popen(command, stdout=out, stderr=out, env=env, start_new_session=True)
    run.log = logs / "torchrun.log"
    return run


def wait(runs, limit):
    """Until all have ended, or one has failed: the others would wait for it. Returns torchrun's own messages."""
    end_by = time.monotonic() + limit
    while any(run.poll() is None for run in runs) and not any(run.poll() for run in runs):
        if time.monotonic() > end_by: raise subprocess.TimeoutExpired("torchrun", limit)
        time.sleep(0.05)
    return "\n".join(run.log.read_text() for run in runs)


def end(runs):
    """torchrun ends its processes when it is told to; what does not listen is killed."""
    running = [run for run in runs if run.poll() is None]
    workers = [pid for run in running for pid in children(run.pid)]
    for run in running: run.terminate()
    for run in running:
        try: run.wait(10)
        except subprocess.TimeoutExpired: run.kill()
    for pid in workers:
        try: os.kill(pid, signal.SIGKILL)
        except ProcessLookupError: pass


def children(parent):
    """The processes that a process has started."""
    table = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True).stdout
    return [int(pid) for ppid, pid in map(str.split, table.splitlines()) if int(ppid) == parent]


def files(logs, first):
    """(rank, its stderr.log) of each process of one torchrun; first: the rank of the first."""
    return [(first + int(file.parent.name), file) for file in logs.glob("*/attempt_0/*/stderr.log")]


def post_mortem(said, words):
    """Who died first, and of what. The others then die of a lost connection, which says nothing."""
    last = {rank: re.sub(r"^\[rank\d+\]: ", "", lines[-1]) for rank, file in sorted(words.items()) if (lines := file.read_text().strip().splitlines())}
    own = {rank: line for rank, line in last.items() if re.match(r"\w*(Error|Exception|Interrupt)\b", line) and "onnection" not in line}
    if own:
        rank, line = next(iter(own.items()))
        return f"process {rank} died: {line}"
    root = re.search(r"Root Cause.*?rank\s*: (\d+).*?exitcode\s*: (-?\d+)", said, re.S)
    if not root: return "torchrun failed: " + textwrap.shorten(said[-600:], 600)
    rank, code = map(int, root.groups())
    if code == -signal.SIGABRT and rank in last: return f"process {rank} died: it ended itself (SIGABRT), saying: {last[rank]}"      # C++ below torch
    return f"process {rank} died: " + (f"killed by {signal.Signals(-code).name}" if code < 0 else last.get(rank, f"exit code {code}"))


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def checked(port):
    """The port, if no other program listens there."""
    with socket.socket() as door:
        try: door.bind(("", port))
        except OSError as error:
            raise OSError(f"port {port} cannot be used ({error.strerror}): choose another, or leave it out for a free one") from None
    return port
