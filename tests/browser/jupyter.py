"""JupyterLab on the loopback, one for all processes that test, and notebooks opened in a page of it."""
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import nbformat
from filelock import FileLock  # torch brings it

ROOT = Path(__file__).parents[2]
PATIENCE = 120                          # seconds for what takes a few on a quiet machine
# every cell is in the page, nothing asks for news, and no kernel waits for a choice
SETTINGS = {"notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


# ---- the server

class Server(NamedTuple):
    folder: str                         # what it serves
    base: str                           # its address
    token: str


@contextlib.contextmanager
def shared(temp):
    """The Server of all processes that name this folder: the first starts it, and stops it when alone."""
    temp.mkdir(exist_ok=True)
    lock, card, me = FileLock(temp / "lock"), temp / "server.json", temp / f"{os.getpid()}.user"
    with contextlib.ExitStack() as mine:
        with lock:
            first = not card.exists()
            if first:
                card.write_text(json.dumps(mine.enter_context(serve(temp / f"server{os.getpid()}"))))
            me.touch()
            server = Server(*json.loads(card.read_text()))
        try:
            yield server
        finally:
            me.unlink()
            if first:
                wait_for_others(temp, lock, card)


def wait_for_others(temp, lock, card):
    """Until none uses it; whoever comes later will start another."""
    for _ in range(4 * PATIENCE):
        with lock:
            if not [*temp.glob("*.user")]:
                return card.unlink()
        time.sleep(0.5)


@contextlib.contextmanager
def serve(temp):
    """Run a server with settings, kernels and runtime files of its own until the block ends."""
    folder, token, log = temp / "notebooks", secrets.token_hex(16), temp / "server.log"
    folder.mkdir(parents=True)
    for name, values in SETTINGS.items():
        file = temp / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    options = {"ServerApp.ip": "127.0.0.1", "ServerApp.port": port, "ServerApp.port_retries": 0,
               "ServerApp.root_dir": folder, "LabApp.user_settings_dir": temp / "settings",
               "LabApp.workspaces_dir": temp / "workspaces", "LabApp.expose_app_in_browser": True,
               "LabApp.extension_manager": "readonly", "LabApp.news_url": None}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
               *(f"--{name}={value}" for name, value in options.items())]
    with log.open("w") as out:
        server = subprocess.Popen(command, env=environment(temp, token), stdout=out, stderr=out,
                                  stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(server, base, token, log)
        yield Server(str(folder), base, token)
    finally:
        server.terminate()                                    # it ends its kernels, then itself
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def environment(temp, token):
    """Of a server: kernels find helpers, and none stores pictures in place of widgets."""
    folders = "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"
    own = {name: str(temp / name) for name in folders}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    kept = {name: value for name, value in os.environ.items() if name != "RECORD"}
    return {**kept, **own, "JUPYTER_TOKEN": token, "PYTHONPATH": path}


def wait_for(server, base, token, log):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(10 * PATIENCE):
        with contextlib.suppress(OSError):
            return opener.open(f"{base}/api/status?token={token}", timeout=2).close()
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start: " + log.read_text()[-400:])


# ---- a notebook

class Notebook:
    """A notebook that is open in a page of JupyterLab, perhaps behind others: run it, read it."""

    def __init__(self, page, path):
        self.page, self.path = page, path
        self.command("docmanager:open", path=path, factory="Notebook")
        self.until("panel?.sessionContext?.session?.kernel?.status === 'idle'")
        self.it = page.locator("#" + self.ask("panel.id"))

    def ask(self, value, how="evaluate"):
        """The value of an expression about `panel`, what JupyterLab shows it in."""
        panel = f"[...jupyterapp.shell.widgets('main')].find(it => it.context?.path === '{self.path}')"
        return getattr(self.page, how)(f"() => {{ const panel = {panel}; return {value} }}")

    def until(self, condition):
        self.ask(condition, "wait_for_function")

    def command(self, name, **options):
        """Start one of JupyterLab's commands; `done` in the page says when it is over."""
        self.page.evaluate("""([name, options]) => { window.done = false;
            jupyterapp.commands.execute(name, options).then(() => { done = true }) }""", [name, options])

    def run(self):
        """Run all cells. Returns {cell: error} of those that failed without being tagged as meant to."""
        self.command("notebook:run-all-cells")
        self.until("done && panel.sessionContext.session.kernel.status === 'idle'")
        cells = self.ask("panel.content.widgets.map(cell => cell.model.toJSON())")
        return {k: f"{o['ename']}: {o['evalue']}" for k, c in enumerate(cells) for o in c.get("outputs", [])
                if o["output_type"] == "error" and "raises-exception" not in c["metadata"].get("tags", [])}

    def cells(self):
        return self.it.locator(".jp-Notebook .jp-Cell")

    def labs(self):
        """Cells that show a picture beside controls."""
        return [cell for cell in self.cells().all() if cell.locator(".jupyter-widgets img").count()]

    def close(self):
        """Nobody waits for the kernel to end."""
        self.ask("void [panel.sessionContext.shutdown(), panel.dispose()]")


@contextlib.contextmanager
def open_notebook(page, server, notebook, name):
    """A Notebook in the page, under this name, until the block ends."""
    path = f"{name}-{os.getpid()}.ipynb"
    nbformat.write(notebook, Path(server.folder) / path)
    opened = Notebook(page, path)
    try:
        yield opened
    finally:
        opened.close()
