"""Which settings of a lab are drawn for its page, and where its goals are met."""
import inspect
import itertools
import math
import random
from dataclasses import dataclass, field

from helpers.labs.lab import seen

GRID, WIDE = 400, 800                   # states: of all combinations, of those near the opening
ALONE, MOST, LEAST = 60, 15, 9          # stops of a slider: the only control, thinned little, thinned most
RUNS = 14                               # trainings
SEARCHED = 4000                         # settings in which a goal is looked for


def at(lab, settings):
    """What a goal's test sees at these settings, of a training at its end."""
    numbers = lab.compute(**settings)
    if inspect.isgenerator(numbers):
        *_, numbers = numbers
    return seen(numbers, settings)


def ends(control):
    """The extreme values of a control, or all of its choices."""
    return control.stops if control.kind == "buttons" else (control.stops[0], control.stops[-1])


def fitting(lab, known):
    """Of known settings those that this lab has, completed by its opening."""
    stops = {name: control.stops for name, control in lab.controls.items()}
    return [{**lab.start, **here} for here in known
            if all(value in stops.get(name, ()) for name, value in here.items())]


def places(lab, known):
    """Settings at the controls' own stops: the known ones, and what lies along one control from there; each
    control through all of its stops, with none, one, two, ... of the others at their ends; then at random.
    """
    stops = {name: control.stops for name, control in lab.controls.items()}
    fits = fitting(lab, known)
    yield from fits
    yield from ({**here, name: value} for here in fits for name in stops for value in stops[name])
    for moved in range(len(stops)):
        for name, *others in itertools.permutations(stops, 1 + moved):
            if others == sorted(others):
                for values in itertools.product(*[ends(lab.controls[other]) for other in others]):
                    here = {**lab.start, **dict(zip(others, values))}
                    yield from ({**here, name: value} for value in stops[name])
    draw = random.Random(0)
    while True:
        yield {name: draw.choice(values) for name, values in stops.items()}


def goals_met(lab, known=(), states=SEARCHED):
    """{goal: settings that meet it}, of those found among so many settings."""
    found = {}
    for settings in itertools.islice(places(lab, known), states):
        if len(found) == len(lab.goals):
            break
        here = at(lab, settings)
        found.update({text: settings for text, test in lab.goals.items() if text not in found and test(here)})
    return found


# ---- what is drawn

@dataclass
class Plan:
    """values: {control: the stops the page has}; keys: the states drawn, each the place of its value for
    every control; kind: "grid" (all combinations), "near" (those near the opening) or "runs" (trainings)."""
    values: dict
    keys: list
    kind: str
    start: dict
    met: dict = field(default_factory=dict)

    @property
    def opening(self):
        return self.key(self.start)

    def key(self, settings):
        return tuple(values.index(settings[name]) for name, values in self.values.items())

    def settings(self, key):
        return {name: values[k] for k, (name, values) in zip(key, self.values.items())}


def plan(lab, known=()):
    """All combinations of thinned controls up to GRID, else those that differ from the opening in few, and
    what lies along one control from where a goal is met; of trainings the known ones, and along each control.
    """
    met = goals_met(lab, known)
    if lab.trains:
        return of_trainings(lab, known, met)
    kept = {name: {lab.start[name], *(there[name] for there in met.values())} for name in lab.controls}
    for most in [ALONE] if len(lab.controls) == 1 else range(MOST, LEAST - 1, -1):
        values = {name: thinned(control, kept[name], most) for name, control in lab.controls.items()}
        if math.prod(map(len, values.values())) <= GRID:
            return Plan(values, [*itertools.product(*(range(len(v)) for v in values.values()))], "grid",
                        lab.start, met)
    values = {name: thinned(control, kept[name], MOST) for name, control in lab.controls.items()}
    found = Plan(values, [], "near", lab.start, met)
    lines = [line for there in met.values() for line in along(found, found.key(there))]
    for free in range(len(values), 0, -1):
        if of_size(values, free) <= WIDE:
            break
    found.keys = sorted({*near(values, found.opening, free), *lines})
    return found


def of_trainings(lab, known, met):
    every = [lab.start, *fitting(lab, known), *met.values()]
    grid = [dict(zip(lab.controls, values))
            for values in itertools.product(*[control.stops for control in lab.controls.values()])
            ] if math.prod(len(control.stops) for control in lab.controls.values()) <= RUNS else []
    lines = [{**lab.start, name: value} for name, control in lab.controls.items()
             for value in thinned(control, {lab.start[name]}, 4)]
    chosen = []
    for settings in [*grid, *every, *lines]:
        if settings not in chosen and (len(chosen) < RUNS or settings in every):
            chosen.append(settings)
    values = {name: [v for v in control.stops if any(one[name] == v for one in chosen)]
              for name, control in lab.controls.items()}
    found = Plan(values, [], "runs", lab.start, met)
    found.keys = [found.key(settings) for settings in chosen]
    return found


def along(plan, key):
    """The keys along one control from this one."""
    for i, values in enumerate(plan.values.values()):
        yield from (key[:i] + (k,) + key[i + 1:] for k in range(len(values)))


def near(values, opening, free):
    """The keys that differ from the opening in so many controls at most."""
    sizes = [len(v) for v in values.values()]
    for moved in itertools.combinations(range(len(sizes)), free):
        for places in itertools.product(*(range(sizes[i]) for i in moved)):
            key = list(opening)
            for i, k in zip(moved, places):
                key[i] = k
            yield tuple(key)


def of_size(values, free):
    """How many keys differ from one in so many controls at most."""
    others = [len(v) - 1 for v in values.values()]
    return sum(math.prod(chosen) for k in range(free + 1) for chosen in itertools.combinations(others, k))


ROUND = (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)


def thinned(control, kept, most):
    """At most `most` of its stops, if what is kept lets it: the ends, the kept, and the roundest between."""
    stops = list(control.stops)
    if control.kind in ("buttons", "switch") or len(stops) <= most:
        return stops
    if control.kind == "again":
        return stops[:max(most, max(kept))]
    kept = {stops[0], stops[-1], *kept}
    for is_round in tests_of_roundness(control.kind):
        chosen = [value for value in stops if value in kept or is_round(value)]
        if len(chosen) <= most:
            return chosen
    return sorted(kept)


def head_of(value):
    """3 of 300, and of 0.03."""
    return value / 10 ** math.floor(math.log10(value))


def tests_of_roundness(kind):
    """From what most numbers pass to what few do."""
    if kind == "factors":
        for heads in ROUND:
            yield lambda v, heads=heads: any(math.isclose(head_of(v), head) for head in heads)
    for step in (float(f"{k}e{power}") for power in range(-4, 5) for k in (1, 2, 5)):
        yield lambda v, step=step: abs(v / step - round(v / step)) < 1e-6
