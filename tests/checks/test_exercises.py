"""The checker on every kind of answer; then each exercise by its solution, other right answers and mutants.

For each exercise of helpers/lessons/<lesson>.py, tests/answers/<lesson>.py holds
    right = {exercise: [at least two right answers, written otherwise than the program]}
    wrong = {exercise: {switch: a wrong answer with that mistake alone, written otherwise than the program}}
    others = {exercise: {a name: (another wrong answer, what is told of it)}}, where there are such
"""
import importlib
import importlib.util
import itertools
import pathlib
import pkgutil
import random
from functools import partial
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers import lessons, pages
from helpers.checks.comparing import describe, difference, same, short
from helpers.checks.exercises import Exercise
from helpers.lessons.gamma_beta import recover, recover_solution
from helpers.pages.markup import details

H, EPS = recover.probes[0]


# What learners write

def unfilled(h, eps):
    gamma = ...
    beta = h.mean(0)
    return gamma, beta


def all_unfilled(h, eps):
    gamma = ...
    beta = ...
    return gamma, beta


def uses_unfilled(h, eps):
    gamma = ...
    return gamma * h, h.mean(0)


def prints(h, eps):
    print("mean", h.mean(0))


def debugs(h, eps):
    print("shape", tuple(h.shape))
    return recover_solution(h, eps)


def not_written(h, eps):
    raise NotImplementedError


def mean_of_yes_or_no(h, eps):
    return (h > 0).mean(0), h


def in_place(h, eps):
    h -= 1
    gamma, beta = recover_solution(h, eps)
    return gamma, beta + 1


def stops(h, eps):
    deviation = h.std(5)
    return deviation, h.mean(0)


def right_but(change):
    return lambda h, eps: change(*recover_solution(h, eps))


@pytest.mark.parametrize("theirs", [
    recover_solution, debugs, partial(recover_solution), lambda *args: recover_solution(*args),
    right_but(lambda gamma, beta: [gamma, beta]),
    right_but(lambda gamma, beta: (gamma.numpy(), beta.numpy())),
    right_but(lambda gamma, beta: (gamma.tolist(), beta.tolist())),
    right_but(lambda gamma, beta: ([*gamma], tuple(beta))),
    right_but(lambda gamma, beta: (gamma.double(), beta)),
    right_but(lambda gamma, beta: (torch.nn.Parameter(gamma), beta)),
])
def test_right_answers_of_other_kinds_pass(theirs):
    mark, words = recover.verdict(theirs)
    assert mark == "✓" and words.startswith("Right.")


