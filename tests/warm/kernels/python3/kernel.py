"""Kernels that start in a blink, for the tests: each is a fork of one process that has torch loaded, which
takes two CPU seconds. `run.py test` starts that process (--serve), names its socket in WARM_KERNELS and the
folder tests/warm in JUPYTER_PATH; Jupyter then starts this file for each kernel, as kernel.json says. Where
nobody listens it becomes an ordinary kernel. What a notebook defines and loads of helpers is its own."""
import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module

ADDRESS = os.environ.get("WARM_KERNELS", "")


# ---- what Jupyter starts

def ask(line):
    """Have a kernel forked and stay until it ends; the kernel ends with this process."""
    wanted = dict(argv=sys.argv, cwd=os.getcwd(), env=dict(os.environ))
    socket.send_fds(line, [b"."], [0, 1, 2])
    line.sendall(json.dumps(wanted).encode() + b"\n")
    line.recv(1)


# ---- the process that has it loaded

def serve():
    """Fork a kernel for each that asks, until it is terminated."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)                    # Ctrl-C is for the tests
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)                   # no zombies
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(ADDRESS)
        listener.listen(16)                                         # who comes early waits for the imports
        load()
        while True:
            line, _ = listener.accept()
            if not os.fork():
                listener.close()
                be_kernel(line)
            line.close()


def load():
    """What every notebook loads, none of it ours."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    for name in "ipykernel.ipkernel", "ipykernel.kernelapp", "ipywidgets", "matplotlib.pyplot", "torch":
        import_module(name)


def be_kernel(line):
    """The fork: the environment, folder, output and end of who asked."""
    from ipykernel.kernelapp import IPKernelApp
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    _, outputs, *_ = socket.recv_fds(line, 1, 3)
    wanted = json.loads(line.makefile().readline())
    for number, output in enumerate(outputs):
        os.dup2(output, number)
        os.close(output)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    sys.argv = wanted["argv"]
    threading.Thread(target=lambda: (line.recv(1), os._exit(1)), daemon=True).start()
    IPKernelApp.launch_instance()
    sys.exit()


if __name__ == "__main__":
    sys.path.pop(0)                                                 # this folder is none of a notebook's
    if sys.argv[1:] == ["--serve"]:
        serve()
    with suppress(OSError, AttributeError), socket.socket(socket.AF_UNIX) as line:
        line.connect(ADDRESS)
        ask(line)
        sys.exit()
    os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
