"""The glossary: its links, and that a term is found where it is said to be explained."""
import re

import nbformat
import pytest

from web.cells import FOLDER

ROWS = [line.split(" | ") for line in (FOLDER / "glossary.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and "](" in line]
ROWS = [(row[0].strip("| "), row[1], re.search(r"\(([^)]+)\)", row[2])[1]) for row in ROWS]


def words_of(place):
    notebook = nbformat.read(FOLDER / place, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells).lower()


def found(term, text):
    """Whether one of its names occurs, in singular or plural."""
    names = re.split(r", | \(|\)", re.sub(r"\\hat h", "hat h", term.lower()))
    return any(name.strip(" $`") in text for name in names if name.strip(" $`"))


@pytest.mark.parametrize("term, meaning, place", ROWS, ids=[row[0] for row in ROWS])
def test_a_term_is_explained_where_it_says(term, meaning, place):
    assert found(term, words_of(place)), f"{term} does not occur in {place}"
    assert len(meaning.split()) <= 20


def test_terms_stand_in_order_and_once():
    terms = [re.split(r"[,(]", term.lower())[0] for term, *_ in ROWS if "$" not in term]
    assert len(terms) > 30 and terms == sorted(set(terms))
