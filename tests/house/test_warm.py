"""The kernels of the tests are those a learner has, but for the time they take to start."""
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

import run

pytestmark = pytest.mark.skipif(not run.WARM, reason="only on Linux kernels are forked")


@pytest.fixture(scope="module")
def listening(tmp_path_factory):
    """A process that has torch loaded and forks the kernels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PYTHON", sys.executable)
        for name in "JUPYTER_PATH", "WARM_KERNELS":
            patch.setenv(name, "")
        with run.warm_kernels(tmp_path_factory.mktemp("warm") / "kernels"):
            yield


@pytest.fixture(params=["forked", "ordinary"])
def kernel(request, listening, tmp_path, monkeypatch):
    """(its manager, how to run code in it: what it prints) in a folder of its own."""
    if request.param == "ordinary":
        monkeypatch.setenv("WARM_KERNELS", str(tmp_path / "nobody"))
    (tmp_path / "here").mkdir()
    env = {**os.environ, "HELPERS_SEED": "5"}
    manager, client = start_new_kernel(kernel_name="python3", cwd=tmp_path / "here", env=env)
    yield manager, lambda code: said(client, code)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def said(client, code):
    printed = []
    client.execute_interactive(code, timeout=60, output_hook=lambda message: printed.append(
        message["content"].get("text") or message["content"].get("ename", "")))
    return "".join(printed).strip()


def test_a_kernel_has_the_environment_and_the_folder_of_who_asks_and_nothing_of_ours(kernel):
    _, ask = kernel
    assert ask("import os, sys; print(os.environ['HELPERS_SEED'], os.getcwd()[-5:])") == "5 /here"
    assert ask("print([name for name in sys.modules if name.split('.')[0] == 'helpers'])") == "[]"
    assert ask("print('torch' in globals(), any('warm' in path for path in sys.path))") == "False False"
    assert ask("import subprocess as s; print(s.run([sys.executable, '-c', 'exit(3)']).returncode)") == "3"


def test_only_where_one_listens_is_torch_loaded(kernel, request):
    _, ask = kernel
    forked = request.node.callspec.params["kernel"] == "forked"
    assert ask("import sys; print('torch' in sys.modules)") == str(forked)


def test_a_cell_can_be_interrupted(kernel):
    manager, ask = kernel
    threading.Timer(1, manager.interrupt_kernel).start()
    assert "KeyboardInterrupt" in ask("import time; time.sleep(60)")
    assert ask("print(2)") == "2"


def test_a_kernel_ends_with_who_asked(kernel):
    manager, ask = kernel
    pid = int(ask("import os; print(os.getpid())"))
    os.kill(manager.provisioner.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        manager.provisioner.process.poll()
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