@pytest.mark.parametrize("theirs, mark, words", [
    (lambda h, eps: None, "…", "Not filled in yet: it returns nothing."),
    (lambda h, eps: ..., "…", "Not filled in yet: it returns nothing."),
    (unfilled, "…", "Your beta is right. Not filled in yet: gamma."),
    (all_unfilled, "…", "Not filled in yet: gamma and beta."),
    (right_but(lambda gamma, beta: (gamma + 1, None)), "…", "Not filled in yet: beta."),
    (uses_unfilled, "…", "Not filled in yet: there is still a `...` at `return gamma * h, h.mean(0)`."),
    (not_written, "…", "Not filled in yet: there is still a `...` at `raise NotImplementedError`."),
    (prints, "…", "Not filled in yet: it returns nothing.\n(It printed: mean tensor("),
    (stops, "✗", "It stops at `deviation = h.std(5)` with IndexError: Dimension out of range"),
    (mean_of_yes_or_no, "✗", "It stops at `return (h > 0).mean(0), h` with NotImplementedError: mean()"),
    (in_place, "✗", "It changes its input in place"),
    (lambda h: h, "✗", "It takes (h); it is called with (h, eps)."),
    (lambda h, eps, momentum: h, "✗", "It takes (h, eps, momentum); it is called with (h, eps)."),
    (torch.sqrt, "✗", "It stops with TypeError"),
    (recover_solution(H), "✗", "Hand over the function itself"),
    (right_but(lambda gamma, beta: torch.stack([gamma, beta])), "✗",
     "The numbers are right. They are stacked in one tensor: return them side by side, gamma, beta."),
    (lambda h, eps: torch.stack([h.var(0), h.mean(0)]), "✗",
     "Your beta is right. Gamma is the variance: the layer divided by its root, so the root multiplies back. "
     "(Three more mistakes are left.)"),
    (right_but(lambda gamma, beta: (gamma, beta, gamma)), "✗",
     "The numbers are right. It returns 3 values, 2 are asked for: gamma and beta."),
    (right_but(lambda gamma, beta: (gamma[None], beta)), "✗",
     "The numbers are right. gamma has shape (1, 2): expected (2,)."),
    (right_but(lambda gamma, beta: (gamma[None], beta * 2)), "✗",
     "Your gamma is right. beta is 2 times what is expected, everywhere. "
     "gamma has shape (1, 2): expected (2,)."),
    (right_but(lambda gamma, beta: (gamma[None], beta + 2.25 * (beta == 2.25))), "✗",
     "Your gamma is right. For h = [[5, -0.98], [3, -1.01], [-1, -1.03], [2, -1]] and eps = 0.01: "
     "beta[0] is 4.5; expected 2.25. gamma has shape (1, 2): expected (2,)."),
    (right_but(lambda gamma, beta: beta), "✗",
     "it returns [2.25, -1]; expected two values: gamma and beta."),
    (right_but(lambda gamma, beta: (gamma,)), "✗",
     "it returns ([2.17, 0.102]); expected two values: gamma and beta."),
    (right_but(lambda gamma, beta: {"gamma": gamma}), "✗", "expected two values: gamma and beta."),
    (right_but(lambda gamma, beta: (gamma, "beta")), "✗", "Your gamma is right. For h"),
    (right_but(lambda gamma, beta: (gamma * (1 + torch.arange(len(gamma))), beta)), "✗",
     "eps = 0.01: gamma[1] is 0.203; expected 0.102."),
    (right_but(lambda gamma, beta: (gamma * 1.0004, beta)), "✗", "gamma[0] is 2.168; expected 2.167."),
    (right_but(lambda gamma, beta: (gamma, beta.long())), "✗",
     "beta[0] is 2; expected 2.25 (its dtype is torch.int64)."),
    (right_but(lambda gamma, beta: (gamma, beta / (beta > 0))), "✗",
     "beta[1] is -inf; expected -1 (1 of 2 are not finite): a division by zero"),
    (right_but(lambda gamma, beta: (gamma * float("nan"), beta)), "✗",
     "gamma[0] is nan; expected 2.17 (2 of 2 are not finite)"),
    (lambda h, eps: (h.std(0), h.mean(0)), "✗",
     "Your beta is right. The variance divides by N - 1: BatchNorm normalizes with the one that divides by N."
     " (One more mistake is left.)"),
    (lambda h, eps: (h.mean(0), h.std(0)), "✗",
     "Which one restores the spread, which one the mean? (Two more mistakes are left.)"),
])
def test_wrong_answers_are_told_what_is_right_then_the_gravest_mistake(theirs, mark, words):
    got, told = recover.verdict(theirs)
    assert got == mark and words in told


# Other exercises than pairs of tensors

def scaling(x, factor, squared=False):
    return factor * (x**2 if squared else x)


def test_a_single_value():
    double = Exercise(scaling, probes=[(torch.tensor([[1.0, 2.0, 3.0]]), 2.0)], names=("y",),
                      mistakes={"squared": "Squared."})
    assert double.verdict(lambda x, factor: 2 * x)[0] == "✓"
    assert double.verdict(lambda x, factor: 2 * x**2) == ("✗", "Squared.")
    assert double.verdict(lambda x, factor: 2 * x + torch.tensor([0, 0, 1])) == (
        "✗", "For x = [[1, 2, 3]] and factor = 2: y[0, 2] is 7; expected 6.")
    assert double.verdict(lambda x, factor: ...) == ("…", "Not filled in yet: y.")
    for wrong, words in (
            (lambda x, factor: (2 * x,), "It returns a tuple of one: is there a comma too many?"),
            (lambda x, factor: (2 * x, x), "It returns 2 values, 1 is asked for: y."),
            (lambda x, factor: 2 * x[0], "y has shape (3,): expected (1, 3)."),
            (lambda x, factor: 2 * x.T, "y has shape (3, 1): expected (1, 3).")):
        assert double.verdict(wrong) == ("✗", f"The numbers are right. {words}")


