"""steps_to: the first step below a level, by a mean over a window."""
import pytest
import torch

from helpers.experiments.training import steps_to


def test_the_first_step_whose_window_is_low_enough():
    loss = torch.tensor([4.0, 3, 2, 1, 0, 0, 0])
    assert steps_to(loss, 2, window=1) == 3                  # steps count from 1
    assert steps_to(loss, 1, window=3) == 5                  # (2 + 1 + 0) / 3
    assert steps_to(loss, 4, window=1) == 1


def test_never_is_infinite_and_each_model_has_its_own():
    loss = torch.stack([torch.full((20,), 2.0), torch.linspace(2, 0, 20)])
    never, once = steps_to(loss, 0.5, window=5)
    assert never == torch.inf and 15 < once < 20
    assert steps_to(loss.view(2, 1, 20), 0.5).shape == (2, 1)


def test_a_curve_that_left_the_numbers_never_arrives():
    assert steps_to(torch.tensor([3.0, float("nan"), 0.1, 0.1, 0.1]), 1, window=4) == torch.inf


@pytest.mark.parametrize("window", [0, 6])
def test_a_window_that_does_not_fit(window):
    with pytest.raises(ValueError, match="expected 1 to 5"):
        steps_to(torch.zeros(5), 1, window=window)
