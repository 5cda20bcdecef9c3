"""The pictures of an (N, C, H, W) activation count what their masks say, for every shape."""
import pytest
import torch
from matplotlib.figure import Figure

from helpers import figures


def drawn(figure, **numbers):
    fig = Figure(figsize=(6.8, 3.8))
    alt = figure(fig)(**numbers)
    fig.canvas.draw()
    return alt


def mask_of(shape, *where):
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[where] = True
    return mask


@pytest.mark.parametrize("shape", [(2, 3, 3, 3), (1, 1, 1, 1), (18, 6, 6, 6), (18, 2, 1, 1), (1, 6, 1, 6)])
def test_a_channel_is_counted_and_its_mean_told(shape):
    N, C, H, W = shape
    h = torch.arange(N * C * H * W, dtype=torch.float32).view(shape)
    mask = mask_of(shape, slice(None), -1)
    alt = drawn(figures.channel, h=h, mask=mask)
    assert f"{N * H * W} number" in alt and f"All pixels of channel {C - 1}" in alt
    assert f"{N} image{'s' * (N > 1)} × {H} × {W} pixels = {N * H * W} number" in alt
    refused = "Expected more than 1 value per channel"
    assert "refuses" in drawn(figures.channel, h=h, mask=mask, refused=refused)


def test_two_runs_tells_equal_from_different():
    def told(plain, other, name="our net", **seed):
        return drawn(figures.two_runs, plain=plain, other=other, name=name, epoch=7, **seed)
    loss = torch.linspace(2.3, 0.5, 35)
    end = "loss at the end: our net"
    assert f"equal to the last bit. {end} 0.66, LeNet 0.66; not equal: net." in told(loss, loss.clone())
    assert f"Our net ends lower. {end} 0.46, LeNet 0.66; not equal: net." in told(loss, loss - 0.2)
    assert "not equal: net, seed." in told(loss, loss - 0.2, same_seed=False)
    assert "ends higher" in told(loss, loss[:14])
    assert "not equal: net, epochs." in told(loss, loss[:14])
    assert "not equal: net, seed, epochs." in told(loss, loss[:14], same_seed=False)
    assert "has no finite loss" in told(loss[:28], torch.full((35,), float("nan")))


def test_by_epoch_compares_the_layer_with_more_epochs():
    plain = torch.linspace(2.3, 0.5, 10).expand(8, 10)                       # 1.5 at epoch 5
    alt = drawn(figures.by_epoch, plain=plain, bn=plain - 0.2)
    assert "BatchNorm lowers the training loss at epochs 5 and 10; epoch 5: 1.50 without, 1.30 with" in alt
    assert "epoch 10: 0.50 without, 0.30 with BatchNorm; means of 8 seeds." in alt
    assert "BatchNorm does not lower" in drawn(figures.by_epoch, plain=plain, bn=plain + 0.2)
    late = plain + 0.2 - 0.4 * (torch.arange(10) == 9)
    assert "lowers the training loss at epoch 10;" in drawn(figures.by_epoch, plain=plain, bn=late)


def test_pairs_says_how_often_batchnorm_is_ahead():
    def told(names, plain, bn):
        return drawn(figures.pairs, names=names, plain=plain, bn=bn, images=500)
    plain = torch.full((2, 8), 0.5)
    mixed, all_ahead = plain + 0.1, plain + 0.1
    mixed[1, :3] = 0.4
    assert "ahead in all 8 seeds, for both nets;" in told(["a", "b"], plain, all_ahead)
    assert "ahead in 8, 5 of 8 seeds;" in told(["a", "b"], plain, mixed)
    assert "ahead in 5 of 8 seeds;" in told(["b"], plain[1:], mixed[1:])
