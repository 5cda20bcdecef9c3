"""Exercises that know the usual mistakes."""
import copy
import inspect
import io
import linecache
import textwrap
import traceback
from contextlib import redirect_stdout, suppress
from functools import partial
from itertools import combinations

import numpy as np
import torch

from .. import pages
from .comparing import describe, difference, same, same_draws


class Told(Exception):
    """A verdict that is clear while the learner's function runs: mark, words."""


class Unfilled(Exception):
    """The function returns something that is still `...` or None: its arguments, what it returned."""


class Exercise:
    """A program whose keyword switches are the usual mistakes, off by default; exercise(f) prints what f gets right, and what went wrong.

    The learner's function and the program are looked at alike. Where they differ, the fewest switches that make the program
    look like theirs (up to three) name what went wrong; of these the gravest is told. Else the first difference is shown.
    Below the verdict the hints unfold one in the other, then the solution with its reasons.
    """

    def __init__(self, program, probes=(), *, mistakes, observe=None, atol=1e-5, names=(), hints=(), solution=None, why=""):
        """program(*arguments, mistake=False, ...): returns what is asked for. probes: tuples of arguments; at most eight numbers in a
        tensor are shown to the learner, so begin with such a one. mistakes: {switch: the reason told}, in order of gravity.
        names: what the program returns is called, one a part: ("gamma", "beta").
        observe(f) -> {what is seen, in words: value}, instead of probes: of a random program see what does not hang on the draw
        (shares, factors, gradients), on samples so large that chance stays below atol; of a class, what its objects do.
        hints: sentences, from the gentlest on. solution: a function or class called <name>_solution, whose source is shown; why: its reasons.
        Raises ValueError where these do not go together.
        """
        switches = {name for name, p in inspect.signature(program).parameters.items() if p.default is False}
        if unknown := [name for name in mistakes if name not in switches]:
            raise ValueError(f"mistakes {unknown} are no switches of {program.__name__}: expected keywords with default False, of {sorted(switches)}")
        if bool(probes) == bool(observe):
            raise ValueError("an exercise needs probes (tuples of arguments) or observe, not both")
        if isinstance(names, str) or isinstance(hints, str) or not all(isinstance(probe, tuple) for probe in probes):
            raise ValueError("names, hints and each probe are tuples: write ('gamma',), with a comma, for one alone")
        self.program, self.mistakes, self.atol, self.names, self.probes = program, mistakes, atol, tuple(names), probes
        self.hints, self.solution, self.why, self.observe = tuple(hints), solution, why, observe

    def __call__(self, theirs):
        mark, words = self.verdict(theirs)
        solved = mark == "✓"
        for line in words.split("\n"):                            # wrapped, since JupyterLab breaks long lines within a word
            print(textwrap.fill(line, 90, initial_indent=f"{mark} ", subsequent_indent="  "))
            mark = " "
        if folds := self.folds(solved):
            pages.current().hints(folds)

    def verdict(self, theirs):
        """('✓' | '✗' | '…', what to tell the learner): '…' means not filled in yet."""
        if not callable(theirs):
            return "✗", "Hand over the function itself, not what it returns: its name, without brackets behind it."
        watched = Watched(theirs, self.program)
        mark, words = self.judge(watched)
        return mark, words + watched.printed()

    def judge(self, watched):
        right = self.see(self.program)
        try:
            got = self.see(watched)
        except Told as told:
            return told.args
        except Unfilled as stub:
            return "…", self.missing(*stub.args)
        except Exception as error:
            return watched.misfit(error)
        if self.agree(got, right):
            return "✓", "Right."
        return "✗", self.explain(got, right)

    def explain(self, got, right):
        """What is right, then the gravest mistake, or the first difference."""
        if chosen := self.diagnose(got):
            return self.praise(got, right) + self.told([self.mistakes[name] for name in chosen])
        got, remarks = self.formed(got, right)
        if remarks and self.agree(got, right):
            return "The numbers are right. " + self.told(remarks)
        praise, chosen = self.praise(got, right), self.diagnose(got) if remarks else ()
        if chosen:
            return praise + self.told([*(self.mistakes[name] for name in chosen), *remarks])
        return praise + " ".join([self.first_difference(got, right), *remarks])

    def told(self, reasons):
        """The gravest reason, and how many are left."""
        return reasons[0] + (f" (And {count(len(reasons) - 1)} more after this.)" if len(reasons) > 1 else "")

    def see(self, f):
        """{what is seen of a function: value}, always from the same draws, with arguments of its own."""
        with same_draws():
            if self.observe: return self.observe(f)
            return {place: f(*copy.deepcopy(probe)) for place, probe in enumerate(self.probes)}

    def agree(self, got, right):
        return all(name in got and same(got[name], right[name], self.atol) for name in right)

    def diagnose(self, got):
        """The fewest switches that explain everything seen, the gravest first; () where none do."""
        for chosen in (c for size in (1, 2, 3) for c in combinations(self.mistakes, size)):
            with suppress(Exception):                             # some mistakes do not go together
                if self.agree(got, self.see(partial(self.program, **dict.fromkeys(chosen, True)))):
                    return chosen
        return ()

    def formed(self, got, right):
        """What is seen in the form asked for, and what was wrong with the form."""
        if self.observe: return got, []
        pairs = {place: formed(got[place], right[place], self.names) for place in right}
        remarks = [remark for _, found in pairs.values() for remark in found]
        return {place: value for place, (value, _) in pairs.items()}, list(dict.fromkeys(remarks))

    def praise(self, got, right):
        """A sentence on what is right already, or nothing."""
        if self.observe:
            good = [name for name in right if same(got.get(name), right[name], self.atol)]
            return f"Right so far: {'; '.join(good)}. " if good else ""
        return right_parts([name for k, name in enumerate(self.names) if len(self.names) > 1 and all(
            isinstance(got[p], (tuple, list)) and k < len(got[p]) and same(got[p][k], right[p][k], self.atol) for p in right)])

    def missing(self, args, kwargs, out):
        """Which parts are not filled in, and which of the others are right."""
        parts = out if isinstance(out, (tuple, list)) else (out,)
        if len(parts) != len(self.names):
            return "Not filled in yet: it returns nothing." if len(parts) == 1 else "Not filled in yet."
        good = []
        if len(parts) > 1 and not self.observe:
            right = self.program(*args, **kwargs)
            good = [name for name, mine, part in zip(self.names, parts, right) if same(mine, part, self.atol)]
        return right_parts(good) + f"Not filled in yet: {listed([name for name, part in zip(self.names, parts) if empty(part)])}."

    def first_difference(self, got, right):
        """A sentence on where theirs first leaves the program."""
        name = next(name for name in right if name not in got or not same(got[name], right[name], self.atol))
        if name not in got: return f"{name}: nothing is seen of it."
        mine, want = got[name], right[name]
        if self.observe: return f"{name}: it gives {describe(mine)}; expected {describe(want)}."
        head = f"For {called(self.program, self.probes[name])}: "
        if not isinstance(want, tuple): return head + difference((*self.names, "the result")[0], mine, want, self.atol)
        if not isinstance(mine, (tuple, list)) or len(mine) != len(want):
            return head + f"it returns {describe(mine)}; expected {count(len(want))} values{': ' if self.names else ''}{listed(self.names)}."
        k = next(k for k in range(len(want)) if not same(mine[k], want[k], self.atol))
        return head + difference(self.names[k] if self.names else f"value {k + 1}", mine[k], want[k], self.atol)

    def folds(self, solved=False):
        """[(summary, words, code)]: the hints, then the solution with its reasons; only the solution once it is solved."""
        hints = () if solved else self.hints
        folds = [(f"Hint {k} of {len(hints)}", hint, "") for k, hint in enumerate(hints, 1)]
        if self.solution:
            source = textwrap.dedent(inspect.getsource(self.solution)).replace("_solution", "")
            folds.append(("Compare with a solution" if solved else "Solution", self.why, source))
        return folds


