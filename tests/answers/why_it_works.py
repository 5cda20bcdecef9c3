"""Answers to the exercises of helpers/lessons/why_it_works.py, written in another way than there."""
import math

import torch


def by_angles(w, gradient, a, rate):
    there = torch.stack([part / a for part in gradient])
    step = rate * math.sqrt(sum(part ** 2 for part in gradient.tolist()))
    return there, rate * a * a, torch.dot(w, w) + step ** 2


def by_doing(w, gradient, a, rate):
    after = w - rate * gradient
    return (1 / a) * gradient, (a * w).norm() ** 2 * rate / w.norm() ** 2, after.square().sum()


def but(w, gradient, a, rate, there=None, fitting=None, after=None):
    right = by_doing(w, gradient, a, rate)
    return [mine if mine is not None else part for mine, part in zip((there, fitting, after), right)]


def words(letters):
    """One answer for each of six: f for 'for', g for 'against', n for neither; m, d, x for measured, disputed, false."""
    meaning = dict(f="for", g="against", n="neither", m="measured", d="disputed", x="false")
    return lambda: tuple(meaning[letter] for letter in letters)


def each_wrong(right, options, also):
    """{switch: answer} with one word changed, for every place and every other word; also: those that are right too, as "c_neither"."""
    names = {"f": "for", "g": "against", "n": "neither", "m": "measured", "d": "disputed", "x": "false"}
    changed = {f"{place}_{names[other]}": words(right[:k] + other + right[k + 1:]) for k, place in enumerate("abcdef") for other in options if other != right[k]}
    return {switch: answer for switch, answer in changed.items() if switch not in also}


def listed():
    return ["for", "against", "for", "against", "neither", "neither"]


def judged():
    return [*words("mdx")(), *words("mxd")()]


right = {
    "scale_invariance": [by_angles, by_doing],
    "evidence": [listed, words("fgfgnn"), words("fgnnfn"), words("fgngnn")],
    "verdicts": [judged, words("mdxmxd"), words("mxxmxd")],
}

wrong = {
    "scale_invariance": {
        "same_gradient": lambda w, gradient, a, rate: but(w, gradient, a, rate, there=gradient + 0),
        "larger_gradient": lambda w, gradient, a, rate: but(w, gradient, a, rate, there=a * gradient),
        "square_gradient": lambda w, gradient, a, rate: but(w, gradient, a, rate, there=gradient / a / a),
        "same_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=rate),
        "smaller_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=rate / a / a),
        "once_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=a * rate),
        "unchanged": lambda w, gradient, a, rate: but(w, gradient, a, rate, after=w.square().sum()),
        "along": lambda w, gradient, a, rate: but(w, gradient, a, rate, after=(math.dist(w.tolist(), [0] * len(w)) + rate * gradient.norm()) ** 2),
        "not_squared": lambda w, gradient, a, rate: but(w, gradient, a, rate, after=w @ w + (rate * gradient).norm()),
        "shrinks": lambda w, gradient, a, rate: but(w, gradient, a, rate, after=w @ w - (rate * gradient).square().sum()),
        "without_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, after=(w - gradient).square().sum()),
    },
    "evidence": each_wrong("fgfgnn", "fgn", also=("c_neither", "d_neither", "e_for")),
    "verdicts": each_wrong("mdxmxd", "mdx", also=("b_false",)),
}
