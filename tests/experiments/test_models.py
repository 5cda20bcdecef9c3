import pytest
import torch
from torch import nn

from helpers.experiments.models import Dropout, LeNet, SideBySide, cnn, mlp, scaled, sigmoid_net, small_cnn


def names(net):
    return [type(layer).__name__ for layer in net]


def count(net):
    return sum(p.numel() for p in net.parameters())


def test_mlp_is_the_net_of_the_first_source():
    assert names(mlp()) == ["Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert names(mlp(nn.BatchNorm1d)) == ["Flatten", *["Linear", "BatchNorm1d", "ReLU"] * 2, "Linear"]
    assert count(mlp()) == 784 * 48 + 48 + 48 * 24 + 24 + 24 * 10 + 10
    norms = [layer for layer in mlp(nn.BatchNorm1d) if isinstance(layer, nn.BatchNorm1d)]
    assert [norm.num_features for norm in norms] == [48, 24]
    assert mlp()(torch.ones(3, 1, 28, 28)).shape == (3, 10) and mlp()(torch.ones(3, 784)).min() < 0


def test_mlp_of_other_widths_norms_and_activations():
    net = mlp(lambda width: nn.GroupNorm(2, width), widths=(5, 4, 2), activation=nn.Tanh)
    assert names(net) == ["Flatten", "Linear", "GroupNorm", "Tanh", "Linear"]
    assert net(torch.ones(3, 5)).shape == (3, 2)
    assert names(mlp(nn.BatchNorm1d, widths=(5, 2))) == ["Flatten", "Linear"]
    with pytest.raises(ValueError, match="at least the number of inputs and of outputs"):
        mlp(widths=(5,))


def test_sigmoid_net_starts_from_small_gaussian_weights():
    torch.manual_seed(0)
    net = sigmoid_net(nn.BatchNorm1d)
    assert names(net) == ["Flatten", *["Linear", "BatchNorm1d", "Sigmoid"] * 3, "Linear"]
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in linear] == [100, 100, 100, 10]
    for layer in linear:
        assert 0.008 < layer.weight.std() < 0.012
        assert layer.weight.abs().max() > 0.02           # a uniform one ends at 1.7 sd
        assert not layer.bias.any()


def test_small_cnn_has_its_norm_after_the_second_convolution():
    assert names(small_cnn()) == ["Conv2d", "ReLU", "AvgPool2d"] * 2 + ["Flatten", "Linear", "ReLU", "Linear"]
    assert names(small_cnn(nn.BatchNorm2d))[3:6] == ["Conv2d", "BatchNorm2d", "ReLU"]
    assert count(small_cnn()) == 78 + 168 + 150 * 25 + 25 + 260
    assert count(small_cnn(nn.BatchNorm2d)) == count(small_cnn()) + 12
    assert small_cnn(nn.BatchNorm2d)(torch.ones(2, 1, 28, 28)).shape == (2, 10)


def test_cnn_has_norms_after_conv2_and_the_first_linear_layer_only():
    without = nn.ReLU, nn.MaxPool2d, nn.Flatten
    layers = [layer for layer in cnn(norms=True) if not isinstance(layer, without)]
    assert names(layers) == ["Conv2d", "Conv2d", "BatchNorm2d", "Linear", "BatchNorm1d", "Linear"]
    assert count(cnn()) == 260 + 5020 + 320 * 50 + 50 + 510
    assert count(cnn(norms=True)) == count(cnn()) + 40 + 100
    x = torch.randn(3, 1, 28, 28)
    assert cnn()(x).min() < 0 and cnn(relu_on_logits=True)(x).min() == 0


def test_lenet_has_the_published_number_of_parameters():
    assert count(LeNet()) == 62_006 and LeNet()(torch.ones(2, 3, 32, 32)).shape == (2, 10)
    assert LeNet()(torch.ones(2, 3, 32, 32)).min() < 0
    assert LeNet(1, 28)(torch.ones(2, 1, 28, 28)).shape == (2, 10)
    assert LeNet(1, 16).fc1.in_features == 16
    with pytest.raises(ValueError, match="at least 16 x 16"):
        LeNet(1, 15)


