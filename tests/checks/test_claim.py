"""Claims: what holds, what does not, and the line that says so."""
import json
import math
from pathlib import Path

import pytest
import torch

from helpers.checks import claim as module
from helpers.checks.claim import claim, student

LEDGER = Path(__file__).parents[1] / "truth.json"


def spread(mean, sd, n=8):
    """n numbers of exactly this mean and standard deviation."""
    z = torch.linspace(-1, 1, n, dtype=torch.float64)
    return mean + sd * (z - z.mean()) / z.std()


def test_a_claim_prints_one_line_of_quantity_unit_spread_seeds_and_interval(capsys):
    claim("BatchNorm ends lower.", spread(2.28, 0.99), of="loss without minus with, in nats", above=1)
    assert capsys.readouterr().out == (
        "✓ BatchNorm ends lower.\n"
        "  loss without minus with: mean 2.28 nats, sd 0.99 (8 seeds)\n"
        "  95 % interval 1.45 to 3.11; claimed above 1\n")


def test_steps_are_written_out(capsys):
    claim("It takes long.", spread(1612.9, 334), of="steps", above=1000)
    line = "steps: mean 1613, sd 334 (8 seeds); 95 % interval 1334 to 1892; claimed above 1000"
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("mean, limits, holds", [
    (2.28, dict(above=1.4), True), (2.28, dict(above=1.5), False),
    (2.28, dict(below=3.2), True), (2.28, dict(below=3.0), False),
    (2.28, dict(above=1.4, below=3.2), True), (2.28, dict(above=1.4, below=3.0), False),
    (2.28, dict(above=1.5, below=3.2), False),
])
def test_it_holds_when_the_whole_interval_lies_between_the_limits(mean, limits, holds):
    if holds:
        return claim("s", spread(mean, 0.99), of="q", **limits)
    with pytest.raises(AssertionError, match="does not hold here: s"):
        claim("s", spread(mean, 0.99), of="q", **limits)