def test_what_it_prints_is_told_once_and_of_the_first_probe():
    def prints(x, factor):
        print("factor", factor)
        return x * factor
    double = Exercise(scaling, probes=[(torch.ones(2), 2.0), (torch.ones(2), 3.0)], mistakes={})
    assert double.verdict(prints) == ("✓", "Right.\n(It printed: factor 2.0)")


def test_long_probes_are_described_not_printed():
    double = Exercise(scaling, probes=[(torch.arange(9.0), 2.0)], mistakes={})
    assert double.verdict(lambda x, factor: 2 * x + (x == 1)) == (
        "✗", "For x = a tensor (9,) and factor = 2: the result[1] is 3; expected 2.")


# What is named in every exercise

def centring(h, gamma, beta, no_mean=False):
    """h (N, C), gamma (C,), beta (C,) -> y (N, C), its squares' mean (C,), the loss ()"""
    y = gamma * (h - (0 if no_mean else h.mean(0))) + beta
    return y, y.square().mean(0), y.square().sum() / len(h)


A, B = torch.tensor([[1.0, 2], [3, -7], [5, 0]]), torch.tensor([[0.5, -2, 1, 0], [3, 4, 0, 1]])
PROBES = [(A, *torch.tensor([[2.0, -1], [0.5, 3]])), (B, *torch.tensor([[1.0, 3, -2, 4], [0, 1, 5, -1.5]]))]
centre = Exercise(centring, probes=PROBES, names=("y", "squares", "loss"), mistakes={"no_mean": "No mean."})
ALONE = Exercise(lambda h, gamma, beta: centring(h, gamma, beta)[0], probes=PROBES, names=("y",), mistakes={})


def but(change):
    """The right parts, changed."""
    return lambda h, gamma, beta: change(*centring(h, gamma, beta))


@pytest.mark.parametrize("theirs, words", [
    (but(lambda y, squares, loss: (y, loss, squares)),
     "Your y is right. The parts are right, in another order: return y, squares, loss."),
    (but(lambda y, squares, loss: (loss, y, squares)), "The parts are right, in another order"),
    (but(lambda y, squares, loss: [(y, squares, loss)]), "They stand in one bracket too many"),
    (but(lambda y, squares, loss: dict(y=y, squares=squares, loss=loss)), "They come in a dict"),
    (but(lambda y, squares, loss: (y, y ** 2, loss)),
     "Your y and loss are right. squares is not averaged yet, over axis 0: shape (3, 2); expected (2,)."),
    (but(lambda y, squares, loss: (y, squares, squares)),
     "loss is not summed yet, over axis 0: shape (2,); expected ()."),
    (but(lambda y, squares, loss: (y, squares, (y ** 2).mean(0).diag())),
     "loss is not summed yet, over axes 0 and 1: shape (2, 2); expected ()."),
    (but(lambda y, squares, loss: (y, loss, loss)),
     "squares is summed over axis 0, which should stay: shape (); expected (2,)."),
    (but(lambda y, squares, loss: (y.mean(1), squares, loss)), "y is averaged over axis 1, which should"),
    (but(lambda y, squares, loss: (-y, squares, loss)),
     "Your squares and loss are right. y has the wrong sign."),
    (but(lambda y, squares, loss: (y.abs(), squares, loss)), "y has lost its sign."),
    (but(lambda y, squares, loss: (y / 2, squares, loss)), "y is 1/2 of what is expected, everywhere."),
    (but(lambda y, squares, loss: (y, 3 * squares, loss)), "squares is 3 times what is expected, every"),
    (but(lambda y, squares, loss: (y, squares * 1.37, loss)), "squares is 1.37 times what is expected"),
    (but(lambda y, squares, loss: (y, squares * len(y), loss)), "squares is len(h) times what is expected."),
    (but(lambda y, squares, loss: (y, squares, loss / len(y))), "loss is 1 / len(h) of what is expected."),
    (but(lambda y, squares, loss: (y, squares, loss / y.shape[1])), "loss is 1 / h.shape[1] of what"),
    (but(lambda y, squares, loss: (y + 1, squares, loss)), "y is 1 too large, everywhere."),
    (but(lambda y, squares, loss: (y, squares.sqrt(), loss)), "squares is the root of what is expected"),
    (but(lambda y, squares, loss: (y.T, squares, loss)), "y is transposed"),
    (lambda h, gamma, beta: centring(h, beta, gamma), "gamma and beta are exchanged."),
    (lambda h, gamma, beta: centring(h, gamma, gamma), "gamma stands where beta belongs, too."),
    (lambda h, gamma, beta: centring(h, gamma, beta, no_mean=True), "No mean."),
])
def test_what_goes_wrong_anywhere_is_named_in_every_exercise(theirs, words):
    mark, told = centre.verdict(theirs)
    assert mark == "✗" and words in told


