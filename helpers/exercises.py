"""Exercises that know the usual mistakes."""
from contextlib import suppress
from functools import partial
from itertools import combinations

import torch


class Told(Exception):
    """A verdict clear while the learner's function runs: mark, words."""


class Exercise:
    """A program whose switches are the usual mistakes, off by default.

    The learner's function and the program are observed alike. Where they differ, the fewest switches that make the program
    look like theirs name what went wrong, one mistake or up to three at once; else the first difference is shown.
    """

    def __init__(self, program, probes=(), *, mistakes, observe=None, atol=1e-5, names=(), hints=(), solution=None, why=""):
        """mistakes: {switch of the program: the reason told to the learner}; probes: tuples of arguments.
        observe(f) -> {name: value}: what is seen of a function, by default what it returns on the probes. Of a random one, see
        what does not hang on the draw (shares, factors, gradients), on samples so large that chance stays below atol.
        """
        self.program, self.mistakes, self.atol = program, mistakes, atol
        self.names, self.hints, self.solution, self.why = names, hints, solution, why
        self.observe = observe or (lambda f: {f"For {describe(probe)}": f(*probe) for probe in probes})

    def __call__(self, theirs):
        print(*self.verdict(theirs))

    def verdict(self, theirs):
        """('✓' | '✗' | '…', what to tell the learner)."""
        right = self.see(self.program)
        try:
            got = self.see(careful(theirs))
        except Told as told:
            return told.args
        except Exception as error:
            return "✗", f"What it returns is not of the kind asked for: {error}"
        for name in right:
            if not same(got[name], right[name], self.atol):
                return "✗", self.diagnose(got) or f"{name}: it gives {describe(got[name])}; expected {describe(right[name])}."
        return "✓", "Right."

    def see(self, f):
        """What is observed, always from the same draws; the notebook's own stream of draws is left as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.observe(f)

    def diagnose(self, got):
        """The reason of the gravest of the fewest switches that explain everything seen, and how many are left; or None."""
        for chosen in (c for size in (1, 2, 3) for c in combinations(self.mistakes, size)):
            with suppress(Exception):                             # some mistakes do not go together
                seen = self.see(partial(self.program, **dict.fromkeys(chosen, True)))
                if all(same(got[name], seen[name], self.atol) for name in seen):
                    gravest, *others = chosen                     # mistakes stand in order of gravity
                    return self.mistakes[gravest] + (f" (And {len(others)} more after this.)" if others else "")


def careful(theirs):
    """The learner's function; tells where it stops, returns nothing, or changes what it was given."""
    def run(*args):
        given = [a.clone() if torch.is_tensor(a) else a for a in args]
        try:
            out = theirs(*given)
        except Exception as error:
            raise Told("✗", f"It stops with {type(error).__name__}: {error}") from None
        if any(v is None or v is ... for v in (out if isinstance(out, tuple) else (out,))):
            raise Told("…", "Not filled in yet: it returns nothing.")
        if any(torch.is_tensor(a) and not same(a, b) for a, b in zip(args, given)):
            raise Told("✗", "It changes its input in place: the caller's data are gone.")
        return out
    return run


def same(a, b, atol=1e-5):
    """Equal structure, equal shapes, equal to float precision or atol."""
    if isinstance(b, (tuple, list)):
        return isinstance(a, (tuple, list)) and len(a) == len(b) and all(same(x, y, atol) for x, y in zip(a, b))
    try:
        a, b = (torch.as_tensor(v, dtype=torch.float64) for v in (a, b))
    except (TypeError, ValueError, RuntimeError):                 # no number, or several where one is asked for
        return False
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=atol, equal_nan=True)


def describe(value):
    if torch.is_tensor(value): return f"a tensor {tuple(value.shape)}" if value.numel() > 12 else describe(value.tolist())
    if isinstance(value, (tuple, list)): return ("[%s]" if isinstance(value, list) else "(%s)") % ", ".join(map(describe, value))
    return f"{value:.5g}" if isinstance(value, float) else str(value)
