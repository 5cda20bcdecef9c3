"""The question before, the measured sentence after, and the exercise that knows the usual mistakes."""
import html
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import ipywidgets as widgets
import torch
from IPython.display import HTML, display


@dataclass(frozen=True)
class Question:
    """Kept apart from the notebook, so that the answer does not stand in the cell that asks.

    options: {what learners really think: what to tell one who does}; answer: the right one of them.
    """
    text: str
    options: dict
    answer: str

    def __post_init__(self):
        if self.answer not in self.options:
            raise ValueError(f"answer {self.answer!r} is not one of the options {list(self.options)}")


def predict(question):
    """Ask before the result is shown: the learner commits, then the reason opens.

    Stored, the question reads as text and the answer folds.
    """
    told = {html.escape(option): html.escape(reason) for option, reason in question.options.items()}
    text, answer = html.escape(question.text), html.escape(question.answer)
    if os.environ.get("RECORD"):                 # asked at the call, as live does
        items = "".join(f"<li>{option}</li>" for option in told)
        display(HTML(f"<p><b>Predict.</b> {text}</p><ul>{items}</ul><details><summary>Answer</summary><p>{answer}. {told[answer]}</p></details>"))
        return
    choice = widgets.RadioButtons(options=list(question.options), value=None, layout=widgets.Layout(width="auto"))
    button = widgets.Button(description="That is my answer", disabled=True)     # arrow keys pass through options: choosing is not answering
    reason = widgets.HTML(layout=widgets.Layout(min_height="60px"))

    def commit(_):
        choice.disabled = button.disabled = True
        mine = html.escape(choice.value)
        reason.value = f"<p>{told[answer]}</p>" if mine == answer else f"<p>{told[mine]} It is: {answer}. {told[answer]}</p>"

    choice.observe(lambda change: setattr(button, "disabled", change.new is None), names="value")
    button.on_click(commit)
    display(widgets.VBox([widgets.HTML(f"<b>Predict.</b> {text}"), choice, button, reason]))


def claim(sentence, values, *, of, above=-math.inf, below=math.inf):
    """Print a sentence with what was measured, and raise AssertionError if it does not hold.

    of: the quantity measured, with its unit. values: (K,), one per seed (paired differences where two things are compared), five seeds at least; or one exact
    number, 0-d. It holds when the 95 % interval of their mean lies between above and below, the limits left out.
    """
    values = torch.as_tensor(values, dtype=torch.float64).detach()
    n, mean = values.numel(), values.mean().item()
    sd = values.std().item() if n > 1 else 0.0
    if values.dim() and (values.dim() > 1 or n < 5 or sd == 0):
        raise ValueError(f"got {tuple(values.shape)} with spread {sd:g}: expected one number a seed, from five different seeds, or one exact number")
    if not (math.isfinite(above) or math.isfinite(below)):
        raise ValueError("a claim needs a limit: above=, below= or both")
    half = student(n - 1) * sd / math.sqrt(n) if n > 1 else 0.0
    bounds = " and ".join(f"{word} {limit:g}" for word, limit in (("above", above), ("below", below)) if math.isfinite(limit))
    found = f"{of}: {mean:.3g}"
    if n > 1:
        found += f" ± {sd:.2g} ({n} seeds), 95 % interval {mean - half:.3g} to {mean + half:.3g}"
    if not above < mean - half or not mean + half < below:
        raise AssertionError(f"does not hold here: {sentence} Measured {found}; it should lie {bounds}.")
    print(f"✓ {sentence}\n  {found}; surely {bounds}" if n > 1 else f"✓ {sentence}\n  {found}, {bounds}")


def student(df):
    """97.5 % point of Student's t (Abramowitz & Stegun 26.7.5)."""
    z = 1.959964
    return (z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3))
