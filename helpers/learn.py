"""The question before, the measured sentence after."""
import html
import math
import os
from dataclasses import dataclass
from functools import partial

import ipywidgets as widgets
import torch
from IPython.display import HTML, display

from . import cells
from .compare import short

LINE = 96             # characters: what a page shows without breaking a word


@dataclass(frozen=True)
class Question:
    """What is asked before a result is shown; it stands apart from the notebook, so that the cell that asks does not hold the answer.

    text: the question; options: {what learners really think: the reason told to one who does}, in the order shown;
    answer: the right one of them. All plain text (formulas in Unicode).
    Raises ValueError for fewer than two options, one without a reason, an answer that is none of them, and a right option
    clearly longer than all others: the longest tends to be taken for the right one.
    """
    text: str
    options: dict
    answer: str

    def __post_init__(self):
        if len(self.options) < 2:
            raise ValueError(f"{self.text!r} has {len(self.options)} option(s): expected at least two")
        for option, reason in self.options.items():
            if not (isinstance(option, str) and option.strip() and isinstance(reason, str) and reason.strip()):
                raise ValueError(f"option {option!r}: expected text, with the reason as text, e.g. {{'16': 'One a channel.'}}")
        if self.answer not in self.options:
            raise ValueError(f"answer {self.answer!r} is not one of the options {list(self.options)}")
        if len(self.answer) > 3 + max(len(option) for option in self.options if option != self.answer):        # 6.5 beside 10 gives nothing away
            raise ValueError(f"the right option {self.answer!r} is the longest, which gives it away: shorten it, or lengthen another")


def predict(question):
    """Ask before the result is shown: the learner chooses, commits with a button, then the reason opens.

    With RECORD=1 the stored output is text: the question, its options, and the answer folded.
    """
    if os.environ.get("RECORD"):                 # asked at the call, as live does
        display(HTML(printed(question)))
    else:
        asked = Asked(question)
        cells.replace(asked)
        display(asked.box)


def printed(question):
    """HTML of the question for readers without a kernel."""
    options = "".join(f"<li>{html.escape(option)}</li>" for option in question.options)
    reasons = "".join(f"<li>{html.escape(option)}: {html.escape(reason)}</li>" for option, reason in question.options.items())
    return (f"<p><b>Predict.</b> {html.escape(question.text)}</p><ul>{options}</ul>"
            f"<details><summary>Answer</summary><p>It is: {html.escape(question.answer)}.</p><ul>{reasons}</ul></details>")


class Asked:
    """A question on the page. Choosing is not answering: a button commits, once.

    Each option is a button: of a group of radio buttons JupyterLab's keyboard reaches only the first, as it keeps the arrow keys.
    """

    def __init__(self, question):
        self.question, self.mine, self.answered = question, None, False
        self.options = {option: widgets.Button(layout=widgets.Layout(width="auto")) for option in question.options}
        for option, button in self.options.items(): button.on_click(partial(self.choose, option))
        self.commits = widgets.Button(description="That is my answer", disabled=True, layout=widgets.Layout(width="auto", align_self="flex-start"))
        self.commits.on_click(self.commit)
        self.reason = widgets.HTML(value=status(""), layout=widgets.Layout(height=f"{self.height()}px", overflow="auto"))
        choices = widgets.VBox([*self.options.values()], layout=widgets.Layout(align_items="flex-start"))
        self.box = widgets.VBox([widgets.HTML(named(question)), choices, self.commits, self.reason])
        self.mark()

    def mark(self):
        """A full circle before what is chosen, an empty one before the others."""
        for option, button in self.options.items(): button.description = f"{'●' if option == self.mine else '○'} {option}"

    def choose(self, option, _=None):
        if self.answered: return
        self.mine, self.commits.disabled = option, False
        self.mark()

    def height(self):
        """Pixels for the longest that may be told, 80 characters a line, so that nothing jumps; a narrow screen scrolls."""
        longest = max(len(self.told(option)) for option in self.question.options)
        return 16 + 20 * math.ceil(longest / 80)

    def told(self, mine):
        """What one who chose `mine` is told."""
        question = self.question
        right = f"It is: {question.answer}. {question.options[question.answer]}"
        return f"✓ {right}" if mine == question.answer else f"You said {mine}. {question.options[mine]} {right}"

    def commit(self, _=None):
        if self.mine is None or self.answered: return
        self.answered = True
        self.commits.description = "Answered"    # not disabled: a disabled button loses the focus, and keys would go to the notebook
        self.reason.value = status(html.escape(self.told(self.mine)))

    def close(self):
        for widget in (*self.options.values(), *self.box.children, self.box): widget.close()


