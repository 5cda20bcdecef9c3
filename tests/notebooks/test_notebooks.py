"""Rules every notebook keeps, and every lab driven through its settings."""
import ast
import contextlib
import copy
import io
import linecache
import random
import re
from pathlib import Path

import nbformat
import pytest
from IPython.display import display
from faults import faults as of_picture, moved_background
from record import faults, normalized

from helpers import live

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SET_UP = """\
import torch
from torch import nn

import helpers          # on Colab, first: %pip install -q --no-deps git+<address of this repository>
helpers.start()"""
MOST_LINES = 15
LAST_PARTS = ["What the sources got wrong", "Keep three things"]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# ---- what is written

def broken_rules(notebook):
    """What a reader would stumble over in the cells, in words."""
    yield from headings(notebook)
    code = code_cells(notebook)
    if not code or code[0].source != SET_UP: yield "the first code cell is not the common set-up cell"
    for cell in code:
        yield from (f"{fault}: {cell.source[:60]!r}" for fault in of_code(cell))
    for cell in notebook.cells:
        if set(cell.metadata) - {"tags"}: yield f"metadata beside tags (hidden, timed, edited by a tool?): {dict(cell.metadata)}"
    if notebook.metadata != normalized(copy.deepcopy(notebook)).metadata: yield "the notebook's metadata are not what make notebooks writes"
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)): yield "not executed from top to bottom"


def headings(notebook):
    """One title at the top, then no level left out, and the same two parts at the end."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.findall(r"^(#+) (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M)
    levels = [len(marks) for marks, _ in found]
    if not notebook.cells or not notebook.cells[0].source.startswith("# ") or levels.count(1) != 1: yield "not one title, in the first cell"
    if any(later > before + 1 for before, later in zip(levels, levels[1:])): yield f"a level of headings is left out: {levels}"
    if [words for marks, words in found if marks == "##"][-2:] != LAST_PARTS: yield f"the last parts are not {LAST_PARTS}"


def of_code(cell):
    lines = [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]
    if not lines: yield "an empty cell"
    if len(lines) > MOST_LINES: yield f"{len(lines)} lines of code, at most {MOST_LINES}"
    tree = ast.parse(cell.source)
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree)): yield "a star import"


@each_notebook
def test_is_valid_and_keeps_the_rules(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert not list(broken_rules(notebook))
    assert not faults(notebook)


@each_notebook
def test_links_to_files_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    local = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    assert not [link for link in local if not (path.parent / link).exists()]


# ---- the rules themselves

def sample():
    """A notebook that keeps every rule."""
    new = nbformat.v4
    picture = new.new_output("display_data", {"image/png": "AA=="}, metadata={"image/png": {"alt": "A line."}})
    notebook = new.new_notebook(cells=[new.new_markdown_cell("# Title\n\n## " + "\n\n## ".join(LAST_PARTS)), new.new_code_cell(SET_UP, execution_count=1),
                                       new.new_code_cell("x = 1", execution_count=2, outputs=[picture])])
    return normalized(notebook)


def test_the_sample_keeps_every_rule():
    assert not list(broken_rules(sample())) and not faults(sample())


@pytest.mark.parametrize("word, spoil", {
    "set-up": lambda n: n.cells[1].update(source="import torch"),
    "title": lambda n: n.cells[0].update(source=n.cells[0].source.replace("# Title", "")),
    "level": lambda n: n.cells[0].update(source=n.cells[0].source.replace("# Title", "# Title\n\n### Part")),
    "last parts": lambda n: n.cells[0].update(source=n.cells[0].source + "\n\n## More"),
    "lines": lambda n: n.cells[2].update(source="x = 1\n" * 16),
    "star": lambda n: n.cells[2].update(source="def f():\n    pass\nfrom math import *"),
    "empty": lambda n: n.cells[2].update(source="# nothing"),
    "hidden": lambda n: n.cells[2].metadata.update(jupyter={"source_hidden": True}),
    "metadata": lambda n: n.metadata.update(widgets={}),
    "top to bottom": lambda n: n.cells[2].update(execution_count=3),
}.items(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_broken_rule_is_named(word, spoil):
    notebook = sample()
    spoil(notebook)
    found = list(broken_rules(notebook))
    assert len(found) == 1 and word in found[0]


@pytest.mark.parametrize("word, output", [
    ("stderr", dict(output_type="stream", name="stderr", text="UserWarning")),
    ("error", dict(output_type="error", ename="ValueError", evalue="no", traceback=[])),
    ("widget", dict(output_type="display_data", data={"application/vnd.jupyter.widget-view+json": {}})),
    ("picture", dict(output_type="display_data", data={"image/png": "AA=="})),
    ("<img>", dict(output_type="display_data", data={"text/html": "<img src='x'>"})),
    ("path", dict(output_type="stream", name="stdout", text="read /home/me/data")),
    ("timing", dict(output_type="stream", name="stdout", text="took 3.2 seconds")),
])
def test_a_fault_in_an_output_is_named(word, output):
    notebook = sample()
    notebook.cells[2].outputs = [nbformat.v4.new_output(**output)]
    found = faults(notebook)
    assert len(found) == 1 and word in found[0]


def test_an_error_that_is_meant_is_no_fault():
    notebook = sample()
    notebook.cells[2].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])]
    notebook.cells[2].metadata.tags = ["raises-exception"]
    assert not faults(notebook)


# ---- labs

def run(path, monkeypatch):
    """Execute a notebook's cells in this process; returns the labs they opened."""
    monkeypatch.chdir(path.parent)
    monkeypatch.delenv("RECORD", raising=False)
    monkeypatch.setattr(live, "labs", [])
    names = {"__name__": "__main__", "display": display}
    for i, cell in enumerate(code_cells(read(path))):
        name = f"<{path.stem}, code cell {i}>"
        linecache.cache[name] = len(cell.source), None, cell.source.splitlines(True), name         # for tracebacks
        meant = contextlib.suppress(Exception) if "raises-exception" in cell.metadata.get("tags", []) else contextlib.nullcontext()
        with meant, contextlib.redirect_stdout(io.StringIO()): exec(compile(cell.source, name, "exec"), names)
    return list(live.labs)


