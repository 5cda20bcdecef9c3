"""Programs in several processes: what they print, how they fail, and that none is left."""
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch import distributed as dist

from helpers.experiments import processes
from helpers.experiments.processes import launch

HEAD = ("import os, sys, time\nimport torch, torch.distributed as dist\n"
        "dist.init_process_group('gloo')\nrank = dist.get_rank()\n")


@pytest.fixture
def program(tmp_path):
    def make(text):
        file = tmp_path / "program.py"
        file.write_text(HEAD + text + "\ndist.destroy_process_group()\n")
        return file
    yield make
    until = time.monotonic() + 5
    while str(tmp_path) in everything() and time.monotonic() < until:
        time.sleep(0.1)
    assert str(tmp_path) not in everything(), "a process is left"


def everything():
    """What all processes were started with."""
    if LINUX:
        return "\n".join(map(arguments, Path("/proc").glob("[0-9]*/cmdline")))
    return subprocess.run(["/bin/ps", "-A", "-o", "args="], capture_output=True, text=True).stdout


def arguments(file):
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:                                               # it has just ended
        return ""


LINUX = Path("/proc/self/cmdline").exists()
without_ps = pytest.mark.skipif(not LINUX, reason="only Linux has /proc")


@pytest.fixture(params=["/proc", "ps", "neither"])
def table(request, monkeypatch, tmp_path):
    """The ways to know what runs. torchrun itself ends its processes where none is left."""
    if request.param == "/proc" and not LINUX:
        pytest.skip("only Linux has /proc")
    if request.param != "/proc":
        monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    if request.param != "ps":
        monkeypatch.setenv("PATH", str(tmp_path / "none"))
    return request.param


SUM = ("x = torch.tensor(rank + 1.0)\ndist.all_reduce(x)\n"
       "print(sys.argv[1], rank, dist.get_world_size(), x.item())")


@pytest.mark.parametrize("processes, hosts", [(2, 1), (1, 2)])
def test_each_process_prints_for_itself_on_one_host_and_on_two(program, processes, hosts):
    printed = launch(program(SUM), "word", processes=processes, hosts=hosts)
    assert printed == {0: "word 0 2 3.0", 1: "word 1 2 3.0"}


def test_the_process_that_died_first_is_named_and_none_is_left_whatever_tells_what_runs(program, table):
    text = "if rank == 1: raise ValueError('no such batch')\ndist.barrier()\ntime.sleep(60)"
    with pytest.raises(ChildProcessError, match=r"^process 1 died: ValueError: no such batch$"):
        launch(program(text))


def test_one_that_is_killed_says_by_what(program):
    with pytest.raises(ChildProcessError, match="^process 1 died: killed by SIGKILL$"):
        launch(program("if rank == 1: os.kill(os.getpid(), 9)\ntime.sleep(60)"), processes=2)


def test_one_that_ends_itself_says_why(program):
    text = ("if rank == 1: print('terminate called', file=sys.stderr, flush=True); os.abort()\n"
            "time.sleep(60)")
    said = r"^process 1 died: it ended itself \(SIGABRT\), saying: terminate called$"
    with pytest.raises(ChildProcessError, match=said):      # once: launch would try again
        processes.once(program(text), (), 2, 1, processes.free_port(), 60)


def test_a_program_that_ends_early_says_what_it_says_under_python(program):
    assert launch(program("print(rank, sys.argv[1:]); sys.exit()"), 5) == {0: "0 ['5']", 1: "1 ['5']"}
    with pytest.raises(ChildProcessError, match="^process 1 died: no more$"):
        launch(program("if rank == 1: sys.exit('no more')\ntime.sleep(60)"))


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux processes are forked")
def test_processes_share_the_memory_of_torchruns_torch(program):
    text = ("kB = [line.split() for line in open('/proc/self/smaps_rollup')]\n"
            "print(sum(int(line[1]) for line in kB if line[0] in ('Private_Clean:', 'Private_Dirty:')))\n")
    assert max(map(int, launch(program(text)).values())) < 60_000


def test_an_abort_below_python_is_tried_once_more(program, tmp_path):
    before = tmp_path / "before"
    text = (f"before = {str(before)!r}\n"
            "if rank == 1 and not os.path.exists(before): open(before, 'w'); os.abort()\n"
            "dist.barrier()\nprint('done')")
    assert launch(program(text)) == {0: "done", 1: "done"} and before.exists()


LOST = "torchrun failed: (0x7f in /lib/libtorch_python.so) frame #42: _start + 0x21"
APART = "process 1 died: RuntimeError: Gloo connectFullMesh failed with [pair.cc:56"


@pytest.mark.parametrize("words, times", [(LOST, 2), (APART, 2), ("torchrun failed: killed by SIGKILL", 1),
                                          ("process 1 died: ValueError: in libtorch", 1)])