def test_the_interval_covers_the_truth_19_times_in_20():
    draws = torch.randn(4000, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    half = student(0.025, 7) * draws.std(1) / math.sqrt(8)
    assert 0.94 < (draws.mean(1).abs() < half).double().mean() < 0.96


@pytest.mark.parametrize("share, df, t", [(0.025, 7, 2.3646), (0.025, 9, 2.2622), (0.005, 4, 4.6041),
                                          (0.0005, 11, 4.4370), (0.1, 30, 1.3104), (0.025, 1000, 1.9623)])
def test_t_is_that_of_the_tables(share, df, t):
    assert student(share, df) == pytest.approx(t, abs=2e-3)


@pytest.mark.parametrize("share, df", [(0.0, 7), (0.6, 7), (0.025, 2)])
def test_t_refuses_what_it_cannot_add_up(share, df):
    with pytest.raises(ValueError, match="expected a chance from 0.0001"):
        student(share, df)


@pytest.mark.parametrize("df, point", [(4, 2.7764), (5, 2.5706), (7, 2.3646), (9, 2.2622), (15, 2.1314),
                                       (23, 2.0687), (63, 1.9983), (1000, 1.9623)])
def test_student_agrees_with_the_table(df, point):
    assert student(0.025, df) == pytest.approx(point, rel=1e-3)


def test_one_exact_number(capsys):
    error = torch.tensor(4.7e-7, requires_grad=True)
    claim("It comes back.", error, of="largest error, in pixels", below=1e-5)
    line = "  largest error: 4.7e-07 pixels; claimed below 1e-05\n"
    assert capsys.readouterr().out == "✓ It comes back.\n" + line
    with pytest.raises(AssertionError, match="largest error: 0.1; claimed below 1e-05"):
        claim("It.", 0.1, of="largest error", below=1e-5)
    with pytest.raises(AssertionError):
        claim("It.", 1e-5, of="largest error", below=1e-5)


def test_numbers_come_as_lists_and_arrays_too():
    values = spread(2, 0.1)
    for kind in (values.tolist(), values.numpy(), list(values), values.float()):
        claim("s", kind, of="q", above=1)


def test_runs_that_diverged_are_counted():
    values = spread(1, 0.1)
    values[:3] = torch.tensor([math.nan, math.inf, -math.inf])
    with pytest.raises(AssertionError, match="3 of 8 seeds diverged"):
        claim("s", values, of="loss, in nats", below=2)
    with pytest.raises(AssertionError, match="not a finite number"):
        claim("s", math.nan, of="loss", below=2)


def test_yes_or_no_is_counted(capsys):
    learned = torch.tensor([True] * 7 + [False])
    claim("Most learn.", learned, of="nets above 0.5", at_least=7)
    claim("All.", learned[:7], of="nets above 0.5")
    assert capsys.readouterr().out == ("✓ Most learn.\n  nets above 0.5: 7 of 8 seeds; claimed at least 7\n"
                                       "✓ All.\n  nets above 0.5: 7 of 7 seeds\n")
    with pytest.raises(AssertionError, match="nets above 0.5: 7 of 8 seeds; claimed at least 8"):
        claim("All learn.", learned, of="nets above 0.5")
    with pytest.raises(AssertionError):
        claim("All learn.", learned.tolist(), of="nets above 0.5")


@pytest.mark.parametrize("values, limits, words", [
    (torch.ones(2, 5), dict(above=0), "shape"),
    (torch.rand(4), dict(above=0), "five seeds"), ([], dict(above=0), "five seeds"),
    (torch.rand(8), {}, "needs a limit"), (torch.rand(8), dict(above=2, below=1), "above less than below"),
    (torch.ones(8), dict(above=0), "were the seeds different"),
    (torch.rand(8), dict(at_least=3), "yes or no"),
    (torch.ones(8) > 0, dict(above=0), "counted over seeds"), (torch.tensor(True), {}, "counted over seeds"),
    (torch.ones(8) > 0, dict(at_least=9), "1 to 8"), (torch.ones(8) > 0, dict(at_least=0), "1 to 8"),
])
def test_a_claim_that_cannot_be_judged_says_why(values, limits, words):
    with pytest.raises(ValueError, match=words):
        claim("s", values, of="q", **limits)


def test_a_claim_says_what_it_ran_over(capsys):
    sizes = torch.tensor([1.9, 2.0, 2.1, 2.0, 2.05])
    claim("It is near 2.", sizes, of="size", above=1, below=3, over="data sets")
    claim("It is positive.", torch.arange(1, 6) > 0, of="positive ones", over="units")
    out = capsys.readouterr().out
    assert "(5 data sets)" in out and "5 of 5 units" in out and "seeds" not in out


@pytest.mark.parametrize("name, value", [("HELPERS_SEED", "7"), ("HELPERS_DATA", "/digits")])
def test_with_other_draws_a_claim_that_fails_says_so_and_the_page_goes_on(monkeypatch, capsys, name, value):
    monkeypatch.delenv("HELPERS_STRICT", raising=False)
    monkeypatch.setenv(name, value)
    claim("It is large.", spread(2, 0.1), of="size, in pixels", above=3)
    out = capsys.readouterr().out
    assert out.startswith("✗ Not with these draws: It is large.\n  size: mean 2 pixels, sd 0.1 (8 seeds); 95")
    claim("It is.", spread(2, 0.1), of="size", above=1)
    assert capsys.readouterr().out.startswith("✓ It is.")
    monkeypatch.setenv("HELPERS_STRICT", "1")
    with pytest.raises(AssertionError, match="does not hold here: It is large."):
        claim("It is large.", spread(2, 0.1), of="size, in pixels", above=3)


def test_a_claim_that_fails_says_how_often_it_holds_elsewhere(monkeypatch, capsys):
    monkeypatch.delenv("HELPERS_STRICT", raising=False)
    monkeypatch.setenv("HELPERS_SEED", "7")
    counts = {"It is large.": [19, 20, 2, 2], "Twice.": [20, 20, 2, 2]}
    monkeypatch.setattr(module, "ledger", lambda: {"05": counts, "06": {"Twice.": [20, 20, 2, 2]}})
    claim("It is large.", spread(2, 0.1), of="size, in pixels", above=3)
    assert capsys.readouterr().out.endswith("\n  It holds at 19 of 20 other seeds.\n")
    claim("Twice.", spread(2, 0.1), of="size, in pixels", above=3)
    assert capsys.readouterr().out.endswith("above 3\n")


def test_the_ledger_of_a_checkout_is_found():
    assert module.ledger() == (json.loads(LEDGER.read_text("utf-8")) if LEDGER.exists() else {})


def test_with_the_sets_own_draws_a_claim_that_does_not_hold_raises(monkeypatch):
    monkeypatch.delenv("HELPERS_STRICT", raising=False)
    monkeypatch.setenv("HELPERS_SEED", "0")
    with pytest.raises(AssertionError):
        claim("It is large.", spread(2, 0.1), of="size", above=3)
