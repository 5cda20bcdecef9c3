"""A learner's function while it runs: where it stops, what is not filled in, what it changes or prints."""
import inspect
import io
import linecache
import textwrap
import traceback
from contextlib import redirect_stdout

import numpy as np
import torch

from .comparing import same, tensor


class Told(Exception):
    """A verdict that is clear while the learner's function runs: mark, words."""


class Watched:
    """The learner's function, called on copies. missing(args, kwargs, out) says what is not filled in."""

    def __init__(self, theirs, program, missing):
        self.theirs, self.program, self.missing, self.said, self.last = theirs, program, missing, "", None

    def __call__(self, *args, **kwargs):
        self.fits(args, kwargs)
        given = [a.clone() if torch.is_tensor(a) else a for a in args]
        said = io.StringIO()
        try:
            with redirect_stdout(said):
                out = self.theirs(*given, **kwargs)
        except Exception as error:
            raise Told(*self.stopped(error)) from None
        self.last = out
        self.said = self.said or said.getvalue().strip()
        if any(map(empty, parts(out))):
            raise Told("…", self.missing(args, kwargs, out))
        if any(torch.is_tensor(a) and not same(b, a, 0) for a, b in zip(args, given)):
            raise Told("✗", "It changes its input in place: the caller's data are gone. "
                            "Watch for x -= ..., x[...] = ... and names that end in _.")
        return torch.as_tensor(out) if isinstance(out, np.ndarray) and tensor(out) is not None else out

    def fits(self, args, kwargs):
        """Tell where it takes other arguments than it is called with."""
        try:
            takes = inspect.signature(self.theirs)
        except (TypeError, ValueError):  # some built-in functions do not say
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
        # torch raises NotImplementedError too, as for the mean of yes or no
        todo = isinstance(error, NotImplementedError) and (not line or line.startswith("raise"))
        if todo or "ellipsis" in str(error).lower():
            return "…", f"Not filled in yet: there is still a `...`{at}."
        return "✗", f"It stops{at} with {type(error).__name__}: {textwrap.shorten(str(error), 300)}"

    def misfit(self, error):
        """Verdict on an exception outside the call: in a method of what it returned, or of a wrong kind."""
        if self.line(error):
            return self.stopped(error)
        if isinstance(self.last, tuple):
            return "✗", f"It returns {len(self.last)} values side by side; one is asked for."
        if "NoneType" in str(error):
            return "…", f"Not filled in yet, it seems: {error}"
        return "✗", f"What it returns is not of the kind asked for: {error}"

    def line(self, error):
        """The last line of the learner's own code that the exception passed, or nothing."""
        own = vars(self.theirs).values() if inspect.isclass(self.theirs) else [self.theirs]
        codes = {part.__code__ for part in own if inspect.isfunction(part)}
        passed = [(frame.f_code.co_filename, at) for frame, at in traceback.walk_tb(error.__traceback__)
                  if frame.f_code in codes]
        return linecache.getline(*passed[-1]).strip() if passed else ""

    def printed(self):
        """What the function printed when it was first called: kept from filling the page, not lost."""
        return f"\n(It printed: {textwrap.shorten(self.said, 200)})" if self.said else ""


def parts(out):
    return out if isinstance(out, (tuple, list)) else (out,)


def empty(part):
    return part is None or part is ...
