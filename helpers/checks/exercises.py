"""Exercises that know the usual mistakes."""
import copy
import inspect
import textwrap
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property, partial
from itertools import combinations

import torch

from .. import pages
from .comparing import describe, difference, same, same_draws, tensor
from .usual import usual
from .watched import Told, Watched, empty, parts


@dataclass(eq=False, repr=False)
class Exercise:
    """A program whose keyword switches are the usual mistakes, off by default; exercise(f) prints how f does.

    The learner's function and the program are looked at alike. Where they differ, the fewest switches, up to
    three, that make the program look like it name what went wrong; the gravest is told. Else the first
    difference is shown. Below, the hints unfold one in the other, then the solution with its reasons.
    Raises ValueError for parts that do not go together.
    """
    program: object     # program(*arguments, mistake=False, ...) returns what is asked for
    probes: tuple = ()  # tuples of arguments; a tensor of up to eight numbers is shown: begin with one
    _: KW_ONLY
    mistakes: dict  # {switch: the reason told}, in order of gravity
    # Besides probes or instead, observe(f) -> {what is seen, in words: value}: of a random program what does
    # not hang on the draw (a Share, factors, gradients: checks.coins); of a class what its objects do.
    observe: object = None
    atol: float = 1e-5
    names: tuple = ()        # of the parts that the program returns: ("gamma", "beta")
    hints: tuple = ()        # sentences, from the gentlest on
    solution: object = None  # a function or class <name>_solution, whose source is shown
    why: str = ""            # its reasons
    seen: dict = field(init=False, default_factory=dict)  # of the program, by its switches
    first: dict = field(init=False, default_factory=dict)  # and for the first probe alone
    others: dict = field(init=False, default_factory=dict)  # with its arguments taken otherwise

    def __post_init__(self):
        switches = [name for name, p in self.parameters().items() if p.default is False]
        if unknown := [name for name in self.mistakes if name not in switches]:
            raise ValueError(f"mistakes {unknown} are no switches of {self.program.__name__}: "
                             f"expected keywords with default False, of {sorted(switches)}")
        if not self.probes and not self.observe:
            raise ValueError("an exercise needs probes (tuples of arguments) or observe")
        loose = [p for p in self.probes if not isinstance(p, tuple)]
        if loose or isinstance(self.names, str) or isinstance(self.hints, str):
            raise ValueError("names, hints and each probe are tuples: "
                             "write ('gamma',), with a comma, for one alone")
        self.names, self.hints = tuple(self.names), tuple(self.hints)

    def parameters(self):
        return inspect.signature(self.program).parameters

    def __call__(self, theirs):
        mark, words = self.verdict(theirs)
        solved = mark == "✓"
        for line in words.split("\n"):  # wrapped, since JupyterLab breaks long lines within a word
            print(textwrap.fill(line, 90, initial_indent=f"{mark} ", subsequent_indent="  "))
            mark = " "
        if folds := self.folds(solved):
            pages.current().hints(folds)

    def verdict(self, theirs):
        """('✓' | '✗' | '…', what to tell the learner): '…' means not filled in yet.

        For those who grade: it prints and shows nothing, and raises only what is to stop Python itself, so
        lesson.dropout.verdict(dropout)[0] == "✓" says whether an answer is right. The same answer gets the
        same verdict each time; the caller's random numbers go on as they would have.
        """
        if not callable(theirs):
            return "✗", ("Hand over the function itself, not what it returns: "
                         "its name, without brackets behind it.")
        watched = Watched(theirs, self.program, self.missing)
        mark, words = self.judge(watched)
        return mark, words + watched.printed()

    def judge(self, watched):
        right = self.looks()
        try:
            got = self.see(watched, self.in_form(watched))
        except Told as told:
            return told.args
        except Exception as error:
            got = self.probed(watched)
            if all(self.same(got[place], right[place]) for place in got):
                return watched.misfit(error)
        return ("✓", "Right.") if self.agree(got, right) else ("✗", self.explain(got, right))

    def explain(self, got, right):
        """The gravest mistake, or the first difference, and what is right."""
        if reasons := self.diagnose(got):
            return self.with_praise(got, right, gravest(reasons))
        got, remarks = self.formed(got, right)
        if remarks and self.agree(got, right):
            return "The numbers are right. " + gravest(remarks)
        if reasons := remarks and self.diagnose(got) or self.one_by_one(got):
            return self.with_praise(got, right, gravest(reasons + remarks))
        seen = usual(self, got, right) or self.first_difference(got, right)
        return self.with_praise(got, right, " ".join([seen, *remarks]))

    def in_form(self, f):
        """f with its values in the form of the program's: what is wrong with it is told of the probes."""
        def g(*args, **kwargs):
            return formed(f(*args, **kwargs), self.program(*args, **kwargs), self.names)[0]
        return g if self.probes else f

    def see(self, f, to_observe=None):
        """{what is seen of a function: value}, always from the same draws, with arguments of its own."""
        with same_draws():
            return self.probed(f) | (self.observe(to_observe or f) if self.observe else {})

    def probed(self, f):
        return {place: f(*copy.deepcopy(probe)) for place, probe in enumerate(self.probes)}

    def agree(self, got, right):
        return all(name in got and self.same(got[name], right[name]) for name in right)

    def same(self, mine, want):
        return same(mine, want, self.atol)

    def diagnose(self, got):
        """The reasons of the fewest switches that explain all that is seen, the gravest first, or none."""
        wrong = self.apart(got)
        for chosen in (c for size in (1, 2, 3) for c in combinations(self.mistakes, size)):
            sides = [self.touched[name] for name in chosen]
            both = set().union(*sides)
            if all(wrong & side for side in sides) and (wrong == both or wrong < both and self.probes):
                if self.likely(got, chosen) and self.agree(got, self.looks(*chosen)):
                    return [self.mistakes[name] for name in chosen]
        return []

    def one_by_one(self, got):
        """The reasons of switches that each explain some of what is wrong, together all of it; or none."""
        wrong = self.apart(got)
        explained = {name: self.explained(got, wrong, name) for name in self.mistakes}
        left, chosen = wrong, []
        while left:
            most = max(explained, key=lambda name: len(explained[name] & left), default=None)
            if most is None or not explained[most] & left:
                return []
            left = left - explained[most]
            chosen.append(most)
        return [reason for name, reason in self.mistakes.items() if name in chosen]

    def explained(self, got, wrong, name):
        """What of wrong looks like this switch: all that it touches, or some of the values side by side,
        each in all probes, where the mistake was made in these only."""
        looks, right, places = self.looks(name), self.looks(), range(len(self.probes))

        def alike(place, k):
            pair, want = (got.get(place), looks.get(place)), right[place]
            if not isinstance(want, tuple):
                return self.same(*pair)
            return all(side_by_side(value, len(want)) for value in pair) and self.same(
                *(value[k] for value in pair))
        touched = self.apart(looks)
        if all(alike(*where) for where in touched):
            return touched & wrong
        columns = range(len(right[0])) if self.probes and isinstance(right[0], tuple) else ()
        same = [k for k in columns if all(alike(place, k) for place in places)]
        return {(place, k) for place, k in wrong if place in places and k in same}

    def likely(self, got, chosen):
        """Whether these switches go together, and the first probe, quickly seen, does not rule them out."""
        if not self.probes or chosen in self.seen:
            return bool(self.looks(*chosen))
        if chosen not in self.first:
            self.first[chosen] = ()                                 # what nothing asked for looks like
            with suppress(Exception):
                switches = dict.fromkeys(chosen, True)
                self.first[chosen] = self.program(*copy.deepcopy(self.probes[0]), **switches)
        with suppress(Exception):
            return self.same(got[0], self.first[chosen]) and bool(self.looks(*chosen))
        return False

    def looks(self, *chosen):
        """What is seen of the program with these switches, looked at once; {} where they do not fit."""
        if chosen not in self.seen:
            self.seen[chosen] = {}
            with suppress(Exception):
                self.seen[chosen] = self.see(partial(self.program, **dict.fromkeys(chosen, True)))
        return self.seen[chosen]

    @cached_property
    def touched(self):
        """{switch: what it sets apart from the program}"""
        return {name: self.apart(self.looks(name)) for name in self.mistakes}

    def looks_of(self, key, other):
        """What is seen of this other function, looked at once for each key; {} where it does not fit."""
        if key not in self.others:
            self.others[key] = {}
            with suppress(Exception):
                self.others[key] = self.see(other)
        return self.others[key]

    def apart(self, got):
        """{(name, place)} of what is seen that is not as in the program, of values side by side each."""
        wrong = set()
        for name, want in self.looks().items():
            mine = got.get(name)
            if isinstance(want, tuple) and side_by_side(mine, len(want)):
                wrong |= {(name, k) for k, pair in enumerate(zip(mine, want)) if not self.same(*pair)}
            elif not self.same(mine, want):
                wrong |= {(name, k) for k in range(len(want) if isinstance(want, tuple) else 1)}
        return wrong

    def formed(self, got, right):
        """What is seen in the form asked for, and what was wrong with the form."""
        if not self.probes:
            return got, []
        places = range(len(self.probes))
        values, found = zip(*[formed(got[place], right[place], self.names) for place in places])
        return got | dict(zip(places, values)), list(dict.fromkeys(sum(found, [])))

    def with_praise(self, got, right, mistake):
        """The mistake, and what is right already: in front where that is a few names, behind where it is a
        list."""
        praise = self.praise(got, right)
        return f"{mistake} {praise}".strip() if praise.startswith("Right") else praise + mistake

    def praise(self, got, right):
        """A sentence on what is right already, or nothing."""
        places = range(len(self.probes))
        good = [name for name in right if self.same(got.get(name), right[name])]
        if not self.probes:
            named = "; ".join(good) if len(good) < 3 else f"{len(good)} of {len(right)} checks"
            return f"Right already: {named}." if good else ""
        if self.observe and {*good} >= {*places}:
            return "Right already: the numbers."
        if len(self.names) < 2:
            return ""

        def right_there(k, mine, want):
            return isinstance(mine, (tuple, list)) and k < len(mine) and self.same(mine[k], want[k])
        return right_parts([name for k, name in enumerate(self.names)
                            if all(right_there(k, got[place], right[place]) for place in places)])

    def missing(self, args, kwargs, out):
        """Which parts are not filled in, and which of the others are right."""
        mine = parts(out)
        if len(mine) != len(self.names):
            return "Not filled in yet: it returns nothing." if len(mine) == 1 else "Not filled in yet."
        good = []
        if len(mine) > 1 and self.probes:
            right = self.program(*args, **kwargs)
            good = [name for name, part, want in zip(self.names, mine, right) if self.same(part, want)]
        open_ = [name for name, part in zip(self.names, mine) if empty(part)]
        return right_parts(good) + f"Not filled in yet: {listed(open_)}."

    def first_difference(self, got, right):
        """A sentence on where theirs first leaves the program."""
        name = next(name for name in right if name not in got or not self.same(got[name], right[name]))
        if name not in got:
            return f"{name}: nothing is seen of it."
        mine, want = got[name], right[name]
        if isinstance(name, str):
            return f"{name}: it gives {describe(mine)}; expected {describe(want)}."
        pairs = zip(self.parameters(), map(describe, self.probes[name]))
        given = listed([f"{name} = {value}" for name, value in pairs])
        return f"For {given}: {self.leaves(mine, want)}" if given else self.leaves(mine, want)

    def leaves(self, mine, want):
        if not isinstance(want, tuple):
            return difference((*self.names, "the result")[0], mine, want, self.atol)
        if not side_by_side(mine, len(want)):
            return f"it returns {describe(mine)}; expected {count(len(want))} values{named(self.names)}."
        k = next(k for k in range(len(want)) if not self.same(mine[k], want[k]))
        return difference(self.names[k] if self.names else f"value {k + 1}", mine[k], want[k], self.atol)

    def folds(self, solved=False):
        """[(summary, words, code)]: the hints, then the solution with its reasons; that alone once solved."""
        hints = () if solved else self.hints
        folds = [(f"Hint {k} of {len(hints)}", hint, "") for k, hint in enumerate(hints, 1)]
        if self.solution:
            source = textwrap.dedent(inspect.getsource(self.solution)).replace("_solution", "")
            folds.append(("Compare with a solution" if solved else "Solution", self.why, source))
        return folds


