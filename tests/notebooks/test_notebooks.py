"""Rules every notebook keeps: what is written, imported and stored."""
import ast
import copy
import re
import subprocess
import sys

import nbformat
import pytest
from notebooks.record import faults, normalized

from web import links
from web.cells import CORE, DEEPER, FOLDER, bound, code_cells, label
from web.minutes import calls_in, minutes, rounded_up, stated

ROOT = FOLDER.parent


def set_up_cells():
    """The first cell as it may read: with the address of `origin` too, where there is one."""
    try:
        where = links.address()
    except ValueError:                                        # a clone of a folder
        where = None
    return [links.WITHOUT, *([links.WITH.format(where.web)] if where else [])]


SET_UP = set_up_cells()
MOST_LINES = 15
LAST_PARTS = ["Keep three things"]

MOST_CLAIMS = 3
MOST_MINUTES = {"00": 15}                                     # of a core; else
MOST = 30

each_notebook = pytest.mark.parametrize("path", [*CORE, *DEEPER], ids=label)


def read(path):
    return nbformat.read(path, as_version=4)


# ---- what is written

def broken_rules(notebook, last=LAST_PARTS):
    """What a reader would stumble over in the cells, in words. last: the parts with which it ends."""
    yield from headings(notebook, last)
    code = code_cells(notebook)
    if not code or code[0].source not in SET_UP:
        yield "the first code cell is not the common set-up cell"
    for cell in code:
        yield from (f"{fault}: {cell.source[:60]!r}" for fault in of_code(cell))
    yield from imports(code)
    for cell in notebook.cells:
        if set(cell.metadata) - {"tags"}:
            yield f"metadata beside tags (hidden, timed, edited by a tool?): {dict(cell.metadata)}"
    if notebook.metadata != normalized(copy.deepcopy(notebook)).metadata:
        yield "the notebook's metadata are not what it is stored with"
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "not executed from top to bottom"


