"""Questions, claims, and what a cell shows when it runs again."""
import importlib
import math
import pkgutil
import re

import ipywidgets as widgets
import pytest
import torch

from helpers import cells, learn, lessons
from helpers.learn import Asked, Question, claim, predict, student

QUESTION = Question("How many means has (32, 16, 8, 8) <N, C, H, W>?",
                    {"1,024": "One a pixel & channel.", "16": "One a channel, γ and β too.", "32": "One an image."}, "16")
QUESTIONS = {f"{module.name}.{name}": value for module in pkgutil.iter_modules(lessons.__path__)
             for name, value in vars(importlib.import_module(f"helpers.lessons.{module.name}")).items() if isinstance(value, Question)}


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, with no cell known."""
    things = []
    monkeypatch.delenv("RECORD", raising=False)
    monkeypatch.setattr(learn, "display", things.append)
    return things


# Questions

@pytest.mark.parametrize("options, answer, words", [
    ({"16": "One."}, "16", "at least two"),
    ({"16": "One.", "32": "Two."}, "64", "not one of the options"),
    ({"16": "One.", "32": ""}, "16", "reason"),
    ({16: "One.", "32": "Two."}, "32", "expected text"),
    ({"sixteen": "One.", "32": "Two."}, "sixteen", "the longest"),
])
def test_a_question_that_cannot_be_asked_says_why(options, answer, words):
    with pytest.raises(ValueError, match=words): Question("How many?", options, answer)


def test_the_right_option_may_be_as_long_as_the_longest_other():
    assert Question("?", {"16": "One.", "32": "Two."}, "16").answer == "16"


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_wrong_option_of_a_lesson_has_a_reason_of_its_own(name):
    reasons = list(QUESTIONS[name].options.values())
    assert len(set(reasons)) == len(reasons)


def test_predict_shows_options_in_order_and_none_chosen(shown):
    predict(QUESTION)
    text, choices, button, reason = shown[0].children
    assert [one.description for one in choices.children] == ["○ 1,024", "○ 16", "○ 32"]
    assert all(isinstance(one, widgets.Button) for one in choices.children), "radio buttons are out of the keyboard's reach in JupyterLab"
    assert button.disabled and "<N" not in text.value and "&lt;N" in text.value


def test_only_the_button_answers_and_only_once(shown):
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


def test_the_right_choice_and_the_wrong_ones_read_differently():
    asked = Asked(QUESTION)
    assert asked.told("16") == "✓ It is: 16. One a channel, γ and β too."
    assert len({asked.told(option) for option in QUESTION.options}) == 3


def test_texts_are_escaped():
    asked = Asked(QUESTION)
    asked.options["1,024"].click()
    asked.commits.click()
    assert "pixel &amp; channel" in asked.reason.value


def test_screen_readers_hear_the_question_and_the_reason():
    asked = Asked(QUESTION)
    assert re.search(r'tabindex="0" role="group" aria-label="Predict. How many means .*3 options follow."', asked.box.children[0].value)
    assert 'role="status" aria-live="polite"' in asked.reason.value       # there before the reason comes, or it is not read out


def test_the_height_is_fixed_and_holds_the_longest_reason():
    long = Question("?", {"much": "word " * 100, "less": "Short."}, "less")
    short, tall = Asked(QUESTION), Asked(long)
    before = tall.reason.layout.height
    tall.options["much"].click()
    tall.commits.click()
    assert tall.reason.layout.height == before and float(before[:-2]) >= 20 * 500 / 80 > float(short.reason.layout.height[:-2])


def test_recorded_it_is_text_with_the_answer_folded(monkeypatch, shown):
    monkeypatch.setenv("RECORD", "1")
    predict(QUESTION)
    text = shown[0].data
    before, folded = text.split("<details>")
    assert re.findall("<li>(.*?)</li>", before) == ["1,024", "16", "32"] and "One a channel" not in before
    assert "It is: 16." in folded and "One an image." in folded and "&lt;N" in text


def test_a_rerun_asks_anew_and_closes_the_old(monkeypatch, shown):
    parent = {"metadata": {"cellId": "a"}, "header": {"msg_id": "1"}}
    monkeypatch.setattr(cells, "get_ipython", lambda: type("Shell", (), {"get_parent": lambda self: parent})())
    monkeypatch.setattr(cells, "shown", [])
    predict(QUESTION)
    predict(QUESTION)                                             # two in one run of the cell stay side by side
    parent["metadata"]["cellId"] = "b"
    predict(QUESTION)
    assert all(box.comm is not None for box in shown)
    parent["metadata"]["cellId"], parent["header"]["msg_id"] = "a", "2"
    predict(QUESTION)
    assert [box.comm is None for box in shown] == [True, True, False, False] and all(w.comm is None for w in shown[0].children)
    assert len(cells.shown) == 2 and all(one.description[0] == "○" for one in shown[3].children[1].children)


def test_where_no_cell_is_known_nothing_is_kept(monkeypatch):
    monkeypatch.setattr(cells, "shown", [])
    for shell in (None, type("Shell", (), {"get_parent": lambda self: {}})()):
        monkeypatch.setattr(cells, "get_ipython", lambda: shell)
        cells.replace(Asked(QUESTION))
    assert cells.shown == []


# Claims

def spread(mean, sd, n=8):
    """n numbers of exactly this mean and standard deviation."""
    z = torch.linspace(-1, 1, n, dtype=torch.float64)
    return mean + sd * (z - z.mean()) / z.std()


def test_a_claim_prints_one_line_of_quantity_unit_spread_seeds_and_interval(capsys):
    claim("BatchNorm ends lower.", spread(2.28, 0.99), of="loss without minus with, in nats", above=1)
    assert capsys.readouterr().out == ("✓ BatchNorm ends lower.\n"
                                       "  loss without minus with: 2.28 ± 0.99 nats (8 seeds); 95 % interval 1.45 to 3.11; claimed above 1\n")


def test_steps_are_written_out(capsys):
    claim("It takes long.", spread(1612.9, 334), of="steps", above=1000)
    assert "steps: 1613 ± 334 (8 seeds); 95 % interval 1334 to 1892; claimed above 1000" in capsys.readouterr().out


@pytest.mark.parametrize("mean, limits, holds", [
    (2.28, dict(above=1.4), True), (2.28, dict(above=1.5), False), (2.28, dict(below=3.2), True), (2.28, dict(below=3.0), False),
    (2.28, dict(above=1.4, below=3.2), True), (2.28, dict(above=1.4, below=3.0), False), (2.28, dict(above=1.5, below=3.2), False),
])
def test_it_holds_when_the_whole_interval_lies_between_the_limits(mean, limits, holds):
    if holds: return claim("s", spread(mean, 0.99), of="q", **limits)
    with pytest.raises(AssertionError, match="does not hold here: s"): claim("s", spread(mean, 0.99), of="q", **limits)


def test_the_interval_covers_the_truth_19_times_in_20():
    draws = torch.randn(4000, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    half = student(7) * draws.std(1) / math.sqrt(8)
    assert 0.94 < (draws.mean(1).abs() < half).double().mean() < 0.96


@pytest.mark.parametrize("df, point", [(4, 2.7764), (5, 2.5706), (7, 2.3646), (9, 2.2622), (15, 2.1314), (23, 2.0687), (63, 1.9983), (1000, 1.9623)])
def test_student_agrees_with_the_table(df, point):
    assert student(df) == pytest.approx(point, rel=1e-3)


def test_one_exact_number(capsys):
    claim("It comes back.", torch.tensor(4.7e-7, requires_grad=True), of="largest error, in pixels", below=1e-5)
    assert capsys.readouterr().out == "✓ It comes back.\n  largest error: 4.7e-07 pixels; claimed below 1e-05\n"
    with pytest.raises(AssertionError, match="largest error: 0.1; claimed below 1e-05"): claim("It.", 0.1, of="largest error", below=1e-5)
    with pytest.raises(AssertionError): claim("It.", 1e-5, of="largest error", below=1e-5)


def test_numbers_come_as_lists_and_arrays_too():
    values = spread(2, 0.1)
    for kind in (values.tolist(), values.numpy(), list(values), values.float()): claim("s", kind, of="q", above=1)


def test_runs_that_diverged_are_counted():
    values = spread(1, 0.1)
    values[:3] = torch.tensor([math.nan, math.inf, -math.inf])
    with pytest.raises(AssertionError, match="3 of 8 seeds diverged"): claim("s", values, of="loss, in nats", below=2)
    with pytest.raises(AssertionError, match="not a finite number"): claim("s", math.nan, of="loss", below=2)


def test_yes_or_no_is_counted(capsys):
    learned = torch.tensor([True] * 7 + [False])
    claim("Most learn.", learned, of="nets above 0.5", at_least=7)
    claim("All.", learned[:7], of="nets above 0.5")
    assert capsys.readouterr().out == ("✓ Most learn.\n  nets above 0.5: 7 of 8 seeds; claimed at least 7\n"
                                       "✓ All.\n  nets above 0.5: 7 of 7 seeds\n")
    with pytest.raises(AssertionError, match="nets above 0.5: 7 of 8 seeds; claimed at least 8"): claim("All learn.", learned, of="nets above 0.5")
    with pytest.raises(AssertionError): claim("All learn.", learned.tolist(), of="nets above 0.5")


@pytest.mark.parametrize("values, limits, words", [
    (torch.ones(2, 5), dict(above=0), "shape"), (torch.rand(4), dict(above=0), "five seeds"), ([], dict(above=0), "five seeds"),
    (torch.rand(8), {}, "needs a limit"), (torch.rand(8), dict(above=2, below=1), "above less than below"),
    (torch.ones(8), dict(above=0), "were the seeds different"), (torch.rand(8), dict(at_least=3), "yes or no"),
    (torch.ones(8) > 0, dict(above=0), "counted over seeds"), (torch.tensor(True), {}, "counted over seeds"),
    (torch.ones(8) > 0, dict(at_least=9), "1 to 8"), (torch.ones(8) > 0, dict(at_least=0), "1 to 8"),
])
def test_a_claim_that_cannot_be_judged_says_why(values, limits, words):
    with pytest.raises(ValueError, match=words): claim("s", values, of="q", **limits)


def test_a_claim_says_what_it_ran_over(capsys):
    claim("It is near 2.", torch.tensor([1.9, 2.0, 2.1, 2.0, 2.05]), of="size", above=1, below=3, over="data sets")
    claim("It is positive.", torch.arange(1, 6) > 0, of="positive ones", over="units")
    out = capsys.readouterr().out
    assert "(5 data sets)" in out and "5 of 5 units" in out and "seeds" not in out