class Verdicts(Exercise):
    """Words for several independent cases: every wrong one is named, not three at most.

    also: {name: a second word that is right, or a tuple of such}. A mistake's switch is its case and its word: "a_batch"."""

    def __init__(self, *args, also, **kwargs):
        super().__init__(*args, **kwargs)
        self.also = {name: (words,) if isinstance(words, str) else words for name, words in also.items()}

    def see(self, f):
        return {place: self.settled(words) for place, words in super().see(f).items()}

    def settled(self, words):
        """The words, another right one replaced by the first."""
        if not isinstance(words, (tuple, list)) or len(words) != len(self.names): return words
        return tuple(right if word in self.also.get(name, ()) else word for name, word, right in zip(self.names, words, self.program()))

    def diagnose(self, got):
        mine = got.get(0)
        if not isinstance(mine, (tuple, list)) or len(mine) != len(self.names): return ()
        chosen = tuple(f"{name}_{str(word).replace(' ', '_')}" for name, word, right in zip(self.names, mine, self.program()) if word != right)
        return chosen if all(name in self.mistakes for name in chosen) else ()


class Watched:
    """The learner's function, called on copies; tells where it stops, is not filled in, or changes what it was given."""

    def __init__(self, theirs, program):
        self.theirs, self.program, self.said = theirs, program, ""

    def __call__(self, *args, **kwargs):
        self.fits(args, kwargs)
        given = [a.clone() if torch.is_tensor(a) else a for a in args]
        said = io.StringIO()
        try:
            with redirect_stdout(said):
                out = self.theirs(*given, **kwargs)
        except Exception as error:
            raise Told(*self.stopped(error)) from None
        self.said = self.said or said.getvalue().strip()
        if any(empty(part) for part in (out if isinstance(out, (tuple, list)) else (out,))):
            raise Unfilled(args, kwargs, out)
        if any(torch.is_tensor(a) and not same(b, a, 0) for a, b in zip(args, given)):
            raise Told("✗", "It changes its input in place: the caller's data are gone. Watch for x -= ..., x[...] = ... and names that end in _.")
        return torch.as_tensor(out) if isinstance(out, np.ndarray) else out

    def fits(self, args, kwargs):
        """Tell where it takes other arguments than it is called with."""
        try:
            takes = inspect.signature(self.theirs)
        except (TypeError, ValueError):                           # some built-in functions do not say
            return
        try:
            takes.bind(*args, **kwargs)
        except TypeError:
            names = [*list(inspect.signature(self.program).parameters)[:len(args)], *kwargs]
            raise Told("✗", f"It takes {takes}; it is called with ({', '.join(names)}).") from None

    def stopped(self, error):
        """Verdict on an exception: unfinished, or where it stops and why."""
        line = self.line(error)
        at = f" at `{textwrap.shorten(line, 80)}`" if line else ""
        if isinstance(error, NotImplementedError) or "ellipsis" in str(error).lower():
            return "…", f"Not filled in yet: there is still a `...`{at}."
        return "✗", f"It stops{at} with {type(error).__name__}: {textwrap.shorten(str(error), 300)}"

    def misfit(self, error):
        """Verdict on an exception outside the call: in a method of what it returned, or since that is of the wrong kind."""
        if self.line(error): return self.stopped(error)
        if "NoneType" in str(error): return "…", f"Not filled in yet, it seems: {error}"
        return "✗", f"What it returns is not of the kind asked for: {error}"

    def line(self, error):
        """The last line of the learner's own code that the exception passed, or nothing."""
        parts = vars(self.theirs).values() if inspect.isclass(self.theirs) else [self.theirs]
        codes = {part.__code__ for part in parts if inspect.isfunction(part)}
        passed = [(frame.f_code, at) for frame, at in traceback.walk_tb(error.__traceback__) if frame.f_code in codes]
        return linecache.getline(passed[-1][0].co_filename, passed[-1][1]).strip() if passed else ""

    def printed(self):
        """What the function printed when it was first called: kept from filling the page, not lost."""
        return f"\n(It printed: {textwrap.shorten(self.said, 200)})" if self.said else ""