@pytest.mark.parametrize("change, words", [
    (lambda y: -y, "y has the wrong sign."),
    (lambda y: y * 0.25, "y is 1/4 of what is expected, everywhere."),
    (lambda y: y.T, "y is transposed"), (lambda y: y.sum(0), "y is summed over axis 0, which should stay"),
    (lambda y: y.where(y > 0, -y) * torch.tensor([1.0] + [2] * (y.shape[1] - 1)), "For h = [[1, 2], [3, -7]"),
])
def test_and_of_a_single_value(change, words):
    assert words in ALONE.verdict(lambda *args: change(centring(*args)[0]))[1]


@pytest.mark.parametrize("change, words", [
    (lambda h: h.mean(0).expand(len(h), -1)[:, :, None].expand(-1, -1, len(h)).mT[0],
     "means is a table of each with each, whose diagonal is right"),
    (lambda h: h.mean(0).round(), "means is rounded to whole numbers, everywhere."),
])
def test_and_of_means(change, words):
    means = Exercise(lambda h: h.mean(0), probes=[(A,), (B.T @ B,)], names=("means",), mistakes={})
    assert words in means.verdict(change)[1]


def alike(h):
    """h (N, C) -> the means (N, C), the same in each row."""
    return h.mean(0).expand_as(h)


def test_an_axis_along_which_all_is_the_same_may_lack():
    means = Exercise(alike, probes=[(A,), (B,)], names=("means",), mistakes={})
    assert means.verdict(lambda h: h.mean(0)) == (
        "✗", "means lacks axis 0, along which it is the same everywhere: shape (2,); expected (3, 2).")


def test_flags_and_shares_may_be_the_wrong_way_round():
    def share(x, p, training, shut=False):
        return x * p if training and not shut else x
    shares = Exercise(share, probes=[(A, 0.2, True), (B, 0.7, False)], mistakes={"shut": "Shut."})
    assert shares.verdict(lambda x, p, training: x if training else p * x) == (
        "✗", "training is taken the other way round: True for False.")
    assert shares.verdict(lambda x, p, training: (1 - p) * x if training else x) == (
        "✗", "1 - p stands where p belongs.")


def three(x, doubled=False, negative=False):
    return 2 * x if doubled else -x if negative else x, 2 * x + 1 if doubled else x + 1, x.sum()


def test_a_mistake_made_in_some_parts_only_is_named():
    parts = Exercise(three, probes=[(A,), (B,)], names=("a", "b", "c"),
                     mistakes={"doubled": "Doubled.", "negative": "Negative."})
    assert parts.verdict(lambda x: (x, 2 * x + 1, x.sum())) == ("✗", "Your a and c are right. Doubled.")
    assert parts.verdict(lambda x: (-x, 2 * x + 1, x.sum())) == (
        "✗", "Your c is right. Doubled. (One more mistake is left.)")


def test_one_number_is_not_said_to_be_off_by_a_factor():
    one = Exercise(lambda x: x.sum(), probes=[(torch.tensor([1.0, 2]),)], mistakes={})
    assert one.verdict(lambda x: 2 * x.sum()) == ("✗", "For x = [1, 2]: the result is 6; expected 3.")


def counting(shape, biases_too=False):
    n, c = shape
    return 867_041_280 + (c if biases_too else 0)


def test_counts_are_compared_exactly():
    count = Exercise(counting, probes=[((10, 3),)], names=("multiplications",),
                     mistakes={"biases_too": "The biases only add."})
    assert count.verdict(lambda shape: 867_041_280)[0] == "✓" == count.verdict(lambda shape: 867_041_280.0)[0]
    assert count.verdict(lambda shape: 867_041_283) == ("✗", "The biases only add.")
    assert count.verdict(lambda shape: 867_041_281) == (
        "✗", "For shape = (10, 3): multiplications is 867041281; expected 867041280.")


def sorting(statement, mixed_up=False):
    return {"a": "measured", "b": "measured" if mixed_up else "false"}


