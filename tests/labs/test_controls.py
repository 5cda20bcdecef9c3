"""Controls as data: what each abbreviation means, where it can stand, and what a value is called."""
import pytest

from helpers.labs.controls import again, control, log, one_of


@pytest.mark.parametrize("spec, kind, start", [
    ((0.1, 5.0, 3.0), "slider", 3.0), ((2.0, 4.0), "slider", 2.0), ((1, 8, 3), "slider", 3),
    (log(0.01, 5, 0.1), "factors", 0.1), (True, "switch", True), ([0.1, 1, 5], "buttons", 0.1),
    (one_of([0.1, 1, 5], 5), "buttons", 5), (again("Resample", 3), "again", 1),
])
def test_each_abbreviation_makes_its_control_with_its_start_and_name(spec, kind, start):
    made = control("learning_rate", spec)
    assert (made.kind, made.start) == (kind, start) and made.start in made.stops
    assert made.title == ("Resample" if kind == "again" else "learning rate")


def test_a_start_that_is_no_option_is_told():
    with pytest.raises(ValueError, match="start=2: expected one of 1, 3"):
        one_of([1, 3], 2)


@pytest.mark.parametrize("spec", [(0.1, 5.0, 1.0), (0.01, 5.0, 1.0), (-4.0, 4.0, 0.0), (0.0, 0.95, 0.9),
                                  (0.0, 30.0, 1.0), (1e-5, 1e-3, 1e-4)])
def test_a_slider_stops_at_its_start_and_ends_in_few_enough_steps(spec):
    made = control("x", spec)
    low, high, start = spec
    for value in (start - low, start):
        assert value / made.step == pytest.approx(round(value / made.step), abs=1e-6)
    assert 40 <= (high - low) / made.step <= 500
    assert start in made.stops and (made.stops[0], made.stops[-1]) == (low, high)
    assert made.stops == tuple(sorted(made.stops))


@pytest.mark.parametrize("spec, reached", [
    (log(0.01, 5, 0.1), {0.01, 0.1, 0.2, 0.5, 0.7, 1, 2, 3, 5}),
    (log(1e-5, 1e-2, 7.5e-5), {1e-5, 7.5e-5, 3e-4, 1.2e-3, 1e-2})])
def test_a_log_slider_reaches_round_numbers_exactly(spec, reached):
    stops = control("rate", spec).stops
    assert reached <= set(stops) and stops == tuple(sorted(stops)) and (stops[0], stops[-1]) == spec[:2]
    assert all(1 < b / a < 1.5 for a, b in zip(stops, stops[1:]))


def test_whole_numbers_stay_whole():
    stops = control("n", log(4, 1000, 64)).stops
    assert all(type(v) is int for v in stops) and {4, 64, 100, 1000} <= set(stops)
    assert control("n", (1, 8, 3)).stops == tuple(range(1, 9))


@pytest.mark.parametrize("spec, error", [
    ((5.0, 1.0), ValueError), ((0.0, 1.0, 2.0), ValueError), (log(0, 1, 0.5), ValueError),
    ((0.0, 1.0, float("nan")), ValueError), ((1.0,), TypeError), ((True, False), TypeError),
    (["one"], TypeError), ("text", TypeError), (0.5, TypeError), (object(), TypeError),
])
def test_a_control_that_cannot_be_made_names_itself(spec, error):
    with pytest.raises(error, match="rate="):
        control("rate", spec)


@pytest.mark.parametrize("most", [1, 2.5, "3"])
def test_a_count_that_cannot_go_round_is_refused(most):
    with pytest.raises(ValueError, match="expected a whole number, at least 2"):
        again("Resample", most)


def test_a_count_goes_round():
    made = control("draw", again("Resample", 3))
    assert [made.after(value) for value in made.stops] == [2, 3, 1]


@pytest.mark.parametrize("spec, value, words", [
    ((0.0, 1.0), 0.25, "0.25"), ((1, 9), 3, "3"), (log(1e-5, 1, 1e-4), 1e-4, "0.0001"), (False, True, "on"),
    (["none", "batch"], "batch", "batch"), ([("plain", 0), ("batch", 1)], 1, "batch"),
    (again("Resample", 3), 2, "2"),
])
def test_a_value_is_called_what_the_learner_sees(spec, value, words):
    assert control("x", spec).words(value) == words