def headings(notebook, last):
    """One title at the top, then no level left out, and the same parts at the end."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.findall(r"^(#+) (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M)
    levels = [len(marks) for marks, _ in found]
    titled = notebook.cells and notebook.cells[0].source.startswith("# ")
    if not titled or levels.count(1) != 1:
        yield "not one title, in the first cell"
    if any(later > before + 1 for before, later in zip(levels, levels[1:])):
        yield f"a level of headings is left out: {levels}"
    parts = [words for marks, words in found if marks == "##"]
    if parts[len(parts) - len(last):] != last:
        yield f"the last parts are not {last}"


def of_code(cell):
    lines = [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]
    if not lines:
        yield "an empty cell"
    if len(lines) > MOST_LINES:
        yield f"{len(lines)} lines of code, at most {MOST_LINES}"
    if any(alias.name == "*" for node in imports_in(cell) for alias in node.names):
        yield "a star import"


def imports(code):
    """Helpers come in two lines at the end of the second cell; what is imported is used, and is at hand."""
    nodes = [node for cell in code[1:] for node in imports_in(cell)]
    second = imports_in(code[1]) if len(code) > 1 else []
    if not second or len(second) < len(ast.parse(code[1].source).body):
        yield "the second code cell does not only import"
    if [module_of(node) for node in second][-2:] != ["helpers", "helpers.lessons"]:
        yield "the second code cell does not end with what helpers and helpers.lessons bring"
    elif "lesson" not in [alias.asname for alias in second[-1].names]:
        yield "no lesson is called lesson"
    if sum(top(node) == "helpers" for node in nodes) > 2:
        yield "helpers are imported in more than the two lines"
    for node in nodes:
        order = [alias.name for alias in node.names]
        if order != sorted(order):
            yield f"names are not imported in their order: {', '.join(order)}"
        if top(node) not in {"helpers", "torch", "torchvision", *sys.stdlib_module_names}:
            yield f"{module_of(node)} is neither of helpers, nor of torch, nor of Python"
    used = {node.id for cell in code for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    unused = {bound(alias) for node in nodes for alias in node.names} - {"*"} - used
    if unused:
        yield f"imported and not used: {', '.join(sorted(unused))}"


def imports_in(cell):
    nodes = ast.walk(ast.parse(cell.source))
    return [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def module_of(node):
    return node.module if isinstance(node, ast.ImportFrom) else node.names[0].name


def top(node):
    return module_of(node).split(".")[0]


@each_notebook
def test_is_valid_and_keeps_the_rules(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert not list(broken_rules(notebook, LAST_PARTS if path in CORE else []))
    assert not faults(notebook)


def second_edition(notebook, most):
    """What would keep a learner from finishing it, in words. most: minutes."""
    counted, says = sum(minutes(notebook).values()), stated(notebook)
    if says != rounded_up(counted):
        yield f"{counted:.1f} minutes are counted: say 'About {rounded_up(counted)} minutes.', not {says}"
    if counted > most:
        yield f"{counted:.1f} minutes, at most {most}: " + ", ".join(
            f"{what} {number:.1f}" for what, number in minutes(notebook).items())
    if "You need: " not in notebook.cells[0].source:
        yield "the first cell does not say what one needs to know"
    for cell in code_cells(notebook):
        claims = [*calls_in(cell)].count("claim")
        if claims > MOST_CLAIMS:
            yield f"{claims} claims, at most {MOST_CLAIMS}: {cell.source[:60]!r}"


@pytest.mark.parametrize("path", CORE, ids=label)
def test_a_core_can_be_finished(path):
    assert not list(second_edition(read(path), MOST_MINUTES.get(path.name[:2], MOST)))
    assert f"(deeper/{path.name})" in markdown_of(read(path))


@pytest.mark.parametrize("path", DEEPER, ids=label)
def test_a_deeper_belongs_to_a_core(path):
    assert FOLDER / path.name in CORE
    assert not list(second_edition(read(path), most=90))
    assert f"(../{path.name})" in read(path).cells[0].source


ROW = re.compile(r"\((?:notebooks/)?(\d\w+\.ipynb)\) \|[^|\n]*\| (\d+) \| \[(\d+)\]\(([^)]+)\)")


@pytest.mark.parametrize("text, folder", [
    ((ROOT / "README.md").read_text("utf-8"), "notebooks/deeper/"),
    ("\n".join(cell.source for cell in read(CORE[0]).cells), "deeper/")], ids=["README", "00"])
def test_the_map_lists_all_and_states_their_minutes(text, folder):
    rows = {name: (int(core), int(deeper), link) for name, core, deeper, link in ROW.findall(text)}
    if folder == "deeper/":
        rows.setdefault(CORE[0].name, (15, stated(read(DEEPER[0])), folder + CORE[0].name))   # it is here
    assert rows == {path.name: (stated(read(path)), stated(read(FOLDER / "deeper" / path.name)),
                                folder + path.name) for path in CORE}


def markdown_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@each_notebook
def test_links_to_files_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", markdown_of(read(path)))
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (path.parent / link).exists()]


HEAVY = "matplotlib", "ipywidgets", "torchvision", "torch._dynamo", "torch._inductor"
LOADED = f"""\
import contextlib, os, pathlib, sys
import nbformat
for path in map(pathlib.Path, sys.argv[1:]):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for source in cells[:2]:
        with contextlib.redirect_stdout(None): exec(source, {{}})
    found = [name for name in {HEAVY} if name in sys.modules]
    assert not found, f"{{path.stem}} loads {{found}}"
"""


def loads(*paths):
    """What a fresh process says that runs the first two cells of these notebooks: "" if all is well."""
    command = [sys.executable, "-c", LOADED, *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stderr.splitlines()[-1] if done.returncode else ""


def test_what_is_not_used_is_not_loaded():
    assert loads(*CORE, *DEEPER) == ""


def test_what_is_loaded_is_named(tmp_path):
    notebook = sample()
    notebook.cells[2].source += "\nimport matplotlib"
    nbformat.write(notebook, tmp_path / "heavy.ipynb")
    assert "heavy loads ['matplotlib']" in loads(tmp_path / "heavy.ipynb")


# ---- the rules themselves

IMPORTS = """\
import math