def test_words_say_only_which_one_is_wrong():
    classify = Exercise(sorting, probes=[("x",)], names=("kind",), mistakes={"mixed_up": "Look again."})
    assert classify.verdict(lambda statement: {"b": "false", "a": "measured"})[0] == "✓"
    assert classify.verdict(lambda statement: {"a": "disputed", "b": "false"}) == (
        "✗", "For statement = 'x': kind['a'] is 'disputed'; expected 'measured'.")
    assert classify.verdict(lambda statement: {"a": ..., "b": ...})[0] == "✗"


def dropping(x, p, training=True, keeps=False, in_eval=False):
    if not training and not in_eval:
        return x
    return x * (torch.rand(x.shape) < (p if keeps else 1 - p)) / (1 - p)


def seen(f):
    x = torch.ones(100, 100)
    return {"share dropped": (f(x, 0.3) == 0).double().mean(),
            "eval mode": (f(x, 0.3, training=False) == 0).double().mean()}


drop = Exercise(dropping, observe=seen, atol=0.03,
                mistakes={"keeps": "It keeps with p.", "in_eval": "It drops in eval mode."})


def with_numpy(x, p, training=True):
    keep = np.random.random(x.shape) >= p
    return x.numpy() * keep / (1 - p) if training else x


@pytest.mark.parametrize("theirs, mark, words", [
    (lambda x, p, training=True: F.dropout(x, p, training), "✓", "Right."),
    (with_numpy, "✓", "Right."),
    (lambda x, p, training=True: F.dropout(x, 1 - p, training), "✗",
     "It keeps with p. Right already: eval mode."),
    (lambda x, p, training=True: F.dropout(x, p), "✗",
     "It drops in eval mode. Right already: share dropped."),
    (lambda x, p, training=True: F.dropout(x, 1 - p), "✗", "It keeps with p. (One more mistake is left.)"),
    (lambda x, p, training=True: x * 0, "✗", "share dropped: it gives 1; expected 0."),
    (lambda x, p: x, "✗", "It takes (x, p); it is called with (x, p, training)."),
    (lambda x, p, training=True: None, "…", "Not filled in yet"),
    (lambda x, p, training=True: "x", "✗", "What it returns is not of the kind asked for"),
])
def test_random_programs_are_seen_by_what_does_not_hang_on_the_draw(theirs, mark, words):
    got, told = drop.verdict(theirs)
    assert got == mark and (words in told)


class Doubling(torch.nn.Module):
    def __init__(self, features, tripled=False):
        super().__init__()
        self.factor = 3 if tripled else 2

    def forward(self, x):
        return self.factor * x


def building(features, tripled=False):
    return Doubling(features, tripled)


def test_classes_are_seen_by_what_their_objects_do():
    class Right(torch.nn.Module):
        def __init__(self, features): super().__init__()
        def forward(self, x): return x + x

    class Unfilled(Right):
        def forward(self, x): ...

    class HalfFilled(Right):
        def forward(self, x): return x * ...

    class Stops(Right):
        def forward(self, x): return x.nope

    layer = Exercise(building, observe=lambda f: {"output": f(3)(torch.ones(3)).sum()},
                     mistakes={"tripled": "Tripled."})
    assert layer.verdict(Right)[0] == "✓"
    assert layer.verdict(lambda n: Doubling(n, True)) == ("✗", "Tripled.")
    assert layer.verdict(Unfilled) == (
        "…", "Not filled in yet, it seems: 'NoneType' object has no attribute 'sum'")
    assert layer.verdict(HalfFilled) == (
        "…", "Not filled in yet: there is still a `...` at `def forward(self, x): return x * ...`.")
    stops = "It stops at `def forward(self, x): return x.nope` with AttributeError"
    assert layer.verdict(Stops)[1].startswith(stops)


# What the checker must not do

def test_no_stream_of_draws_is_touched():
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(5)                                      # nowhere an earlier verdict may have left them
    before = streams()
    drop.verdict(with_numpy)
    drop.verdict(lambda x, p, training=True: 1 / 0)
    assert streams() == before


def streams():
    """Where torch's, numpy's and random's streams are."""
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()


def test_probes_survive_whatever_is_done_to_them():
    before = H.clone()
    recover.verdict(in_place)
    assert torch.equal(H, before)
    assert recover.verdict(recover_solution)[0] == "✓"


