"""For a class: notebooks without outputs, and a sheet for the teacher, made of the lessons.

    python3 run.py class [05 ...]           # into _class/
"""
import ast
import importlib
import inspect
import re
import sys
from pathlib import Path

import nbformat

from helpers.checks.exercises import Exercise
from helpers.checks.predict import Question
from web.cells import CORE, DEEPER, FOLDER, Links, code_cells, is_lab, label
from web.discuss import DISCUSS
from web.minutes import minutes, stated
from web.votes import EXPECTED

OUT = FOLDER.parent / "_class"
FOUND = re.compile(r"<details><summary>What you should have found</summary>\s*(.*?)\s*</details>", re.S)


def cleared(notebook):
    """Nothing tells a result before the vote: no outputs, and the answers of questions are in no cell."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


# ---- the sheet

class Section:
    """A part of a notebook: its heading, its cells, the numbers of its code cells."""

    def __init__(self, words):
        self.words, self.cells, self.code = words, [], []


def sections(notebook):
    """The parts under headings of the second level; what stands above the first is "Opening"."""
    found, k = [Section("Opening")], 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found += map(Section, re.findall(r"^## (.+)", cell.source, re.M))
        found[-1].cells.append(cell)
        if cell.cell_type == "code":
            found[-1].code.append(k)
            k += 1
    return found


def needs(before, section, every):
    """The words of the sections before, whose cells this one needs; all need the first two cells.

    before: of each code cell of the notebook the cells it needs."""
    before = set().union(*(before[k] for k in section.code)) - {0, 1} - set(section.code)
    return [other.words for other in every if before & set(other.code)]


def minutes_of(section):
    """The first two cells of code are free only in the opening."""
    two = [nbformat.v4.new_code_cell("") for _ in range(2)] * (section.words != "Opening")
    return sum(minutes(nbformat.v4.new_notebook(cells=[*two, *section.cells])).values())


def called(cell, names, kind):
    """(lesson.name, thing) of each Question, or Exercise, that a cell of code names, in order."""
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            thing = getattr(names[node.value.id], node.attr, None)
            if isinstance(thing, kind):
                home = getattr(names[node.value.id], "__name__", "").rpartition(".")[2]
                yield f"{home}.{node.attr}", thing


def lessons_of(notebook):
    """{name in the notebook: lesson module}."""
    nodes = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(cell.source))
             if isinstance(node, ast.ImportFrom) and node.module == "helpers.lessons"]
    return {alias.asname or alias.name: importlib.import_module(f"helpers.lessons.{alias.name}")
            for node in nodes for alias in node.names}


def of_question(name, question):
    lines = [f"**Vote.** {question.text}", ""]
    for option, reason in question.options.items():
        mark = "**right**" if option == question.answer else "wrong"
        lines.append(f"- {option} ({mark}): {reason}")
    if name in EXPECTED:
        both = f"*{question.answer}* and for *{EXPECTED[name]}*"
        lines += ["", f"Expect votes for {both} (a guess, not a count)."]
    return [*lines, ""]


def of_lab(cell, names):
    """Its goals, as the lesson or the cell has them."""
    goals = next((getattr(names[node.value.id], node.attr) for node in ast.walk(ast.parse(cell.source))
                  if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                  and node.value.id in names and node.attr.endswith("goals")), {})
    return ["**Lab.** To find:", "", *(f"- {text}" for text in goals), ""]


def of_exercise(name, exercise):
    name = name.rpartition(".")[2]
    lines = [f"**Exercise** `{name}`. To grade an answer: `lesson.{name}.verdict(answer)`.", ""]
    if exercise.solution:
        source = inspect.getsource(exercise.solution).rstrip().replace("_solution", "")
        lines += [exercise.why, "", "```python", source, "```", ""]
    return lines


def sheet(path):
    """The teacher's page of a notebook, as markdown."""
    notebook = nbformat.read(path, as_version=4)
    names, every = lessons_of(notebook), sections(notebook)
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    lines = [f"# {title}", "", f"For the teacher. A learner takes about {stated(notebook)} minutes.", "",
             "| Part | Minutes | Run first, besides the first two cells |", "| --- | --- | --- |"]
    before = Links(notebook).before
    for one in every:
        lines.append(f"| {one.words} | {minutes_of(one):.0f} | {'; '.join(needs(before, one, every))} |")
    for one in every:
        body = [line for cell in one.cells for line in of_cell(cell, names)]
        lines += ["", f"## {one.words}", "", *body] if body else []
    if path in CORE:
        numbered = [f"{k}. {text}" for k, text in enumerate(DISCUSS[path.name[:2]], 1)]
        lines += ["", "## To discuss", "", *numbered]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def of_cell(cell, names):
    if cell.cell_type == "markdown":
        for words in FOUND.findall(cell.source):
            yield from ["What it finds:", "", words, ""]
        return
    for name, question in called(cell, names, Question):
        yield from of_question(name, question)
    if is_lab(cell):
        yield from of_lab(cell, names)
    for name, exercise in called(cell, names, Exercise):
        yield from of_exercise(name, exercise)


def main(names):
    """Copies and sheets of these notebooks, or of all."""
    for path in [Path(name).resolve() for name in names] or [*CORE, *DEEPER]:
        copy, page = OUT / f"notebooks/{label(path)}.ipynb", OUT / f"teacher/{label(path)}.md"
        for file in copy, page:
            file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(cleared(nbformat.read(path, as_version=4)), copy)
        page.write_text(sheet(path), "utf-8")
    print(f"Notebooks without outputs: {OUT / 'notebooks'}. Sheets for the teacher: {OUT / 'teacher'}.")


if __name__ == "__main__":
    main(sys.argv[1:])
