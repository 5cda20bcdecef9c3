import copy

import pytest
import torch
from torch import nn

from helpers.experiments.models import mlp
from helpers.experiments.probes import activations, inputs
from helpers.experiments.training import draws_from, fit_many, last

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(40) % 3


def make():
    return mlp(nn.BatchNorm1d, widths=(6, 8, 5, 3))


def net():
    with draws_from(0):
        return make()


def nets():
    return last(fit_many(make, (X, Y), torch.tensor([[0.1], [0.5]]), steps=10, batch=20, seeds=3)).nets


def by_hand(module, layer, x):
    """Input and output of the k-th layer of an nn.Sequential, step by step on a copy."""
    module = copy.deepcopy(module)
    taken = module[:layer](x).detach()
    return taken, module[layer](taken).detach()


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("layer", [1, 2, 3, 4])
def test_a_modules_layer_as_by_hand_and_the_module_stays_as_it_is(layer, train):
    module = net().train(train)
    before = copy.deepcopy(module.state_dict())
    taken, out = by_hand(module, layer, X)
    torch.testing.assert_close(inputs(module, str(layer), X), taken)
    torch.testing.assert_close(activations(module, str(layer), X), out)
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
    assert module.training is train and all(p.grad is None for p in module.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())


@pytest.mark.parametrize("train", [True, False])
def test_nets_answer_as_each_net_does(train):
    many = nets().train(train)
    before = {name: t.clone() for name, t in {**many.params, **many.buffers}.items()}
    for probe, width in ((inputs, 8), (activations, 5)):
        found = probe(many, "4", X)
        assert found.shape == (2, 3, 40, width)
        for i in range(2):
            for j in range(3):
                torch.testing.assert_close(found[i, j], probe(many[i, j], "4", X))
    assert all(torch.equal(before[name], t) for name, t in {**many.params, **many.buffers}.items())
    assert many.training is train
    with pytest.raises(AssertionError):
        torch.testing.assert_close(found, activations(many.train(not train), "4", X))


def test_an_activation_that_writes_in_place():
    module = nn.Sequential(nn.Linear(6, 4), nn.ReLU(inplace=True), nn.Linear(4, 3))
    assert activations(module, "0", X).min() < 0 and inputs(module, "1", X).min() < 0
    assert activations(module, "1", X).min() == 0


def test_layers_inside_layers_have_dotted_names():
    module = nn.Sequential(nn.Sequential(nn.Linear(6, 4)), nn.Linear(4, 3))
    assert torch.equal(activations(module, "0.0", X), module[0](X).detach())


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.idle, self.gru = nn.Linear(6, 6), nn.Linear(6, 6), nn.GRU(6, 3)

    def forward(self, x):
        return self.gru(self.linear(self.linear(x)))[0]


def test_layers_that_cannot_be_probed():
    there = "no layer '9'; there are: '0' Flatten; '1' Linear; '2' BatchNorm1d"
    for probe in (activations, inputs):
        with pytest.raises(ValueError, match=there):
            probe(net(), "9", X)
        with pytest.raises(ValueError, match="no layer"):
            probe(net(), "", X)
        with pytest.raises(ValueError, match="called 2 times"):
            probe(Twice(), "linear", X)
        with pytest.raises(ValueError, match="called 0 times"):
            probe(Twice(), "idle", X)
    with pytest.raises(ValueError, match="'gru' takes or gives tuple: expected a tensor"):
        activations(Twice(), "gru", X)
    with pytest.raises(ValueError, match="no layer '9'"):
        activations(nets(), "9", X)
