"""JupyterLab on the loopback and Chromium, as a learner has them: open_notebook opens the one in the other."""
import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
# every cell is in the page, nothing asks for news, and no kernel waits for a choice
SETTINGS = {"notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


def missing(what):
    """Skip, saying why; where the browser is promised (REQUIRE_BROWSER=1) that is a failure."""
    (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(what)


@pytest.fixture(scope="session")
def browser():
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not binary: missing("no Chromium here: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright here: pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """(folder that is served, function path -> address) of a JupyterLab with settings, kernels and runtime files of its own."""
    if not importlib.util.find_spec("jupyterlab"): missing("no JupyterLab here: pip install jupyterlab")
    temp = tmp_path_factory.mktemp("jupyterlab")
    folder, token = temp / "notebooks", secrets.token_hex(16)
    folder.mkdir()
    for name, values in SETTINGS.items():
        file = temp / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with serve(temp, folder, token) as base:
        yield folder, lambda path: f"{base}/doc/tree/{path}?token={token}"


@contextlib.contextmanager
def serve(temp, folder, token):
    """Run the server until the block ends; yields its address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    own = {name: str(temp / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    env = {**os.environ, **own, "JUPYTER_TOKEN": token, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    env.pop("RECORD", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--LabApp.user_settings_dir={temp / 'settings'}",
               f"--LabApp.workspaces_dir={temp / 'workspaces'}", "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly", "--LabApp.news_url=None"]
    log = temp / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True)
    try:
        wait_for(server, f"http://127.0.0.1:{port}", token, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()                                    # it ends its kernels, then itself
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def wait_for(server, base, token, log):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        with contextlib.suppress(OSError):
            return opener.open(f"{base}/api/status?token={token}", timeout=2).close()
        if server.poll() is not None: break
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start: " + log.read_text()[-400:])


class Notebook:
    """A notebook in a page: run it, read it."""
    PANEL = "jupyterapp.shell.currentWidget"

    def __init__(self, page, address):
        self.page = page
        page.goto(address, timeout=60_000)
        page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=90_000)

    def run(self, limit):
        """Run all cells; seconds at most. Returns {cell: error} of those that failed without being tagged as meant to."""
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells').then(() => window.ran = true)")
        self.page.wait_for_function(f"window.ran && {self.PANEL}.sessionContext.session.kernel.status === 'idle'", timeout=1000 * limit)
        cells = self.page.evaluate(f"{self.PANEL}.content.widgets.map(c => c.model.toJSON())")
        return {k: f"{o['ename']}: {o['evalue']}" for k, c in enumerate(cells) for o in c.get("outputs", [])
                if o["output_type"] == "error" and "raises-exception" not in c["metadata"].get("tags", [])}

    def cells(self):
        return self.page.locator(".jp-Notebook .jp-Cell")

    def labs(self):
        """Cells that show a picture beside controls."""
        return [cell for cell in self.cells().all() if cell.locator(".jupyter-widgets img").count()]

    def shutdown(self):
        self.page.evaluate(f"{self.PANEL}.sessionContext.shutdown()")


@contextlib.contextmanager
def open_notebook(browser, lab, what, width=1100):
    """A Notebook in a page: a copy of the file `what`, or a new one of these code cells."""
    folder, address = lab
    text = what.read_text(encoding="utf-8") if isinstance(what, Path) else json.dumps(document(what))
    file = folder / (what.name if isinstance(what, Path) else "cells.ipynb")
    file.write_text(text, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 1200})
    try:
        notebook = Notebook(page, address(file.name))
        yield notebook
        notebook.shutdown()
    finally:
        page.close(run_before_unload=False)


def document(cells):
    """A notebook of these code cells, as JSON."""
    code = [dict(cell_type="code", id=f"cell{k}", metadata={}, source=source, outputs=[], execution_count=None) for k, source in enumerate(cells)]
    kernel = dict(name="python3", display_name="Python 3", language="python")
    return dict(nbformat=4, nbformat_minor=5, metadata=dict(kernelspec=kernel), cells=code)