def test_modules_are_handed_over_as_copies():
    net = torch.nn.Linear(2, 2)

    def zeroing(net, halved=False):
        return torch.nn.init.zeros_(net.weight).sum() + net.bias.sum().detach()
    zero = Exercise(zeroing, probes=[(net,)], mistakes={"halved": "Halved."})
    assert zero.verdict(lambda net: torch.nn.init.zeros_(net.weight).sum() + net.bias.sum())[0] == "✓"
    assert net.weight.abs().sum() > 0


def test_a_keyboard_interrupt_is_not_a_verdict():
    def forever(h, eps): raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        recover.verdict(forever)


@pytest.mark.parametrize("wrong, words", [
    (dict(mistakes={"cubed": "Cubed."}), "no switches of scaling"),
    (dict(mistakes={"factor": "?"}), "no switches"),
    (dict(probes=()), "probes"), (dict(names="y"), "with a comma"),
    (dict(hints="Think."), "with a comma"), (dict(probes=[torch.ones(2)]), "with a comma"),
])
def test_an_exercise_that_does_not_fit_together_says_why(wrong, words):
    with pytest.raises(ValueError, match=words):
        Exercise(scaling, **{**dict(probes=[(torch.ones(2), 2.0)], mistakes={}), **wrong})


# What is shown

class Outline(HTMLParser):
    """The texts of details elements, by how deep they are folded; every tag must be closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts = [], {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs): self.open.append(tag)

    def handle_endtag(self, tag): assert self.open.pop() == tag

    def handle_data(self, text): self.texts.setdefault(self.open.count("details"), []).append(text)


@pytest.fixture
def shown(monkeypatch):
    """The HTML of each exercise's hints, in place of a page."""
    things = []
    monkeypatch.setattr(pages, "in_force", SimpleNamespace(hints=lambda folds: things.append(details(folds))))
    return things


def test_hints_unfold_a_step_at_a_time_and_the_solution_last(shown, capsys):
    assert recover(unfilled) is None
    texts = Outline(shown[0]).texts
    assert texts[1] == ["Hint 1 of 2", recover.hints[0]] and texts[2] == ["Hint 2 of 2", recover.hints[1]]
    title, code, why = texts[3]
    assert title == "Solution" and "def recover(h, eps=1e-5):" in code and why == recover.why
    assert capsys.readouterr().out == "… Your beta is right. Not filled in yet: gamma.\n"


def test_solved_the_hints_vanish_and_the_solution_can_be_compared(shown, capsys):
    recover(recover_solution)
    assert list(Outline(shown[0]).texts) == [1] and Outline(shown[0]).texts[1][0] == "Compare with a solution"
    assert capsys.readouterr().out == "✓ Right.\n"


def test_without_hints_and_solution_nothing_folds(shown):
    drop(with_numpy)
    assert shown == []


def test_a_verdict_for_those_who_grade_prints_and_shows_nothing(shown, capsys):
    marks = [recover.verdict(answer)[0] for answer in (recover_solution, stops, unfilled, debugs)]
    assert marks == ["✓", "✗", "…", "✓"] and capsys.readouterr().out == "" and shown == []