def named(question):
    """The question as a stop of the Tab key with a name, before its options: core ipywidgets has none for a group."""
    text = html.escape(question.text)
    name = f"Predict. {text} {len(question.options)} options follow."
    return f'<div style="line-height: 20px" tabindex="0" role="group" aria-label="{name}"><b>Predict.</b> {text}</div>'


def status(inner):
    """A region that screen readers read out when it changes."""
    return f'<div style="line-height: 20px" role="status" aria-live="polite">{inner}</div>'


def claim(sentence, values, *, of, above=-math.inf, below=math.inf, at_least=None, over="seeds"):
    """Print a sentence with what was measured; raise AssertionError where it does not hold.

    of: the quantity and its unit, "loss without minus with, in nats". values, one of
    - (K,) numbers, one a seed (paired differences where two things are compared), five seeds at least: holds where the 95 %
      interval of their mean (Student's t) lies between above and below, the limits left out;
    - (K,) booleans, one a seed, five at least: holds where at least `at_least` are True (all, by default); of names what is counted;
    - one number, where nothing is random: holds where it lies between above and below.
    over: what the K values are one each of, where they are not seeds: "data sets".
    Raises ValueError for values of another kind, no limit, or numbers that are all the same.
    """
    yes_no = torch.as_tensor(values).dtype == torch.bool
    values = torch.as_tensor(values, dtype=torch.bool if yes_no else torch.float64).detach().cpu()
    if values.dim() > 1 or values.dim() == 1 and len(values) < 5:
        raise ValueError(f"got values of shape {tuple(values.shape)}: expected one a seed, of five seeds at least, or one exact number")
    if yes_no:
        holds, found = counted(values, of, above, below, at_least, over)
    elif at_least is not None:
        raise ValueError("at_least counts seeds: it needs yes or no for each, e.g. values > 0.5")
    else:
        holds, found = measured(values, of, above, below, over)
    if not holds:
        raise AssertionError(f"does not hold here: {sentence} Measured {found}")
    print(f"✓ {sentence}\n  " + (found if len(found) <= LINE else found.replace("; 95 %", "\n  95 %")))


def counted(values, of, above, below, at_least, over):
    """Whether enough of the seeds say yes, and how many do."""
    if not values.dim() or math.isfinite(above) or math.isfinite(below):
        raise ValueError("yes or no (booleans) is counted over seeds, at_least=: for above= and below= hand over the numbers")
    need, yes, n = len(values) if at_least is None else at_least, int(values.sum()), len(values)
    if not 0 < need <= n:
        raise ValueError(f"at_least={need}: expected 1 to {n}, the number of seeds")
    return yes >= need, f"{of}: {yes} of {n} {over}" + ("" if yes == need == n else f"; claimed at least {need}")


def measured(values, of, above, below, over):
    """Whether the mean of the values lies surely between the limits, and the line that says so."""
    if not (math.isfinite(above) or math.isfinite(below)) or not above < below:
        raise ValueError(f"a claim needs a limit: above=, below= or both, above less than below; got above={above:g}, below={below:g}")
    quantity, _, unit = of.partition(", in ")
    unit, n, broken = unit and f" {unit}", values.numel(), int((~values.isfinite()).sum())
    limits = " and ".join(f"{word} {limit:g}" for word, limit in (("above", above), ("below", below)) if math.isfinite(limit))
    if broken:
        return False, f"{quantity}: " + (f"{broken} of {n} {over} diverged (no finite number)" if values.dim() else "not a finite number")
    if not values.dim():
        return above < values.item() < below, f"{quantity}: {short(values)}{unit}; claimed {limits}"
    mean, sd = values.mean().item(), values.std().item()
    if sd == 0:
        raise ValueError(f"all {n} values are {mean:g}: were the seeds different? If they may well be equal, count: values > limit, at_least=")
    half = student(n - 1) * sd / math.sqrt(n)
    return above < mean - half and mean + half < below, (
        f"{quantity}: {short(mean)} ± {short(sd, 2)}{unit} ({n} {over}); 95 % interval {short(mean - half)} to {short(mean + half)}; claimed {limits}")


def student(df):
    """97.5 % point of Student's t with df >= 4 degrees of freedom (Abramowitz & Stegun 26.7.5), to 0.1 %."""
    z = 1.959964
    return (z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3)
            + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * df**4))