class Verdicts(Exercise):
    """Words for several independent cases: every wrong one is named, not three at most.

    also: {name: a second word that is right, or a tuple of such}. A mistake's switch is its case and word:
    "a_batch".
    """

    def __init__(self, *args, also, **kwargs):
        super().__init__(*args, **kwargs)
        self.also = {name: (words,) if isinstance(words, str) else words for name, words in also.items()}

    def see(self, f, to_observe=None):
        return {place: self.settled(words) for place, words in super().see(f, to_observe).items()}

    def settled(self, words):
        """The words, another right one replaced by the first."""
        if not side_by_side(words, len(self.names)):
            return words
        return tuple(right if word in self.also.get(name, ()) else word
                     for name, word, right in zip(self.names, words, self.program()))

    def diagnose(self, got):
        mine = got.get(0)
        if not side_by_side(mine, len(self.names)):
            return []
        chosen = [f"{name}_{str(word).replace(' ', '_')}"
                  for name, word, right in zip(self.names, mine, self.program()) if word != right]
        return [self.mistakes[name] for name in chosen] if self.mistakes.keys() >= {*chosen} else []


def formed(got, want, names):
    """(got in the form of want, [what was wrong]): stacked parts, parts too many, axes of length 1."""
    remarks = []
    if isinstance(want, tuple):
        return several(got, want, names)
    if isinstance(got, tuple) and got:
        comma = "It returns a tuple of one: is there a comma too many?"
        got, remarks = got[0], [comma if len(got) == 1 else surplus(got, 1, names)]
    got, found = shaped(got, want, (*names, "The result")[0])
    return got, remarks + found


