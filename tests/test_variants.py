"""What notebook 09 reads off its experiments: the t of a chosen chance, and the masks it shows."""
import pytest
import torch

from helpers.lessons.variants import masks, student


@pytest.mark.parametrize("share, df, t", [(0.025, 7, 2.3646), (0.025, 9, 2.2622), (0.005, 4, 4.6041), (0.0005, 11, 4.4370), (0.1, 30, 1.3104), (0.025, 1000, 1.9623)])
def test_t_is_that_of_the_tables(share, df, t):
    assert student(share, df) == pytest.approx(t, abs=2e-3)


@pytest.mark.parametrize("share, df", [(0.0, 7), (0.6, 7), (0.025, 2)])
def test_t_refuses_what_it_cannot_add_up(share, df):
    with pytest.raises(ValueError, match="expected a chance from 0.0001"): student(share, df)


def test_each_mask_shows_what_shares_a_coin():
    shown = masks()
    def alike(letter, *axes): return bool((shown[letter].amax(axes) == shown[letter].amin(axes)).all())
    assert alike("F", 2, 3) and alike("B", 3) and alike("C", 0)
    assert not any(alike(letter, axis) for letter, axis in (("A", 2), ("A", 3), ("B", 2), ("C", 3), ("D", 0), ("D", 2), ("D", 3), ("F", 0), ("F", 1)))
    assert (shown["E"] != 0).all() and all((shown[letter] == 0).any() for letter in "ABCDF")
    single = ~torch.nn.functional.max_pool2d(-(shown["A"] == 0).float(), 3, stride=1).bool()               # blocks of 3 x 3 that fell as a whole
    assert single.any()