def ends(widget):
    """The extreme values of a control, or all of its choices."""
    if hasattr(widget, "options"): return [option[1] if isinstance(option, tuple) else option for option in widget.options]
    if isinstance(widget.value, bool): return [False, True]
    return [widget.min, widget.max]


def any_value(widget, draw):
    values = ends(widget)
    if hasattr(widget, "options") or isinstance(widget.value, bool): return draw.choice(values)
    return draw.randint(*values) if isinstance(widget.value, int) else draw.uniform(*values)


def settings(lab, draw):
    """Each control at each of its ends, the others as they start; then twenty settings of all, drawn at random."""
    for name, widget in lab.controls.items():
        for value in ends(widget): yield {**lab.start, name: value}
    for _ in range(20): yield {name: any_value(widget, draw) for name, widget in lab.controls.items()}


def drive(lab, seed=0, training=0.4, look=lambda picture: []):
    """Put every setting; each must draw, without an error or a fault that look(picture) sees, and say something. training: seconds a training run gets
    after its first picture."""
    for chosen in settings(lab, random.Random(seed)):
        lab.picture.alt = ""
        lab.put(**chosen)
        let_train(lab, training)
        assert lab.error is None, f"{chosen}: {lab.error!r}"
        assert lab.picture.alt.strip(), f"{chosen}: no alt text, so nothing was drawn"
        found = look(lab.picture)
        assert not found, f"{chosen}: {found}"


def let_train(lab, seconds):
    """Wait for the first picture of a training run, 30 s at most, let it run on a little, and stop it."""
    if lab.worker is None: return
    for _ in range(300):
        if lab.picture.alt or lab.error or not lab.worker.is_alive(): break
        lab.worker.join(0.1)
    lab.worker.join(seconds)
    lab.halt()
    lab.worker.join(30)
    assert not lab.worker.is_alive(), "the training does not stop when asked"


@each_notebook
def test_labs_draw_at_every_setting(path, monkeypatch):
    for lab in run(path, monkeypatch):
        drive(lab, look=of_picture)
        assert not moved_background(lab.picture), "draw changed an artist that is not animated"
        lab.close()


def title(fig):
    """The smallest figure: one word that moves."""
    word = fig.add_subplot().text(0.5, 0.5, "", animated=True)

    def draw(value):
        word.set_text(f"{value}")
        return f"The value is {value}."
    return draw


def at_most(limit):
    def compute(value, twice):
        if value > limit: raise ValueError(f"{value} is too much")
        return dict(value=value)
    return compute


def training_to(limit):
    def compute(value, twice):
        yield dict(value=0)
        if value > limit: raise ValueError(f"{value} is too much")
        yield dict(value=value)
    return compute


@pytest.mark.parametrize("kind", [at_most, training_to])
def test_driving_finds_a_setting_that_fails(kind, monkeypatch):
    monkeypatch.setattr(live, "labs", [])
    monkeypatch.delenv("RECORD", raising=False)
    for limit in (1.0, 0.99):
        live.live(kind(limit), title, value=(0.0, 1.0), twice=False)
    good, bad = live.labs
    drive(good)
    with pytest.raises(AssertionError, match="too much"): drive(bad)


def test_driving_finds_a_lab_that_says_nothing(monkeypatch):
    monkeypatch.setattr(live, "labs", [])
    monkeypatch.delenv("RECORD", raising=False)
    live.live(lambda value: dict(value=value), lambda fig: lambda value: " ", value=(0, 1))
    with pytest.raises(AssertionError, match="no alt text"): drive(live.labs[0])


def test_driving_finds_a_fault_of_the_picture(monkeypatch):
    monkeypatch.setattr(live, "labs", [])
    monkeypatch.delenv("RECORD", raising=False)
    live.live(lambda value: dict(value=value), title, value=(0, 1))
    with pytest.raises(AssertionError, match="too little"): drive(live.labs[0], look=of_picture)
