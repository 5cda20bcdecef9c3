"""JupyterLab and Chromium, as a learner has them: `page` is a page of the one in the other."""
import importlib.util
import os
import shutil

import pytest
from browser.jupyter import PATIENCE, shared

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]


def missing(what):
    """Skip, saying why; where the browser is promised (REQUIRE_BROWSER=1) that is a failure."""
    (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(what)


@pytest.fixture(scope="session")
def chromium():
    names = "chromium", "chromium-browser", "google-chrome"
    binary = next(filter(None, map(shutil.which, names)), None)
    if not binary:
        missing("no Chromium here: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright here: pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if not importlib.util.find_spec("jupyterlab"):
        missing("no JupyterLab here: pip install jupyterlab")
    temp = tmp_path_factory.getbasetemp()
    with shared((temp.parent if os.environ.get("PYTEST_XDIST_WORKER") else temp) / "jupyterlab") as one:
        yield one


@pytest.fixture(scope="session")
def page(chromium, server):
    """JupyterLab itself takes longer to load than a notebook: once for all tests of a process."""
    page = chromium.new_page(viewport=dict(width=1100, height=1200))
    page.set_default_timeout(1000 * PATIENCE)
    page.goto(f"{server.base}/doc?token={server.token}")
    page.wait_for_function("window.jupyterapp?.shell && jupyterapp.restored.then(() => true)")
    yield page
    page.close(run_before_unload=False)