def empty(part):
    return part is None or part is ...


def formed(got, want, names):
    """(got in the form of want, [what was wrong with its form]): stacked parts, parts too many, axes of length 1."""
    remarks = []
    if isinstance(want, tuple):
        if torch.is_tensor(got) and got.dim() > max(np.ndim(part) for part in want) and len(got) == len(want):
            got, remarks = tuple(got), [f"They are stacked in one tensor: return them side by side, {', '.join(names) or 'a, b'}."]
        if not isinstance(got, (tuple, list)) or len(got) < len(want): return got, remarks
    elif isinstance(got, tuple) and got:
        got, remarks = (got[0], ["It returns a tuple of one: is there a comma too many?"]) if len(got) == 1 else (got[0], [surplus(len(got), 1, names)])
    if isinstance(want, tuple):
        if len(got) > len(want): remarks.append(surplus(len(got), len(want), names))
        parts = [shaped(part, to, name) for part, to, name in zip(got, want, names or [f"Value {k + 1}" for k in range(len(want))])]
        return tuple(part for part, _ in parts), remarks + [remark for _, found in parts for remark in found][:1]
    got, found = shaped(got, want, (*names, "The result")[0])
    return got, remarks + found


def surplus(given, asked, names):
    return f"It returns {given} values, {asked} {'is' if asked == 1 else 'are'} asked for{': ' if names else ''}{listed(names)}."


def shaped(got, want, name):
    """(got without the axes of length 1 that want does not have, [what to say of it])."""
    if not torch.is_tensor(got) or not torch.is_tensor(want) or got.shape == want.shape: return got, []
    if [n for n in got.shape if n != 1] != [n for n in want.shape if n != 1]: return got, []
    return got.reshape(want.shape), [f"{name} has shape {tuple(got.shape)}: expected {tuple(want.shape)}."]


def called(program, probe):
    """The arguments of a probe by name: h = [[1, 2], [3, 4]] and eps = 0.01."""
    return listed([f"{name} = {describe(value)}" for name, value in zip(inspect.signature(program).parameters, probe)])


def right_parts(names):
    return f"Your {listed(names)} {'is' if len(names) == 1 else 'are'} right. " if names else ""


def count(n):
    return ("no", "one", "two", "three", "four", "five", "six")[n] if n < 7 else str(n)


def listed(words):
    """a, b and c"""
    *most, last = words or [""]
    return f"{', '.join(most)} and {last}" if most else last
