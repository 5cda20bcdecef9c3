"""A small set of notebooks and its site, for the tests of pages: every kind of control, a training, pictures,
a question, an exercise, formulas, a Deeper."""
import contextlib
from pathlib import Path

import nbformat
import pytest

from helpers import pages
from helpers.labs.picture import Picture
from web import build as site
from web.drawing import Drawing

HEAD = "import torch\nfrom torch import nn\n\nimport helpers\nhelpers.start()"
TOP = """\
# 06 Small: what moves?

*About 5 minutes. You need: nothing.* See [more](deeper/06_small.ipynb#Part-one)."""
UNDER = """\
# 06 Deeper: more

*About 5 minutes. You need: [the core](../06_small.ipynb).*

## Part one

Text."""
ASK = """\
from helpers.checks.predict import Question
predict(Question("How many?", {"one": "Two fit.", "two": "A pair fits."}, "two"))"""
CELLS = {"06_small": [TOP,
                      HEAD, """\
from helpers import again, claim, figures, live, predict, show
from helpers.lessons import dropout as lesson""", """\
## A lab

With $\\gamma$ and $\\beta$:

$$y = \\gamma \\frac{x - \\mu}{\\sqrt{\\sigma^2 + \\epsilon}} + \\beta$$

| a | b |
| --- | --- |
| 1 | 2 |

<details><summary>What you should have found</summary>

It moves.
</details>""", """\
def line(fig):
    ax = fig.subplots()
    ax.set(xlim=(0, 10), ylim=(0, 10), xlabel="x", title="What moves")
    path, = ax.plot([], [], lw=3, animated=True)
    dots = ax.scatter([], [], s=40, animated=True)
    words = ax.text(0.3, 9, "", animated=True)
    def draw(x, kind, on, draw):
        path.set_data([0, x], [0, x])
        dots.set_offsets([[x, 10 - x], [x / 2, draw]])
        words.set_text(f"{kind}, {'on' if on else 'off'}")
        return f"x is {x:g}, {words.get_text()}, draw {draw}."
    return draw

def same(x, kind, on, draw): return dict(x=x, kind=kind, on=on, draw=draw)""", """\
goals = {"an x above 8": lambda at: at.x > 8, "an odd one": lambda at: at.kind == "odd" and at.on}
live(same, line, goals=goals,
     x=(0.0, 10.0, 2.0), kind=["plain", "odd"], on=False, draw=again("Again", 5))""", """\
def train(rate):
    for step in range(8):
        yield dict(x=step * rate, kind="run", on=True, draw=1, progress=(step + 1) / 8)

live(train, line, goals={"it ends above 5": lambda at: at.x > 5}, rate=[0.5, 1.0])""",
                      "show(line, **same(3, 'still', True, 2))", ASK, """\
claim("It is so.", 1.0, of="a number", above=0)
print("plain")""", "lesson.expected_output(lambda *given: None)", "## Keep\n\nAll of it."],
         "deeper/06_small": [UNDER,
                             HEAD, "from helpers import claim\nfrom helpers.lessons import dropout as lesson",
                             "claim('It is so.', 1.0, of='a number', above=0)"]}


def notebook(cells):
    """Of a source each; what begins with # , ## or a word in capitals is prose."""
    made = [nbformat.v4.new_markdown_cell(text) if text.startswith("#") else nbformat.v4.new_code_cell(text)
            for text in cells]
    return nbformat.v4.new_notebook(cells=made)


def write_notebooks(folder):
    """The notebooks, in folder/notebooks, and a page of words."""
    for name, cells in CELLS.items():
        path = Path(folder, "notebooks", f"{name}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook(cells), path)
    words = "# Glossary\n\nA [page](06_small.ipynb#A-lab).\n"
    Path(folder, "notebooks/glossary.md").write_text(words, "utf-8")


def build(folder, patch, write=True, run=True):
    """The site of these notebooks in folder/_site, in this process."""
    if write:
        write_notebooks(folder)
    patch.setattr(site, "NOTEBOOKS", folder / "notebooks")
    patch.setattr(site, "SITE", folder / "_site")
    patch.setattr(site, "KEPT", folder / ".site")
    patch.setattr(site, "FRONT", "06")
    patch.setattr(site, "TEXTS", {"glossary.html": folder / "notebooks/glossary.md"})
    patch.setattr(site.multiprocessing, "get_context", lambda method: Here)
    patch.setattr(pages, "in_force", pages.in_force)                # and back, after the site has its own
    patch.setenv("HELPERS_STRICT", "1")
    patch.chdir(folder)
    if run and write:
        site.main([])


@contextlib.contextmanager
def built(folder):
    """The site in this folder, as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        build(folder, patch)
        yield folder / "_site"


class Here:
    """In place of a pool of processes."""

    @staticmethod
    def Pool(*_, **__):
        return contextlib.nullcontext(Here)

    @staticmethod
    def imap_unordered(function, jobs):
        return map(function, jobs)


def figure():
    """The figure of the first lab, and numbers of some states."""
    names = {}
    exec(CELLS["06_small"][4], names)
    same = names["same"]
    return names["line"], [same(x, kind, x > 5, 1) for x in (0, 4, 10) for kind in ("plain", "odd")]


def ground(figure, numbers):
    """What does not move, as SVG, with these numbers put."""
    drawing = Drawing(Picture(figure, (6.8, 3.8)), "s")
    drawing.picture.put(numbers)
    return drawing.drawn(drawing.picture.fig)
