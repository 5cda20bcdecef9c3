"""What goes wrong in any exercise, in few words: order, arguments, a sum not taken, a sign, a factor."""
from contextlib import suppress
from fractions import Fraction
from itertools import combinations

import torch

from .comparing import same, short, tensor, wrong


def usual(exercise, got, right):
    """A sentence on what `got` has to do with `right`, {place or name: value}, or nothing."""
    if reordered(exercise, got, right):
        return f"The parts are right, in another order: return {', '.join(exercise.names) or 'a, b'}."
    return (exchanged(exercise, got) or upside_down(exercise, got) or of_parts(exercise, got, right)
            or taken_otherwise(exercise, got))


def of_parts(exercise, got, right):
    """Of the first part that is wrong: of the others the learner hears once this one is right."""
    for name, pairs in parts_apart(exercise, got, right):
        if all(exercise.same(*pair) for pair in pairs):
            continue
        blocks = [(tensor(mine), tensor(want)) for mine, want in pairs]
        if all(block is not None and block.isfinite().all() for pair in blocks for block in pair):
            for look in reduced, changed, scaled, of_a_size:
                if words := look(exercise, name, blocks):
                    return words
        return ""
    return ""


def parts_apart(exercise, got, right):
    """[(what it is called, [(mine, want) in each probe])]"""
    places = range(len(exercise.probes))
    seen = [(name, [(got.get(name), want)]) for name, want in right.items() if isinstance(name, str)]
    if not places:
        return seen
    if not isinstance(right[0], tuple):
        return [((*exercise.names, "the result")[0], [(got[place], right[place]) for place in places]), *seen]
    if any(not isinstance(got[place], (tuple, list)) or len(got[place]) != len(right[0]) for place in places):
        return seen
    return [(exercise.names[k] if exercise.names else f"value {k + 1}",
             [(got[place][k], right[place][k]) for place in places]) for k in range(len(right[0]))] + seen


def reordered(exercise, got, right):
    """Whether the parts of a tuple are all there, each at one other place in every probe."""
    def column(values, k): return [value[k] for value in values]
    places = range(len(exercise.probes))
    mine, want = [got[place] for place in places], [right[place] for place in places]
    n = len(want[0]) if places and isinstance(want[0], tuple) else 0
    if n < 2 or any(not isinstance(value, (tuple, list)) or len(value) != n for value in mine):
        return False
    left = [*range(n)]
    for k in range(n):
        found = [j for j in left if all(map(exercise.same, column(mine, k), column(want, j)))]
        if not found:
            return False
        left.remove(found[0])
    return not all(map(exercise.same, mine, want))


def exchanged(exercise, got):
    """Whether the program with two arguments exchanged, or one in place of another, looks like this."""
    names = [name for name, p in exercise.parameters().items() if p.default is not False]
    for i, j in combinations(range(len(names)), 2):
        for a, b, words in ((j, i, f"{names[i]} and {names[j]} are exchanged."),
                            (i, i, f"{names[i]} stands where {names[j]} belongs, too."),
                            (j, j, f"{names[j]} stands where {names[i]} belongs, too.")):
            looks = exercise.looks_of(("for", i, j, a, b), with_others(exercise.program, i, j, a, b))
            if looks and (exercise.agree(got, looks) or a != b and reordered(exercise, got, looks)):
                return words
    return ""


def upside_down(exercise, got):
    """Whether the program that takes its flags the other way round looks like this."""
    flags = set()

    def f(*args, **kwargs):
        names = [*exercise.parameters()]
        flags.update(names[k] for k, a in enumerate(args) if isinstance(a, bool))
        return exercise.program(*(not a if isinstance(a, bool) else a for a in args), **kwargs)
    with suppress(Exception):
        if exercise.agree(got, exercise.see(f)) and flags:
            return f"{' and '.join(sorted(flags))} is taken the other way round: True for False."
    return ""


def taken_otherwise(exercise, got):
    """Whether the program that takes one of its arguments otherwise looks like this."""
    if not exercise.probes:
        return ""
    for k, name in enumerate(name for name, p in exercise.parameters().items() if p.default is not False):
        for words, change in TAKEN.items():
            looks = exercise.looks_of((words, k), with_changed(exercise.program, k, change))
            if looks and exercise.agree(got, looks):
                return words.format(name)
    return ""


TAKEN = {
    "{} has the wrong sign.": lambda a: -a,
    "{} is missing: as if it were 0.": lambda a: 0 * a,
    "{} is missing: as if it were 1.": lambda a: 0 * a + 1,
    "{} divides where it should multiply, or multiplies where it should divide.": lambda a: 1 / a,
    "{} is squared.": lambda a: a ** 2,
    "Of {} the root is taken.": lambda a: a ** 0.5,
    "1 - {0} stands where {0} belongs.": lambda a: 1 - a,
    "{} is not used: as if it were 0.1 always.": lambda a: 0 * a + 0.1,
    "{} is not used: as if it were 1e-5 always.": lambda a: 0 * a + 1e-5,
    "{} is not used: as if it were 1e-8 always.": lambda a: 0 * a + 1e-8,
}


def with_changed(program, k, change):
    """The program that takes a number, or numbers, at k otherwise."""
    def f(*args, **kwargs):
        if isinstance(args[k], (bool, tuple, str)):
            raise TypeError("not a number")
        taken = change(args[k])
        if not torch.as_tensor(taken).isfinite().all():
            raise ValueError("no number any more")
        return program(*args[:k], taken, *args[k + 1:], **kwargs)
    return f


