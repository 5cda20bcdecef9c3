"""What a learner may set: each control of a lab as plain data, from `interact`'s abbreviations."""
import math
from dataclasses import dataclass


class log(tuple):
    """log(low, high, start): a slider over round numbers that moves by factors, for rates."""

    def __new__(cls, low, high, start):
        return super().__new__(cls, (low, high, start))


class one_of(list):
    """one_of([a, b, ...], start): buttons in this order, of which start, not the first, is pressed at first.

    Raises ValueError for a start that is none of them.
    """

    def __init__(self, options, start):
        super().__init__(options)
        if start not in self:
            raise ValueError(f"start={start!r}: expected one of {', '.join(map(repr, self))}")
        self.start = start


class again:
    """again(words, most): a button that counts its presses, for random draws: 1 first, after `most` 1 again.

    Raises ValueError for a most below 2.
    """

    def __init__(self, words, most):
        if not isinstance(most, int) or most < 2:
            raise ValueError(f"most={most!r}: expected a whole number, at least 2")
        self.words, self.most = words, most


@dataclass(frozen=True)
class Control:
    """One setting of a lab: how it is set, and every value it can take.

    kind: "slider" (evenly spaced numbers), "factors" (numbers that grow by factors), "buttons" (one a value),
    "switch" or "again" (a button that counts). stops: the values, in the order shown; start: the opening one;
    labels: what each is called, where that is not its number; title: what the setting is called.
    """
    name: str
    kind: str
    start: object
    stops: tuple
    labels: tuple = ()
    title: str = ""

    @property
    def step(self):
        """From one stop of a slider to the next."""
        return rounded(self.stops[1] - self.stops[0])

    def after(self, value):
        """The next stop, after the last the first."""
        return self.stops[(self.stops.index(value) + 1) % len(self.stops)]

    def words(self, value):
        """A value as the learner sees it: the label of a choice, on or off, four digits."""
        if self.kind == "switch":
            return "on" if value else "off"
        if self.labels:
            return self.labels[self.stops.index(value)]
        return f"{value:.4g}" if isinstance(value, float) else str(value)


def control(name, spec):
    """The Control for one setting. Raises TypeError or ValueError for a spec that `live` does not know."""
    title = name.replace("_", " ")
    if isinstance(spec, again):
        return Control(name, "again", 1, tuple(range(1, spec.most + 1)), title=spec.words)
    if isinstance(spec, bool):
        return Control(name, "switch", spec, (False, True), title=title)
    if isinstance(spec, list) and len(spec) > 1:
        return buttons(name, spec, title)
    if isinstance(spec, tuple) and len(spec) in (2, 3) and all(map(number, spec)):
        low, high, start = spec if len(spec) == 3 else (*spec, spec[0])
        if not low < high or not low <= start <= high or isinstance(spec, log) and low <= 0:
            raise ValueError(f"{name}={spec!r}: expected low < high and a start between, for log all above 0")
        if isinstance(spec, log):
            stops = factors(low, high, start)
            return Control(name, "factors", start, stops, tuple(f"{v:g}" for v in stops), title)
        return Control(name, "slider", start, even(low, high, start), title=title)
    raise TypeError(f"{name}={spec!r}: expected (low, high), (low, high, start), log(low, high, start), "
                    "a list of at least two, True/False or again(words, most)")


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def buttons(name, options, title):
    """A value for each option; of a pair (label, value) the label is shown."""
    pairs = [option if isinstance(option, tuple) else (str(option), option) for option in options]
    labels, stops = zip(*pairs)
    return Control(name, "buttons", getattr(options, "start", stops[0]), stops, labels, title)


def even(low, high, start):
    """The stops of a slider: whole numbers where all three are; else they meet start and round numbers."""
    if all(isinstance(v, int) for v in (low, high, start)):
        return tuple(range(low, high + 1))
    step = round_step(low, high, start)
    count = math.floor((high - low) / step + 1e-6)
    stops = [rounded(low + k * step) for k in range(count + 1)]
    return tuple(stops if high - stops[-1] < step / 1e3 else [*stops, float(high)])


def rounded(value):
    """A number without the noise of binary fractions: 0.30000000000000004 is 0.3."""
    return float(f"{value:.10g}") if isinstance(value, float) else value


def round_step(low, high, start):
    """A hundredth of the range, about: 1, 2 or 5 times a power of ten that meets low, start and high."""
    power = math.floor(math.log10((high - low) / 100))
    steps = [float(f"{k}e{power + shift}") for shift in (1, 0, -1) for k in (5, 2, 1)]

    def rank(step):
        off = [abs(v / step - round(v / step)) > 1e-6 for v in (low, start, high)]
        return off[0] or off[1], off[2], abs(math.log(step * 100 / (high - low)))
    return min((step for step in steps if 20 * step <= high - low <= 1000 * step), key=rank)


def factors(low, high, start):
    """The stops of a log slider: eleven round numbers a decade, the two ends and the start."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    stops = {float(f"{k}e{power}") for power in decades for k in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8)}
    whole = all(isinstance(v, int) for v in (low, high, start))
    kind = int if whole else float
    inner = {kind(v) for v in stops if low < v < high and (v == int(v) or not whole)}
    return tuple(sorted(inner | {kind(low), kind(high), kind(start)}))