from helpers import live, predict
from helpers.lessons import batchnorm1d, gamma_beta as lesson"""
USE = """\
predict(lesson.zeros)
predict(batchnorm1d.spikes)
live(math.sqrt)"""


def sample():
    """A notebook that keeps every rule."""
    new = nbformat.v4
    alt = {"image/png": {"alt": "A line."}}
    picture = new.new_output("display_data", {"image/png": "AA=="}, metadata=alt)
    title = "# Title\n\n## " + "\n\n## ".join(LAST_PARTS)
    code = [new.new_code_cell(source, execution_count=k)
            for k, source in enumerate((SET_UP[0], IMPORTS, USE, "x = 1"), 1)]
    code[2].outputs = [picture]
    return normalized(new.new_notebook(cells=[new.new_markdown_cell(title), *code]))


def test_the_sample_keeps_every_rule():
    assert not list(broken_rules(sample())) and not faults(sample())


def change(cell, old, new):
    """What spoils a notebook: in one of its cells, other words."""
    def spoil(notebook):
        assert old in notebook.cells[cell].source
        notebook.cells[cell].source = notebook.cells[cell].source.replace(old, new)
    return spoil


@pytest.mark.parametrize("word, spoil", {
    "set-up": change(1, "from torch import nn", ""),
    "title": change(0, "# Title", ""),
    "level": change(0, "# Title", "# Title\n\n### Part"),
    "last parts": change(0, LAST_PARTS[-1], LAST_PARTS[-1] + "\n\n## More"),
    "lines": change(4, "x = 1", "x = 1\n" * 16),
    "star": change(4, "x = 1", "def f():\n    pass\nfrom math import *"),
    "empty": change(4, "x = 1", "# nothing"),
    "hidden": lambda n: n.cells[2].metadata.update(jupyter={"source_hidden": True}),
    "metadata": lambda n: n.metadata.update(widgets={}),
    "top to bottom": lambda n: n.cells[3].update(execution_count=7),
    "does not only import": change(2, "import math", "import math\ny = 1"),
    "does not end": change(2, "import math\n\nfrom helpers import live, predict",
                           "from helpers import live, predict\nimport math"),
    "no lesson": lambda n: [change(2, "as lesson", "as task")(n), change(3, "lesson.", "task.")(n)],
    "more than the two": change(3, "live", "from helpers.labs.live import live\nlive"),
    "in their order": change(2, "live, predict", "predict, live"),
    "neither": change(2, "import math", "import scipy as math"),
    "not used": change(3, "live(", "print("),
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


@pytest.mark.parametrize("word, spoil", {
    "'About 10 minutes.', not 5": change(0, "About 10", "About 5"),
    "not None": change(0, "*About 10 minutes. ", "*"),
    "at most 15: prose 10": lambda n: [change(0, "About 10", "About 20")(n),
                                         change(0, "# Title", "# Title" + 1800 * " a")(n)],
    "what one needs": change(0, "You need: nothing.", ""),
    "4 claims": change(4, "x = 1", "claim(1)\n" * 4),
}.items(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_keeps_a_learner_from_finishing_is_named(word, spoil):
    notebook = sample()
    change(0, "# Title", "# Title\n\n*About 10 minutes. You need: nothing.*")(notebook)
    assert not list(second_edition(notebook, 15))
    spoil(notebook)
    found = list(second_edition(notebook, 15))
    assert len(found) == 1 and word in found[0]


def test_minutes_count_what_there_is_to_do():
    new = nbformat.v4
    stream = new.new_output("stream", name="stdout", text="✓ so it is " * 50)
    code = ["import torch", "import helpers", "predict(lesson.q)\n\nshow(figures.f)", "live(f, figures.g)",
            "lesson.f(g)\nx = lesson.h(1)", "more.mend_f(g)", "claim(2)"]
    cells = [new.new_code_cell(source, outputs=[stream] * (source == "claim(2)")) for source in code]
    words = "one *two* [three](four.md) <b>four</b> — $$a = b$$"
    found = minutes(new.new_notebook(cells=[new.new_markdown_cell(words), *cells]))
    assert found == pytest.approx({"prose": 5 / 180, "code": 7 / 15, "printed": 200 / 250, "predictions": 0.7,
                                   "labs": 4, "exercises": 6, "repairs": 2, "pictures": 0.5})


def test_an_error_that_is_meant_is_no_fault():
    notebook = sample()
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    notebook.cells[2].outputs = [error]
    notebook.cells[2].metadata.tags = ["raises-exception"]
    assert not faults(notebook)


def test_together_they_are_light():
    """Each record of a notebook adds its weight to the history."""
    assert sum(path.stat().st_size for path in (*CORE, *DEEPER)) <= 5_000_000
