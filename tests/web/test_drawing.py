"""Paths as the pages have them: short, and every corner where it was."""
import gzip
import re

import numpy as np
import pytest

from web.drawing import side_by_side, steps


def corners(d):
    """[(corners of a shape, at absolute places), ...] of a path of M, m, l and z."""
    at, out = np.zeros(2), []
    for kind, numbers in re.findall(r"([Mml])([-\d. ]+)", d):
        pairs = np.array(numbers.split(), float).reshape(-1, 2)
        if kind in "Mm":
            at = pairs[0] if kind == "M" else out[-1][0] + pairs[0]           # z goes back to the first
            out.append([at])
        else:
            out[-1] += [*(at + pairs.cumsum(0))]
    return [np.array(shape) for shape in out]


def squares(*places, side=8.43):
    return [steps("".join(f"{'L' if k else 'M'}{x + side * a} {y + side * b}\n"
                          for k, (a, b) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)])) + "z")
            for x, y in places]


def test_shapes_side_by_side_stand_where_they_were():
    many = squares(*[(75.61 + 8.43 * k, 174.2 + 8.43 * j) for k in range(40) for j in range(20)])
    together = side_by_side(many)
    before, after = (len(gzip.compress(d.encode())) for d in ("".join(many), together))
    assert after < before / 4 and len(set(re.findall("l[^z]*z", together))) == 1
    for one, (alone,) in zip(corners(together), map(corners, many), strict=True):
        assert np.abs(one - alone).max() <= 0.2 + 1e-9


@pytest.mark.parametrize("other", ["M1 2l3 4", "M1 2l3 4zM5 6l1 1z", "M1 2C1 1 2 2 3 3z", "M1 2z"])
def test_what_is_no_shape_of_few_corners_stays_as_it_is(other):
    assert side_by_side([*squares((1, 1)), other]) == squares((1, 1))[0] + other


def test_a_shape_unlike_the_last_keeps_its_corners():
    two = squares((0, 0)) + squares((20, 0), side=5)
    for one, (alone,) in zip(corners(side_by_side(two)), map(corners, two), strict=True):
        assert one == pytest.approx(alone)