def test_scaled_multiplies_weight_matrices_and_kernels_only():
    def make():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    net, before = make(), make()
    assert scaled(net, 0.5) is net
    for (name, mine), old in zip(net.named_parameters(), before.parameters()):
        torch.testing.assert_close(mine, old * 0.5 if name in ("0.weight", "3.weight") else old)
    assert all(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_dropout_drops_and_rescales_as_torchs(p):
    x = torch.full((1000, 20), 2.0, requires_grad=True)
    layer = Dropout(p)
    torch.manual_seed(0)
    out = layer(x)
    assert abs((out == 0).float().mean() - p) < 0.02
    if p < 1:
        torch.testing.assert_close(out[out != 0], torch.full_like(out[out != 0], 2 / (1 - p)))
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach() / 2)
    assert torch.equal(layer.eval()(x), x)


def test_dropout_refuses_what_is_no_probability():
    for p in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="expected a probability to drop, from 0 to 1"):
            Dropout(p)


def alone(nets, k):
    """The k-th of nets side by side, of nn.Linear."""
    layers = []
    for weight, bias in zip(nets.weights, nets.biases):
        layers += [nn.Linear(*weight.shape[1:]), nn.ReLU()]
        with torch.no_grad():
            layers[-2].weight.copy_(weight[k].T)
            layers[-2].bias.copy_(bias[k, 0])
    return nn.Sequential(*layers[:-1])


def test_nets_side_by_side_answer_and_learn_as_each_would_alone():
    nets, x = SideBySide(3, (2, 5, 4, 1)), torch.randn(6, 3, 2)
    nets(x).square().mean((0, 2)).sum().backward()
    for k in range(3):
        net = alone(nets, k)
        net(x[:, k]).square().mean().backward()
        assert torch.allclose(nets(x)[:, k], net(x[:, k]), atol=1e-6)
        for layer, weight, bias in zip(net[::2], nets.weights, nets.biases):
            assert torch.allclose(weight.grad[k].T, layer.weight.grad, atol=1e-6)
            assert torch.allclose(bias.grad[k, 0], layer.bias.grad, atol=1e-6)


def test_nets_side_by_side_start_as_linear_layers_do():
    torch.manual_seed(0)
    nets = SideBySide(50, (16, 25, 1))
    for first, second in (nets.weights, nets.biases):
        # one over the root of the inputs: 16, 25
        assert 0.24 < first.abs().max() <= 0.25 and 0.18 < second.abs().max() <= 0.2


def test_nets_side_by_side_drop_each_at_its_rate_and_keep_the_mean():
    nets = SideBySide(3, (1, 100, 1), p=[0, 0.2, 0.9])
    h = nets.dropout(torch.ones(3, 400, 100))
    assert torch.allclose((h == 0).float().mean((1, 2)), torch.tensor([0, 0.2, 0.9]), atol=0.01)
    for k, scale in enumerate([1.0, 1.25, 10.0]):
        assert torch.allclose(h[k][h[k] > 0], torch.tensor(scale))
    assert not torch.equal(h[1], nets.dropout(torch.ones(3, 400, 100))[1])
    assert (nets.eval().dropout(torch.ones(3, 4, 5)) == 1).all()


def test_nets_side_by_side_draw_from_their_seed_alone():
    def first(seed):
        torch.manual_seed(seed)
        nets = SideBySide(2, (1, 50, 1), 0.5)
        torch.manual_seed(99)
        return nets(torch.ones(3, 2, 1))
    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))


@pytest.mark.parametrize("p", [1, -0.1, [0.5, 0.5], [0.1, 0.2, 1.5]])
def test_nets_side_by_side_refuse_other_rates(p):
    with pytest.raises(ValueError, match="probability to drop"):
        SideBySide(3, (1, 2, 1), p)