def with_others(program, i, j, a, b):
    """The program that takes for its arguments i and j those at a and b, of one kind."""
    def f(*args, **kwargs):
        one, other = args[i], args[j]
        if type(one) is not type(other) or torch.is_tensor(one) and one.dim() != other.dim():
            raise TypeError("not of one kind")
        args = list(args)
        args[i], args[j] = args[a], args[b]
        return program(*args, **kwargs)
    return f


TAKES = ((torch.sum, "summed"), (torch.mean, "averaged"),
         (torch.amax, "cut to its largest"), (torch.amin, "cut to its smallest"))


def reduced(exercise, name, blocks):
    """A sum or mean that was not taken, or was taken too far."""
    (mine, want), *_ = blocks
    more = mine.dim() - want.dim()
    shapes = f"shape {tuple(mine.shape)}; expected {tuple(want.shape)}."
    with suppress(Exception):
        if more == 1 and all(same(a.diagonal(), b) for a, b in blocks):
            return f"{name} is a table of each with each, whose diagonal is right: {shapes}"
        if not more and mine.shape != want.shape and all(same(a.expand(b.shape), b) for a, b in blocks):
            return f"{name} is to have as many of these as are the same: {shapes}"
        for axis in range(want.dim()) if more == -1 else ():
            if all(same(a.unsqueeze(axis).expand(b.shape), b) for a, b in blocks):
                return f"{name} lacks axis {axis}, along which it is the same everywhere: {shapes}"
    for axes in combinations(range(max(mine.dim(), want.dim())), abs(more)) if more else ():
        for take, words in TAKES:
            with suppress(Exception):
                if all(same(take(a, axes), b) if more > 0 else same(a, take(b, axes)) for a, b in blocks):
                    over = f"ax{'e' if len(axes) > 1 else 'i'}s {' and '.join(map(str, axes))}"
                    return (f"{name} is not {words} yet, over {over}: {shapes}" if more > 0 else
                            f"{name} is {words} over {over}, which should stay: {shapes}")
    return ""


CHANGES = {
    "has the wrong sign": lambda x: -x,
    "has lost its sign": torch.abs,
    "is the square of what is expected": torch.square,
    "is the root of what is expected": torch.sqrt,
    "is one over what is expected": lambda x: 1 / x,
    "is 1 minus what is expected": lambda x: 1 - x,
    "is transposed": lambda x: x.mT if x.dim() > 1 else x,
    "is 0": lambda x: 0 * x,
    "is rounded to whole numbers": torch.round,
    "is cut to whole numbers": torch.floor,
}


def changed(exercise, name, blocks):
    for words, change in CHANGES.items():
        with suppress(Exception):
            if telling(blocks) and all(same(mine, change(want)) for mine, want in blocks):
                return f"{name} {words}{', everywhere' if 'sign' not in words else ''}."
    return ""


def telling(blocks):
    """Whether more than one number is compared, so that a simple rule does not fit by chance."""
    return len(torch.cat([want.flatten() for _, want in blocks]).abs().unique()) > 1


def scaled(exercise, name, blocks):
    """A factor or a difference that is the same in all probes."""
    mine, want = (torch.cat([pair[k].flatten() for pair in blocks]) for k in (0, 1))
    if any(a.shape != b.shape for a, b in blocks) or not telling(blocks):
        return ""
    factor, off = (mine @ want / want.square().sum()).item(), (mine - want).mean()
    apart = abs(factor) > 1e-6 and abs(factor - 1) > 0.01
    if apart and not wrong(mine, factor * want, False, exercise.atol).any():
        part = Fraction(factor).limit_denominator(12)
        if abs(part - factor) > 1e-4 * abs(factor) or part.denominator > 4 and abs(part.numerator) > 1:
            return f"{name} is {short(factor)} times what is expected, everywhere."
        return f"{name} is {part} {'of' if abs(part) < 1 else 'times'} what is expected, everywhere."
    upside = mine * want
    if (want != 0).all() and upside[0] != 0 and not wrong(upside, 0 * want + upside[0], False, 0).any():
        return f"{name} is upside down: it is {short(upside[0])} over what is expected, everywhere."
    if not wrong(mine, want + off, False, exercise.atol).any():
        return f"{name} is {short(off.abs())} too {'large' if off > 0 else 'small'}, everywhere."
    return ""


def of_a_size(exercise, name, blocks):
    """A factor that is one of the sizes or numbers given, in every probe, or one over it."""
    if len(blocks) < 2 or any(a.shape != b.shape for a, b in blocks):
        return ""
    for words, known in given(exercise):
        if len({*known}) > 1:
            under = f"({words})" if " " in words else words
            for power, told in (1, f"{words} times"), (-1, f"1 / {under} of"):
                if all(not wrong(a, b * k ** power, False, exercise.atol).any()
                       for (a, b), k in zip(blocks, known)):
                    return f"{name} is {told} what is expected."
    return ""


def given(exercise):
    """[(words, its value in each probe)] of the sizes of the arguments, and of numbers between them."""
    found = []
    for k, name in enumerate(list(exercise.parameters())[:len(exercise.probes[0])]):
        values = [probe[k] for probe in exercise.probes]
        if all(torch.is_tensor(value) for value in values):
            for axis in range(min(value.dim() for value in values)):
                sizes = [value.shape[axis] for value in values]
                size = f"len({name})" if axis == 0 else f"{name}.shape[{axis}]"
                found.append((size, sizes))
                if min(sizes) > 1:
                    found.append((f"n / (n - 1), n = {size},", [n / (n - 1) for n in sizes]))
        elif all(isinstance(value, (int, float)) and value > 0 for value in values):
            found += [(name, values), (f"{name} ** 2", [value ** 2 for value in values])]
            if max(values) < 1:
                found.append((f"1 - {name}", [1 - value for value in values]))
    return found
