"""The minutes a notebook takes a learner who does all of it, counted from what is in it.

The rates are those at which readers of the first edition were timed. A notebook states them rounded up to
five, and a test holds the two together.
"""
import ast
import math
import re

from web.cells import code_cells, is_lab, root

WORDS, PRINTED, LINES = 180, 250, 15                # a minute, of prose, of what cells print, of code
PREDICTION, LAB, EXERCISE, PICTURE = 0.7, 4, 6, 0.5           # minutes each
# lesson.mend_<program>(...): a line or two of a program that was read just before; an estimate, not yet timed
REPAIR = 2
STATED = re.compile(r"^\*About (\d+) minutes?\.", flags=re.M)


def minutes(notebook):
    """{what: minutes}, of everything but the first two cells of code, which say nothing new."""
    words = sum(words_of(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    cells = code_cells(notebook)[2:]
    lines = sum(bool(line.strip()) for cell in cells for line in cell.source.splitlines())
    printed = sum(len(output.get("text", "").split()) for cell in cells for output in cell.outputs)
    calls = [call for cell in cells for call in calls_in(cell)]
    return {"prose": words / WORDS, "code": lines / LINES, "printed": printed / PRINTED,
            "predictions": PREDICTION * calls.count("predict"), "labs": LAB * sum(map(is_lab, cells)),
            "exercises": EXERCISE * calls.count("exercise"), "repairs": REPAIR * calls.count("repair"),
            "pictures": PICTURE * calls.count("show")}


def stated(notebook):
    """The minutes its first cell states; None where it states none."""
    found = STATED.search(notebook.cells[0].source)
    return int(found[1]) if found else None


def rounded_up(number):
    return 5 * math.ceil(number / 5)


def words_of(markdown):
    """Words of prose, folded or not; a formula of its own line is one, and so is an address or a tag none."""
    text = re.sub(r"^<!-- links -->.*", "", markdown, flags=re.M)
    text = re.sub(r"\$\$.*?\$\$", " formula ", text, flags=re.S)
    text = re.sub(r"\]\([^)]*\)|<[^>]*>", " ", text)
    return len(re.findall(r"\S*\w\S*", text))


def calls_in(cell):
    """What a cell calls at its top level; an exercise is a call of what a lesson brings, a repair one of
    its mend_..."""
    for node in ast.parse(cell.source).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = root(node.value.func)
            repair = getattr(node.value.func, "attr", "").startswith("mend_")
            yield "repair" if repair else "exercise" if name == "lesson" else name
