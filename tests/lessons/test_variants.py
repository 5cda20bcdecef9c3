"""The masks that notebook 09 shows, and the picture of its gains."""
import pytest
import torch
from faults import faults, moved_background, seen

from helpers import figures
from helpers.lessons.variants import masks, together


def test_each_mask_shows_what_is_dropped_together():
    shown = masks()
    def alike(letter, *axes): return bool((shown[letter].amax(axes) == shown[letter].amin(axes)).all())
    assert alike("F", 2, 3) and alike("B", 3) and alike("C", 0)
    assert not any(alike(letter, axis) for letter, axis in (
        ("A", 2), ("A", 3), ("B", 2), ("C", 3), ("D", 0), ("D", 2), ("D", 3), ("F", 0), ("F", 1)))
    assert (shown["E"] != 0).all() and all((shown[letter] == 0).any() for letter in "ABCDF")
    # A block of 3 x 3 fell as a whole.
    single = ~torch.nn.functional.max_pool2d(-(shown["A"] == 0).float(), 3, stride=1).bool()
    assert single.any()


def test_what_is_dropped_together_is_correlated():
    mask = (torch.rand(500, 1, 3, generator=torch.Generator().manual_seed(1)) > 0.3) * 1.0
    # a row of entries, the first of them three times, a row that is never dropped
    factor = torch.cat([mask, mask[..., :1].expand(500, 1, 3), torch.ones(500, 1, 3)], 1)
    found = together(factor, (0, 0))
    assert found[0, 0] == pytest.approx(1) and found[0, 1:].abs().max() < 0.2
    assert found[1].tolist() == pytest.approx([1.0] * 3)
    assert found[2].isnan().all()


def test_gains_in_groups_name_them():
    def figure(fig):
        return figures.gains(fig, 5, "dropout in the same net", least=-32)
    gains = torch.tensor([[-31.0, -29], [-1, 1], [9, 11]])
    groups = {"p = 0.3": 2, "no dropout": 1}
    numbers = dict(names=["worse", "same", "better"], gains=gains, half=torch.full((3,), 4.0))
    screen = seen(figure, numbers | dict(groups=groups), size=(6.8, 3.0))
    alt = screen.picture.alt
    assert alt.startswith("No bar at p = 0.3 lies above 0. the control's bar lies above 0; dots: 2 seeds")
    assert "p = 0.3: worse −34.0 to −26.0; same −4.0 to +4.0; no dropout: better" in alt
    assert not faults(screen.picture) and not moved_background(screen)


def test_what_the_wider_interval_holds_is_not_counted():
    numbers = dict(names=["one", "two"], gains=torch.tensor([[2.0, 4], [-9, -7]]), half=torch.ones(2))
    assert seen(figures.gains, numbers).picture.alt.startswith("1 of 2 intervals lies above 0, 1 below. ")
    alt = seen(figures.gains, numbers | dict(wide=torch.full((2,), 4.0), tries=10)).picture.alt
    assert alt.startswith("1 of 2 wide intervals lies below 0. ") and "10 comparisons" in alt
    alt = seen(figures.gains, numbers | dict(wide=torch.full((2,), 9.0))).picture.alt
    assert alt.startswith("No wide interval excludes 0")
