"""What a class gets: notebooks that give nothing away, sheets that tell the teacher all."""
import nbformat
import pytest

from helpers.checks.exercises import Exercise
from helpers.checks.predict import Question
from web import classroom
from web.cells import CORE, DEEPER, code_cells, label
from web.votes import EXPECTED

each_notebook = pytest.mark.parametrize("path", [*CORE, *DEEPER], ids=label)


def read(path):
    return nbformat.read(path, as_version=4)


@each_notebook
def test_a_sheet_tells_every_answer_every_goal_and_every_solution(path):
    text, notebook = classroom.sheet(path), read(path)
    names = classroom.lessons_of(notebook)
    assert f"about {classroom.stated(notebook)} minutes" in text
    for cell in code_cells(notebook):
        for name, question in classroom.called(cell, names, Question):
            assert path not in CORE or f"*{EXPECTED[name]}* (a guess" in text
            assert f"- {question.answer} (**right**): {question.options[question.answer]}" in text
            others = [option for option in question.options if option != question.answer]
            assert all(f"- {option} (wrong): " in text for option in others)
            assert EXPECTED.get(name, others[0]) in others
        for name, exercise in classroom.called(cell, names, Exercise):
            assert f"`lesson.{name.split('.')[1]}.verdict(answer)`" in text and exercise.why in text
        if classroom.is_lab(cell) and "goals=lesson." in cell.source:
            assert "To find:\n\n- " in text


@each_notebook
def test_a_copy_holds_no_result(path):
    notebook = classroom.cleared(read(path))
    nbformat.validate(notebook)
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(notebook))
    answers = [question.options[question.answer] for cell in code_cells(notebook)
               for _, question in classroom.called(cell, classroom.lessons_of(notebook), Question)]
    text = "\n".join(cell.source for cell in notebook.cells)
    assert not [reason for reason in answers if reason in text]


def test_the_minutes_of_the_parts_add_up_and_what_must_run_before_is_named():
    path = next(path for path in CORE if path.name.startswith("05"))
    notebook = read(path)
    every = classroom.sections(notebook)
    assert sum(map(classroom.minutes_of, every)) == pytest.approx(sum(classroom.minutes(notebook).values()))
    headings = [line[3:] for cell in notebook.cells for line in cell.source.splitlines()
                if cell.cell_type == "markdown" and line.startswith("## ")]
    assert [one.words for one in every] == ["Opening", *headings]
    third = next(one for one in every if one.words == "A test in train mode")
    before = classroom.Links(notebook).before
    assert classroom.needs(before, third, every) == ["One image, other batch mates"]


@pytest.mark.parametrize("path", CORE, ids=label)
def test_there_are_three_questions_to_discuss(path):
    discuss = classroom.DISCUSS[path.name[:2]]
    assert len(discuss) == 3 and all(text.endswith("?") for text in discuss)
    assert f"1. {discuss[0]}\n2. " in classroom.sheet(path)


def test_both_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(classroom, "OUT", tmp_path)
    classroom.main([str(CORE[0])])
    name = CORE[0].stem
    assert (tmp_path / f"teacher/{name}.md").read_text("utf-8") == classroom.sheet(CORE[0])
    assert (tmp_path / f"notebooks/{name}.ipynb").exists()
