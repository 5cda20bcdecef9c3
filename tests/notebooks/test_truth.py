"""The ledger of the claims, tests/truth.json, and how it is made."""
import os

import nbformat
import pytest

from helpers.experiments import data
from notebooks import truth
from web.cells import CORE, DEEPER, code_cells, label

LEDGER = truth.read()
each_notebook = pytest.mark.parametrize("path", [*CORE, *DEEPER], ids=label)


@each_notebook
def test_every_claim_of_a_notebook_was_counted_and_holds(path):
    cells, counts = code_cells(nbformat.read(path, as_version=4)), LEDGER.get(label(path), {})
    assert set(counts) == set(truth.claimed(cells, truth.stored(cells))), "python3 run.py truth counts anew"
    assert not truth.weak(counts)
    assert all(of >= 20 and others >= 2 for _, of, _, others in counts.values())


@each_notebook
def test_no_sentence_is_claimed_twice(path):
    """Else a count would not say which of the two held."""
    cells = [cell for cell in code_cells(nbformat.read(path, as_version=4)) if "claim(" in cell.source]
    claims = [line for text in truth.stored(cells) for line in text.splitlines() if line.startswith("✓ ")]
    assert sorted(claims) == sorted(set(claims))


# ---- how it is made

CLAIMS = """\
claim("It is so.", 1.0, of="a number", above=0)
claim("It is not so.", seeds(1)[0] - 1001000, of="a number", below=1)
claim("It is so with these digits.", load().train.x[0].sum().item(), of="a sum", below={most})"""


@pytest.fixture
def made(tmp_path):
    """A notebook of three claims: one holds, one at few bases, one with the embedded digits."""
    most = data.load().train.x[0].sum().item() + 0.5
    head = "from helpers import claim, load, seeds\nfrom helpers.lessons import train_eval as lesson"
    cells = [nbformat.v4.new_code_cell(source) for source in (head, CLAIMS.format(most=most))]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "made.ipynb")
    return tmp_path / "made.ipynb"


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Where results are kept, and settings that a run may change."""
    for name in "HELPERS_SEED", "HELPERS_DATA", "HELPERS_STRICT":
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(truth, "KEPT", tmp_path)
    monkeypatch.setattr(truth.pages, "in_force", None)
    monkeypatch.chdir(tmp_path)


def test_claims_are_counted_by_base_and_with_other_digits(made, room, monkeypatch):
    monkeypatch.setattr(truth, "BASES", range(1001, 1004))
    monkeypatch.setattr(truth, "label", lambda path: path.stem)
    counts = truth.counted({draw: truth.kept(made, draw) for draw in truth.draws()})
    assert counts["It is so."] == [3, 3, 2, 2]
    assert counts["It is not so."][:2] == [1, 3]
    assert counts["It is so with these digits."][:2] == [3, 3]
    assert set(truth.weak(counts)) >= {"It is not so."}


def test_what_was_run_is_not_run_again_until_the_code_changes(made, room, monkeypatch):
    monkeypatch.setattr(truth, "label", lambda path: path.stem)
    first = truth.kept(made, (1001, None))
    monkeypatch.setattr(truth, "run", lambda path, draw: ({}, "again"))
    assert truth.kept(made, (1001, None)) == [*first]
    assert truth.kept(made, (1002, None)) == [{}, "again"]
    notebook = nbformat.read(made, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("x = 1"))
    nbformat.write(notebook, made)
    assert truth.kept(made, (1001, None)) == [{}, "again"]


def test_other_words_in_helpers_ask_for_no_new_run():
    same = truth.without_words("def f(x):  # a\n    return g('one', x)")
    assert truth.without_words("def f(x):\n\n    return g(\"two\", x)") == same
    assert truth.without_words("def f(x): return g('one', 2 * x)") != same


def test_a_reworded_claim_is_not_run_again_and_counts_under_its_new_sentence(made, room, monkeypatch):
    monkeypatch.setattr(truth, "label", lambda path: path.stem)
    before, notebook = truth.mark(made, (1001, None)), nbformat.read(made, as_version=4)
    cell = notebook.cells[1]
    cell.source = cell.source.replace("It is so.", "So it is.").replace("a number", "a count")
    words = "✓ So it is.\n✗ Not with these draws: It is not so.\n✓ It is so with these digits.\n"
    cell.outputs = [nbformat.v4.new_output("stream", text=words)]
    nbformat.write(notebook, made)
    assert truth.mark(made, (1001, None)) == before
    found = {"It is so.": True, "It is not so.": False}
    assert truth.as_worded_now(made, found) == {"So it is.": True, "It is not so.": False}
    cell.source = cell.source.replace("above=0", "above=1")
    nbformat.write(notebook, made)
    assert truth.mark(made, (1001, None)) != before


def test_a_cell_that_stops_is_told_and_what_follows_does_not_hold(made, room):
    notebook = nbformat.read(made, as_version=4)
    notebook.cells.insert(1, nbformat.v4.new_code_cell("if seeds(1)[0] > 1002000: oops"))
    nbformat.write(notebook, made)
    good, bad = (truth.run(made, (base, None)) for base in (1001, 1003))
    assert good[1] == "" and bad == ({}, "code cell 1 stops: NameError: name 'oops' is not defined")
    assert truth.counted({(1001, None): good, (1003, None): bad})["It is so."] == [1, 2, 0, 0]


def ink(split, some):
    """Of each image all its pixels, 0 to 255, in sum."""
    return some.pixels(split.x).mul(255).sum((1, 2, 3)).round().long().tolist()


def test_a_split_holds_the_same_digits_others_of_them_to_train(room):
    own, *splits = data.load(), *(data.load(root=truth.split_anew(k)) for k in (1, 2))
    for some in splits:
        assert [len(part.y) for part in (some.train, some.test)] == [4000, 1000]
        assert sorted(ink(some.train, some)) != sorted(ink(own.train, own))
        assert sorted(ink(some.train, some) + ink(some.test, some)) == sorted(
            ink(own.train, own) + ink(own.test, own))


LESSON = """
TOP = 3
def helped(x): return x + TOP
def used(x): return helped(x)
def program(x, wrong=False): return x
asked = Question("How many?", {"one": "a", "two": "b"}, "one")
task = Exercise(program, ((1,),), mistakes={"wrong": "It is wrong."})
"""


def test_of_a_lesson_counts_what_a_notebook_measures_with_not_what_is_asked_and_judged():
    before = truth.measured(LESSON, {"used", "asked", "task"})
    assert [name for name, _ in before] == ["TOP", "helped", "used"]
    judged = LESSON.replace("wrong=False", "wrong=False, more=False")
    assert truth.measured(judged, {"used", "task"}) == before
    assert truth.measured(LESSON.replace("TOP = 3", "TOP = 4"), {"used"}) != before