def test_those_that_lose_or_do_not_find_each_other_are_tried_once_more(program, monkeypatch, words, times):
    tried = []

    def fails(*given):
        tried.append(given)
        raise ChildProcessError(words)
    monkeypatch.setattr(processes, "once", fails)
    with pytest.raises(ChildProcessError):
        launch(program(SUM), "word")
    assert len(tried) == times


@pytest.mark.parametrize("table", ["ps", "neither"], indirect=True)         # /proc: the interrupts below
def test_a_wait_that_cannot_end_is_stopped(program, table):
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="not done after 3 s, and stopped"):
        launch(program("if rank == 0: dist.barrier()\ntime.sleep(60)"), limit=3)
    assert time.monotonic() - begin < 30


CHILD = ("import subprocess\n"
         "child = [sys.executable, '-c', 'import time; time.sleep(60)', __file__]\n"
         "if rank == 0: subprocess.Popen(child, start_new_session=True)\n")


@without_ps
@pytest.mark.parametrize("end, error", [
    ("dist.barrier(); sys.exit(rank)", "exit code 1"),
    ("if rank == 0: os.kill(os.getppid(), 9)\ntime.sleep(60)", "torchrun failed: killed by SIGKILL")])
def test_children_of_children_end_too_also_when_torchrun_is_killed(program, end, error):
    with pytest.raises(ChildProcessError, match=error):
        launch(program(CHILD + end))


@without_ps
def test_what_a_program_leaves_running_ends_with_it(program):
    assert launch(program(CHILD + "print(rank)")) == {0: "0", 1: "1"}


DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen(f'{__file__}.{rank}', 'w')\n"


@without_ps
@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_of_the_kernel_ends_all(program, tmp_path, times):
    file = program(DEAF + "time.sleep(60)")
    code = ("import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "   # ignored after `&`
            "from helpers.experiments import processes; "
            f"processes.launch({str(file)!r}, hosts=2, processes=1)")
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PATH": str(tmp_path)}) as kernel:
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("program.py.[01]"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        for _ in range(times):
            kernel.send_signal(signal.SIGINT)
            time.sleep(0.05)
        assert "KeyboardInterrupt" in kernel.communicate(timeout=30)[1]


@without_ps
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_kernel_that_is_killed_leaves_no_process(program, tmp_path, how):
    """The fixture looks what is left."""
    file = program("open(f'{__file__}.{rank}', 'w')\ntime.sleep(60)")
    code = f"from helpers.experiments import processes; processes.launch({str(file)!r})"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as kernel:
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("program.py.[01]"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        kernel.send_signal(how)
    until = time.monotonic() + 40
    while str(tmp_path) in everything() and time.monotonic() < until:
        time.sleep(0.1)


def test_a_taken_port_is_named_before_anything_starts(program):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = door.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} cannot be used .*choose another"):
            launch(program(SUM), "word", port=port)


def test_a_port_of_ones_own_is_used(program):
    port = processes.free_port()
    text = "print(os.environ['MASTER_ADDR'], os.environ['MASTER_PORT'])"
    assert launch(program(text), processes=1, port=port) == {0: f"127.0.0.1 {port}"}


@pytest.mark.parametrize("wrong, error, words", [(dict(processes=0), ValueError, "processes=0"),
                                                 (dict(hosts=0), ValueError, "hosts=0")])
def test_bad_input(program, wrong, error, words):
    with pytest.raises(error, match=words):
        launch(program(SUM), **wrong)
    with pytest.raises(FileNotFoundError, match="write it first"):
        launch(program(SUM).with_name("none.py"))


class Greeting:
    def __init__(self, word): self.word = word


def greet():
    print(Greeting("hello").word, dist.get_rank())


def test_a_program_is_written_from_the_cells_of_its_parts(tmp_path):
    file = processes.write(tmp_path / "greet.py", greet, Greeting)
    text = file.read_text()
    assert len(re.findall("^class Greeting:", text, re.M)) == 1
    assert re.search("torchrun --nnodes 2 .* greet.py", text)
    # A notebook's cell has no imports of this file: the program must bring `dist` itself.
    text, gone = re.subn("^from (helpers|torch import distributed).*\n", "", text, flags=re.M)
    assert gone == 3
    file.write_text(text)
    assert launch(file, processes=1) == {0: "hello 0"}


def greet_by(Greeting):
    print(Greeting("hello").word)


def test_a_main_gets_the_parts_that_its_parameters_name(tmp_path):
    file = processes.write(tmp_path / "greet.py", greet_by, Greeting)
    assert "        greet_by(Greeting)\n" in file.read_text()


def test_a_part_without_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'len' is unknown: define it in a cell"):
        processes.write(tmp_path / "x.py", len)
    with pytest.raises(ValueError, match="define it in a cell"):
        processes.write(tmp_path / "x.py", greet, eval("lambda: 1"))
    assert os.listdir(tmp_path) == []