def several(got, want, names):
    """`formed` of values side by side."""
    got, how = split(got, want)
    remarks = [f"They {how}: return them side by side, {', '.join(names) or 'a, b'}."] if how else []
    if not isinstance(got, (tuple, list)) or len(got) < len(want):
        return got, remarks
    if len(got) > len(want):
        remarks = [surplus(got, len(want), names)]
    names = names or [f"Value {k + 1}" for k in range(len(want))]
    values, found = zip(*map(shaped, got, want, names))
    return values, remarks + sum(found, [])[:1]


def split(got, want):
    """(values that came in one, how they did)"""
    n, blocks = len(want), [*map(tensor, want)]
    if isinstance(got, dict) and len(got) == n:
        return tuple(got.values()), "come in a dict"
    if side_by_side(got, 1) and side_by_side(got[0], n):
        return got[0], "stand in one bracket too many"
    if not torch.is_tensor(got) or any(block is None for block in blocks):
        return got, ""
    dims = {block.dim() for block in blocks}
    if got.dim() > max(dims):
        ways = [got.unbind(axis) for axis in (0, -1) if got.shape[axis] == n]
        right = [way for way in ways if any(map(same, way, want))]
        if ways:
            return (right or ways)[0], "are stacked in one tensor"
    if max(dims) > 1 and dims == {got.dim()}:
        lengths = [len(block) for block in blocks]
        return (got.split(lengths), "are joined in one tensor") if sum(lengths) == len(got) else (got, "")
    sizes = [block.numel() for block in blocks]
    if got.dim() == 1 and len(got) == sum(sizes):
        joined = zip(got.split(sizes), blocks)
        return tuple(part.reshape(block.shape) for part, block in joined), "are joined in one tensor"
    return got, ""


