"""Questions on the page of a notebook: asked with buttons, or stored with the answer folded."""
import re

import ipywidgets
import pytest

from helpers import predict
from helpers.checks.predict import Question
from helpers.pages import stored, widgets
from helpers.pages.widgets import Asked

QUESTION = Question(
    "How many means has (32, 16, 8, 8) <N, C, H, W>?",
    {"1,024": "One a pixel & channel.", "16": "One a channel, γ and β too.", "32": "One an image."}, "16")


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, with no cell known."""
    things = []
    monkeypatch.delenv("RECORD", raising=False)
    for page in (widgets, stored):
        monkeypatch.setattr(page, "display", things.append)
    return things


def test_predict_shows_options_in_order_and_none_chosen(shown):
    predict(QUESTION)
    text, choices, button, reason = shown[0].children
    assert [one.description for one in choices.children] == ["○ 1,024", "○ 16", "○ 32"]
    buttons = all(isinstance(one, ipywidgets.Button) for one in choices.children)
    assert buttons, "JupyterLab's keyboard misses radio buttons"
    assert button.disabled and "<N" not in text.value and "&lt;N" in text.value


def test_only_the_button_answers_and_only_once():
    asked = Asked(QUESTION)
    asked.commits.click()                                         # nothing chosen: a press does nothing
    empty = asked.reason.value
    for option in ("1,024", "16", "32"):                          # a learner who changes their mind
        asked.options[option].click()
        marks = [one.description[0] for one in asked.options.values()]
        assert asked.reason.value == empty and not asked.commits.disabled and marks.count("●") == 1
    asked.commits.click()
    told = asked.reason.value
    assert "You said 32. One an image. It is: 16. One a channel, γ and β too." in told
    assert not asked.commits.disabled, "a disabled button would lose the focus"
    asked.options["16"].click()
    asked.commits.click()
    assert asked.reason.value == told and asked.options["32"].description == "● 32"


def test_texts_are_escaped():
    asked = Asked(QUESTION)
    asked.options["1,024"].click()
    asked.commits.click()
    assert "pixel &amp; channel" in asked.reason.value


def test_screen_readers_hear_the_question_and_the_reason():
    asked = Asked(QUESTION)
    group = r'tabindex="0" role="group" aria-label="Predict. How many means .*3 options follow."'
    assert re.search(group, asked.box.children[0].value)
    # there before the reason comes, or it is not read out
    assert 'role="status" aria-live="polite"' in asked.reason.value


def test_the_height_is_fixed_and_holds_the_longest_reason():
    long = Question("?", {"much": "word " * 100, "less": "Short."}, "less")
    short, tall = Asked(QUESTION), Asked(long)
    before = tall.reason.layout.height
    tall.options["much"].click()
    tall.commits.click()
    assert tall.reason.layout.height == before
    assert float(before[:-2]) >= 20 * 500 / 80 > float(short.reason.layout.height[:-2])


def test_recorded_it_is_text_with_the_answer_folded(monkeypatch, shown):
    monkeypatch.setenv("RECORD", "1")
    predict(QUESTION)
    text = shown[0].data
    before, folded = text.split("<details>")
    assert re.findall("<li>(.*?)</li>", before) == ["1,024", "16", "32"] and "One a channel" not in before
    assert "It is: 16." in folded and "One an image." in folded and "&lt;N" in text


def shell(parent):
    """A kernel that is told this of the cell it runs."""
    return type("Shell", (), {"get_parent": lambda self: parent})()


def test_a_rerun_asks_anew_and_closes_the_old(monkeypatch, shown):
    parent = {"metadata": {"cellId": "a"}, "header": {"msg_id": "1"}}
    monkeypatch.setattr(widgets, "get_ipython", lambda: shell(parent))
    monkeypatch.setattr(widgets, "shown", [])
    predict(QUESTION)
    predict(QUESTION)                                         # two in one run of the cell stay side by side
    parent["metadata"]["cellId"] = "b"
    predict(QUESTION)
    assert all(box.comm is not None for box in shown)
    parent["metadata"]["cellId"], parent["header"]["msg_id"] = "a", "2"
    predict(QUESTION)
    assert [box.comm is None for box in shown] == [True, True, False, False]
    assert all(w.comm is None for w in shown[0].children)
    assert len(widgets.shown) == 2 and all(one.description[0] == "○" for one in shown[3].children[1].children)


def test_where_no_cell_is_known_nothing_is_kept(monkeypatch):
    monkeypatch.setattr(widgets, "shown", [])
    for kernel in (None, shell({})):
        monkeypatch.setattr(widgets, "get_ipython", lambda kernel=kernel: kernel)
        widgets.replace(Asked(QUESTION))
    assert widgets.shown == []
