"""The question before a result is shown."""
from dataclasses import dataclass

from .. import pages


@dataclass(frozen=True)
class Question:
    """What is asked before a result is shown; the cell that asks does not hold the answer.

    text: the question; options: {what learners really think: the reason told to one who does}, in order;
    answer: the right one of them. All plain text (formulas in Unicode).
    Raises ValueError for fewer than two options, one without a reason, an answer that is none of them, and a
    right option clearly longer than all others: the longest tends to be taken for the right one.
    """
    text: str
    options: dict
    answer: str

    def __post_init__(self):
        if len(self.options) < 2:
            raise ValueError(f"{self.text!r} has {len(self.options)} option(s): expected at least two")
        for option, reason in self.options.items():
            if not all(isinstance(text, str) and text.strip() for text in (option, reason)):
                raise ValueError(f"option {option!r}: expected text, with the reason as text, "
                                 "e.g. {'16': 'One a channel.'}")
        if self.answer not in self.options:
            raise ValueError(f"answer {self.answer!r} is not one of the options {list(self.options)}")
        longest = max(len(option) for option in self.options if option != self.answer)
        if len(self.answer) > 3 + longest:  # 6.5 beside 10 gives nothing away
            raise ValueError(f"the right option {self.answer!r} is the longest, which gives it away: "
                             "shorten it, or lengthen another")

    def told(self, mine):
        """What one who chose `mine` is told."""
        right = f"It is: {self.answer}. {self.options[self.answer]}"
        return f"✓ {right}" if mine == self.answer else f"You said {mine}. {self.options[mine]} {right}"


def predict(question):
    """Ask before the result is shown: the learner chooses, commits with a button, then the reason opens."""
    pages.current().question(question)