def surplus(got, asked, names):
    return f"It returns {len(got)} values, {asked} {'is' if asked == 1 else 'are'} asked for{named(names)}."


def shaped(got, want, name):
    """(got without the axes of length 1 that want does not have, [what to say of it])."""
    if not torch.is_tensor(got) or not torch.is_tensor(want) or got.shape == want.shape:
        return got, []
    if [n for n in got.shape if n != 1] != [n for n in want.shape if n != 1]:
        return got, []
    return got.reshape(want.shape), [f"{name} has shape {tuple(got.shape)}: expected {tuple(want.shape)}."]


def side_by_side(value, n):
    """Whether it is n values."""
    return isinstance(value, (tuple, list)) and len(value) == n


def gravest(reasons):
    """The first, and how many more there are."""
    more = len(reasons) - 1
    left = f" ({count(more).capitalize()} more mistake{' is' if more == 1 else 's are'} left.)"
    return reasons[0] + left * bool(more)


def right_parts(names):
    return f"Your {listed(names)} {'is' if len(names) == 1 else 'are'} right. " if names else ""


def count(n):
    return "no one two three four five six".split()[n] if n < 7 else str(n)


def named(names):
    return f": {listed(names)}" if names else ""


def listed(words):
    """a, b and c"""
    *most, last = words or [""]
    return f"{', '.join(most)} and {last}" if most else last
