"""Questions: what may be asked, and what one is told who chose an option."""
import importlib
import pkgutil

import pytest

from helpers import lessons
from helpers.checks.predict import Question

NAMES = [module.name for module in pkgutil.iter_modules(lessons.__path__)]
LESSONS = [importlib.import_module(f"helpers.lessons.{name}") for name in NAMES]
QUESTIONS = {f"{lesson.__name__.split('.')[-1]}.{name}": value
             for lesson in LESSONS for name, value in vars(lesson).items() if isinstance(value, Question)}


@pytest.mark.parametrize("options, answer, words", [
    ({"16": "One."}, "16", "at least two"),
    ({"16": "One.", "32": "Two."}, "64", "not one of the options"),
    ({"16": "One.", "32": ""}, "16", "reason"),
    ({16: "One.", "32": "Two."}, "32", "expected text"),
    ({"sixteen": "One.", "32": "Two."}, "sixteen", "the longest"),
])
def test_a_question_that_cannot_be_asked_says_why(options, answer, words):
    with pytest.raises(ValueError, match=words):
        Question("How many?", options, answer)


def test_the_right_option_may_be_as_long_as_the_longest_other():
    assert Question("?", {"16": "One.", "32": "Two."}, "16").answer == "16"


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_wrong_option_of_a_lesson_has_a_reason_of_its_own(name):
    reasons = list(QUESTIONS[name].options.values())
    assert len(set(reasons)) == len(reasons)


def test_the_right_choice_and_the_wrong_ones_read_differently():
    options = {"1,024": "One a pixel.", "16": "One a channel.", "32": "One an image."}
    question = Question("How many?", options, "16")
    assert question.told("16") == "✓ It is: 16. One a channel."
    assert question.told("32") == "You said 32. One an image. It is: 16. One a channel."
    assert len({question.told(option) for option in question.options}) == 3
