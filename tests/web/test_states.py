"""Which settings of a lab are drawn for its page."""
import pytest

from helpers.labs.controls import again, control, log, one_of
from helpers.labs.lab import Lab
from web.states import GRID, RUNS, WIDE, goals_met, near, of_size, plan, thinned


def figure(fig):
    word = fig.add_subplot().text(0.5, 0.5, "", animated=True)

    def draw(**numbers):
        word.set_text(str(numbers))
        return word.get_text()
    return draw


def lab(goals=None, compute=lambda **settings: dict(settings), **controls):
    made = {name: control(name, spec) for name, spec in controls.items()}
    return Lab(compute, figure, (2, 2), goals or {}, made)


@pytest.mark.parametrize("spec, most, stops", [
    ((0.0, 1.0, 0.3), 15, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    ((0, 10, 3), 15, [*range(11)]), ((2, 64, 8), 9, [2, 8, 10, 20, 30, 40, 50, 60, 64]),
    (log(0.01, 10, 0.3), 9, [0.01, 0.03, 0.1, 0.3, 1, 3, 10]), ([1, 2, 3], 2, [1, 2, 3]),
    (False, 1, [False, True])])
def test_a_slider_is_thinned_to_round_numbers_with_its_ends_and_start(spec, most, stops):
    one = control("x", spec)
    assert thinned(one, {one.start}, most) == pytest.approx(stops)


def test_what_a_goal_needs_is_kept_and_a_counting_button_counts_so_far():
    one = control("x", (0.0, 1.0, 0.5))
    assert 0.73 in thinned(one, {0.5, 0.73}, 15)
    assert thinned(control("x", again("Again", 200)), {1}, 9) == [*range(1, 10)]
    assert thinned(control("x", again("Again", 200)), {1, 12}, 9) == [*range(1, 13)]


def test_few_combinations_are_all_drawn():
    found = plan(lab(x=(0.0, 1.0, 0.5), kind=["a", "b"], on=False))
    assert found.kind == "grid" and len(found.keys) == len(set(found.keys)) <= GRID
    assert found.settings(found.opening) == dict(x=0.5, kind="a", on=False)
    assert {found.settings(key)["kind"] for key in found.keys} == {"a", "b"}


def test_of_many_those_near_the_opening_are_drawn_and_what_meets_a_goal():
    many = {name: (0.0, 1.0, 0.5) for name in "abcde"}
    goals = {"a far corner": lambda at: at.a == 0.71 and at.b == 0.33 and at.c == 0.12}
    one = lab(goals, **many)
    known = [dict(a=0.71, b=0.33, c=0.12)]
    found = plan(one, known)
    assert found.kind == "near" and len(found.keys) <= WIDE + 100 and found.opening in found.keys
    there = found.key({**one.start, **known[0]})
    assert there in found.keys and there[:2] + found.opening[2:] in found.keys
    assert goals_met(one, known)["a far corner"] == {**one.start, **known[0]}


def test_keys_near_the_opening_are_as_many_as_counted():
    values = dict(a=[1, 2, 3], b=[1, 2], c=[1, 2, 3, 4])
    for free, count in (1, 7), (2, 18), (3, 24):
        assert of_size(values, free) == len(set(near(values, (0, 0, 0), free))) == count


def test_of_trainings_some_are_recorded_and_those_that_meet_a_goal():
    def train(rate, N, kind):
        yield dict(loss=rate * N)
    goals = {"large": lambda at: at.loss > 500}
    found = plan(lab(goals, train, rate=log(0.01, 10, 0.1), N=(1, 100, 10), kind=["a", "b"]),
                 [dict(rate=0.2)])
    assert found.kind == "runs" and 5 < len(found.keys) <= RUNS + 3
    recorded = [found.settings(key) for key in found.keys]
    assert dict(rate=0.1, N=10, kind="a") in recorded and dict(rate=0.2, N=10, kind="a") in recorded
    assert any(one["rate"] * one["N"] > 500 for one in recorded)
    assert {one["kind"] for one in recorded} == {"a", "b"}


def test_few_trainings_are_all_recorded():
    def train(kind, on):
        yield dict(loss=1)
    assert len(plan(lab(None, train, kind=one_of(["a", "b", "c"], "b"), on=True)).keys) == 6
