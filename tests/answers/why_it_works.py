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


WORDS = {"f": "for", "g": "against", "n": "neither", "m": "measured", "d": "disputed", "x": "false"}


def words(letters):
    """The answers that these letters of WORDS stand for."""
    return lambda: tuple(WORDS[letter] for letter in letters)


def each_wrong(right, options):
    """{switch: answer} with one word changed, for every place and every other word."""
    return {f"{place}_{WORDS[other]}": words(right[:k] + other + right[k + 1:])
            for k, place in enumerate("abcdef") for other in options if other != right[k]}


def listed():
    return ["for", "against", "for", "against", "neither", "neither"]


def judged():
    return [*words("mdx")(), *words("mxd")()]


def along(w, gradient, rate):
    return (math.dist(w.tolist(), [0] * len(w)) + rate * gradient.norm()) ** 2


def with_after(of):
    return lambda w, gradient, a, rate: but(w, gradient, a, rate, after=of(w, gradient, rate))


right = {
    "scale_invariance": [by_angles, by_doing],
    "evidence": [listed, words("fgfgnn")],
    "verdicts": [judged, words("mdxmxd")],
}

wrong = {
    "scale_invariance": {
        "same_gradient": lambda w, gradient, a, rate: but(w, gradient, a, rate, there=gradient + 0),
        "larger_gradient": lambda w, gradient, a, rate: but(w, gradient, a, rate, there=a * gradient),
        "square_gradient": lambda w, gradient, a, rate: but(w, gradient, a, rate, there=gradient / a / a),
        "same_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=rate),
        "smaller_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=rate / a / a),
        "once_rate": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=a * rate),
        "once_smaller": lambda w, gradient, a, rate: but(w, gradient, a, rate, fitting=rate / a),
        "length_there": lambda w, gradient, a, rate: but(
            w, gradient, a, rate, after=(a * w).square().sum() + (rate * gradient).square().sum()),
        "twice": with_after(lambda w, gradient, rate: w @ w + 2 * rate * gradient @ gradient),
        "rate_once": with_after(lambda w, gradient, rate: w @ w + rate * gradient @ gradient),
        "step_alone": with_after(lambda w, gradient, rate: (rate * gradient).square().sum()),
        "length_once": with_after(lambda w, gradient, rate: w.norm() + (rate * gradient).square().sum()),
        "unchanged": with_after(lambda w, gradient, rate: w.square().sum()),
        "along": with_after(along),
        "not_squared": with_after(lambda w, gradient, rate: w @ w + (rate * gradient).norm()),
        "half_squared": with_after(lambda w, gradient, rate: w @ w + rate ** 2 * gradient.norm()),
        "from_there": lambda w, gradient, a, rate: but(
            w, gradient, a, rate, after=(a * w - rate * gradient / a).square().sum()),
        "shrinks": with_after(lambda w, gradient, rate: w @ w - (rate * gradient).square().sum()),
        "without_rate": with_after(lambda w, gradient, rate: (w - gradient).square().sum()),
    },
    "evidence": each_wrong("fgfgnn", "fgn"),
    "verdicts": each_wrong("mdxmxd", "mdx"),
}