def test_long_verdicts_are_wrapped_between_words(shown, capsys):
    recover(lambda h, eps: (h.std(0), h.mean(0)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1 and all(len(line) <= 90 for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])


# Comparing, and short numbers

@pytest.mark.parametrize("a, b, equal", [
    (1.00005, 1.0, True), (1.001, 1.0, False), (1, 1.0, True), (1.0, 1, True), (1.00005, 1, False),
    (True, 1, True), ("a", "a", True), ("1", 1, False), (None, 1.0, False), (np.float32(0.5), 0.5, True),
    ([1, 2], torch.tensor([1.0, 2.0]), True), (torch.tensor([1.0, 2.0]), [1.0, 2.0], True),
    (torch.tensor([1.0, 2.0]), (1.0, 2.0), False), ((1.0, 2.0), (1.0, 2.0), True), ([1.0], (1.0, 2.0), False),
    (["a", "b"], ["a", "b"], True), (["b", "a"], ["a", "b"], False), ({"a"}, {"a"}, True),
    (torch.ones(2, 1), torch.ones(2), False), (float("nan"), float("nan"), True),
    (torch.tensor(1 + 0j), 1.0, False), (torch.tensor([True, False]), torch.tensor([1.0, 0.0]), True),
    ([[1, 2], [3]], torch.ones(2, 2), False),
])
def test_same(a, b, equal):
    assert same(a, b) is equal


@pytest.mark.parametrize("number, text", [
    (1.395075798034668, "1.4"), (0.000123456, "0.000123"), (2.0, "2"), (-0.0, "0"), (True, "True"),
    (867_041_280, "867041280"), (torch.tensor(2.5), "2.5"), (1612.9, "1613"), (-123456.7, "-123457"),
    (1.5e7, "15000000"), (1.234567e9 + 0.5, "1.23e+09"), (1e20, "1e+20"),
    (float("inf"), "inf"), (float("nan"), "nan"),
])
def test_short(number, text):
    assert short(number) == text


def test_describe():
    assert describe(torch.arange(8.0).view(2, 4)) == "[[0, 1, 2, 3], [4, 5, 6, 7]]"
    assert describe(torch.ones(3, 3)) == "a tensor (3, 3)" and describe("x" * 100).endswith("...")
    assert describe(np.ones(2)) == "[1, 1]" and describe(np.float32(0.5)) == "0.5"


def test_difference_of_shapes():
    assert difference("y", torch.ones(2, 3), torch.ones(3, 2)) == "y has shape (2, 3); expected (3, 2)."


# Every exercise of every lesson

NAMES = [module.name for module in pkgutil.iter_modules(lessons.__path__)]
MODULES = {name: importlib.import_module(f"helpers.lessons.{name}") for name in NAMES}
EXERCISES = {(lesson, name): value for lesson, module in MODULES.items()
             for name, value in vars(module).items() if isinstance(value, Exercise)}
SWITCHES = [(*key, switch) for key, exercise in EXERCISES.items() for switch in exercise.mistakes]


def answers(lesson, kind):
    """What tests/answers/<lesson>.py holds: {exercise: answers}."""
    path = pathlib.Path(__file__).parents[1] / "answers" / f"{lesson}.py"
    assert path.exists(), (f"tests/answers/{path.name} is missing: write right and wrong answers to its "
                           "exercises, as the top of this file says")
    spec = importlib.util.spec_from_file_location(f"answers_{lesson}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, kind, {})


def tells(words, hint):
    """Whether a verdict is this hint and praise, and nothing else."""
    mistake, _, _ = words.partition(" Right already: ")
    return mistake == hint or mistake.endswith(hint) and words.startswith("Your ")


def sizes_and_numbers(value, where):
    """{what of an argument could be written into an answer: its value}"""
    if torch.is_tensor(value):
        return {f"{where}, axis {axis}": size for axis, size in enumerate(value.shape)} | {
            f"{where}, numbers": tuple(value.flatten().tolist())}
    if isinstance(value, (tuple, list)):
        return {place: number for k, part in enumerate(value)
                for place, number in sizes_and_numbers(part, f"{where}[{k}]").items()}
    return {where: value}


PROBED = [key for key, exercise in EXERCISES.items() if any(exercise.probes)]


@pytest.mark.parametrize("key", PROBED, ids=".".join)
def test_no_size_rate_or_constant_of_the_probes_can_be_written_in(key):
    exercise = EXERCISES[key]
    found = [sizes_and_numbers(probe, "") for probe in exercise.probes]
    assert len(found) >= 2
    assert not [where for where in found[0] if len({str(probe.get(where)) for probe in found}) == 1]


@pytest.mark.parametrize("key", PROBED, ids=".".join)
def test_there_are_zeros_and_negative_numbers_among_the_probes(key):
    numbers = [value.flatten() for probe in EXERCISES[key].probes for value in probe
               if torch.is_tensor(value) and value.is_floating_point()]
    if numbers and key != ("regularizer", "stopped"):  # whose numbers are errors
        assert (torch.cat(numbers) < 0).any() and (torch.cat(numbers) == 0).any()


@pytest.mark.parametrize("key", EXERCISES, ids=".".join)
def test_the_solution_passes_and_is_shown_with_hints_and_reasons(key):
    exercise = EXERCISES[key]
    assert exercise.verdict(exercise.solution) == ("✓", "Right.")
    assert exercise.solution.__name__.endswith("_solution") and exercise.hints and exercise.why
    folded = details(exercise.folds())
    assert "_solution" not in folded and Outline(folded).texts


@pytest.mark.parametrize("key", EXERCISES, ids=".".join)
def test_right_answers_written_otherwise_pass(key):
    others = answers(key[0], "right").get(key[1], [])
    assert len(others) >= 2, f"tests/answers/{key[0]}.py needs two right answers to {key[1]}, or more"
    assert [EXERCISES[key].verdict(other) for other in others] == [("✓", "Right.")] * len(others)


@pytest.mark.parametrize("key", EXERCISES, ids=".".join)
def test_unsolved_it_says_so(key):
    mark, words = EXERCISES[key].verdict(lambda *args, **kwargs: ...)
    assert mark == "…" and "Not filled in yet" in words


@pytest.mark.parametrize("key", EXERCISES, ids=".".join)
def test_no_two_mistakes_look_alike_or_read_alike(key):
    exercise = EXERCISES[key]
    looks = {name: exercise.see(partial(exercise.program, **{name: True})) for name in exercise.mistakes}
    assert not [(a, b) for a, b in itertools.combinations(looks, 2) if exercise.agree(looks[a], looks[b])]
    assert len(set(exercise.mistakes.values())) == len(exercise.mistakes)


@pytest.mark.parametrize("lesson, name, switch", SWITCHES)
def test_each_switch_alone_is_told_by_its_hint(lesson, name, switch):
    exercise = EXERCISES[lesson, name]
    mark, words = exercise.verdict(partial(exercise.program, **{switch: True}))
    assert mark == "✗" and tells(words, exercise.mistakes[switch])


@pytest.mark.parametrize("lesson, name, switch", SWITCHES)
def test_each_mistake_written_otherwise_is_told_by_its_hint(lesson, name, switch):
    mutants = answers(lesson, "wrong").get(name, {})
    assert switch in mutants, f"tests/answers/{lesson}.py: no wrong answer to {name} for mistake {switch!r}"
    mark, words = EXERCISES[lesson, name].verdict(mutants[switch])
    assert mark == "✗" and tells(words, EXERCISES[lesson, name].mistakes[switch])


@pytest.mark.parametrize("key", EXERCISES, ids=".".join)
def test_other_wrong_answers_are_told_so(key):
    for other, words in answers(key[0], "others").get(key[1], {}).values():
        mark, told = EXERCISES[key].verdict(other)
        assert mark == "✗" and words in told


JUNK = ["words", 3, float("nan"), (), [], {}, {"a", "b"}, object(), (1, (2, 3)), [[1, 2], [3]],
        ((1, 2, (3, 4)),) * 6, torch.empty(0), torch.tensor(True), 1j, np.array(["a"]),
        torch.zeros(2, 2, 2, 2, 2)]


@pytest.mark.parametrize("key", EXERCISES, ids=".".join)
def test_no_answer_makes_a_verdict_raise(key):
    exercise = EXERCISES[key]
    for junk in JUNK:
        assert exercise.verdict(lambda *args, junk=junk: junk)[0] in "✗…"
    right = exercise.program(*exercise.probes[0]) if exercise.probes else None
    for junk in JUNK[::3]:
        for k in range(min(2, len(right)) if isinstance(right, tuple) else 0):
            def part(*args, k=k, junk=junk):
                return tuple(junk if k == j else value for j, value in enumerate(exercise.program(*args)))
            assert exercise.verdict(part)[0] in "✗…"


@pytest.mark.parametrize("key", [("dropout", "dropout"), ("variants", "spatial_dropout")], ids=".".join)
def test_at_rate_one_a_solution_drops_all(key):
    x = torch.randn(4, 3, 2, 2).requires_grad_()
    y = EXERCISES[key].solution(x, 1, True)
    assert (y == 0).all() and (torch.autograd.grad(y.sum(), x)[0] == 0).all()


@pytest.mark.parametrize("lesson", sorted({lesson for lesson, _ in EXERCISES}))
def test_no_answers_are_left_over(lesson):
    asked = {name: set(exercise.mistakes) for (where, name), exercise in EXERCISES.items() if where == lesson}
    assert set(answers(lesson, "right")) <= set(asked)
    assert all(set(mutants) <= asked.get(name, set()) for name, mutants in answers(lesson, "wrong").items())
    assert set(answers(lesson, "others")) <= set(asked)
