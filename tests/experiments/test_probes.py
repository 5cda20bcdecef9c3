import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.experiments.models import mlp
from helpers.experiments.probes import activations, gradients, inputs, recording
from helpers.experiments.training import draws_from, fit_many, last

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(40) % 3


def net():
    with draws_from(0): return mlp(nn.BatchNorm1d, widths=(6, 8, 5, 3))


def nets():
    return last(fit_many(lambda: mlp(nn.BatchNorm1d, widths=(6, 8, 5, 3)), (X, Y), torch.tensor([[0.1], [0.5]]), steps=10, batch=20, seeds=3)).nets


def by_hand(module, layer, x, y=None, loss=F.cross_entropy):
    """Input, output and the output's gradient of the k-th layer of an nn.Sequential, step by step on a copy."""
    module = copy.deepcopy(module)
    taken = module[:layer](x).detach()
    out = module[layer](taken).detach().requires_grad_()
    loss(module[layer + 1:](out), Y).backward()
    return taken, out.detach(), out.grad


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("layer", [1, 2, 3, 4])
def test_a_modules_layer_as_by_hand_and_the_module_stays_as_it_is(layer, train):
    module = net().train(train)
    before = copy.deepcopy(module.state_dict())
    taken, out, grad = by_hand(module, layer, X)
    torch.testing.assert_close(inputs(module, str(layer), X), taken)
    torch.testing.assert_close(activations(module, str(layer), X), out)
    torch.testing.assert_close(gradients(module, str(layer), X, Y), grad)
    assert grad.abs().max() > 1e-4
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
    assert module.training is train and all(p.grad is None for p in module.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())


@pytest.mark.parametrize("train", [True, False])
def test_nets_answer_as_each_net_does(train):
    many = nets().train(train)
    before = {name: t.clone() for name, t in {**many.params, **many.buffers}.items()}
    for probe, data in ((inputs, (X,)), (activations, (X,)), (gradients, (X, Y))):
        found = probe(many, "4", *data)
        assert found.shape == (2, 3, *((40, 8) if probe is inputs else (40, 5)))
        for i in range(2):
            for j in range(3): torch.testing.assert_close(found[i, j], probe(many[i, j], "4", *data))
    assert all(torch.equal(before[name], t) for name, t in {**many.params, **many.buffers}.items()) and many.training is train
    with pytest.raises(AssertionError): torch.testing.assert_close(activations(many, "4", X), activations(many.train(not train), "4", X))


def test_another_loss_and_no_grad_around():
    module, target = mlp(widths=(6, 8, 1)), X[:, :1]
    expected = 2 / 40 * (module(X) - target).detach()
    with torch.no_grad(): torch.testing.assert_close(gradients(module, "3", X, target, loss=F.mse_loss), expected)


def test_an_activation_that_writes_in_place():
    module = nn.Sequential(nn.Linear(6, 4), nn.ReLU(inplace=True), nn.Linear(4, 3))
    assert activations(module, "0", X).min() < 0 and inputs(module, "1", X).min() < 0 and activations(module, "1", X).min() == 0


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
    for probe in (activations, inputs):
        with pytest.raises(ValueError, match=r"no layer '9'; there are: '0' Flatten; '1' Linear; '2' BatchNorm1d"): probe(net(), "9", X)
        with pytest.raises(ValueError, match="no layer"): probe(net(), "", X)
        with pytest.raises(ValueError, match="called 2 times"): probe(Twice(), "linear", X)
        with pytest.raises(ValueError, match="called 0 times"): probe(Twice(), "idle", X)
    with pytest.raises(ValueError, match="'gru' takes or gives tuple: expected a tensor"): activations(Twice(), "gru", X)
    with pytest.raises(ValueError, match="no layer '9'"): gradients(nets(), "9", X, Y)
    with pytest.raises(ValueError, match="no layer '9'"):
        with recording(net(), ["1", "9"]): pass


def test_recording_takes_mean_and_sd_of_each_forward_pass():
    module = net()
    with recording(module, ["1", "5"]) as seen:
        module(X)
        module(2 * X)
    module(X)
    outputs = [module[1](x).detach() for x in (X, 2 * X)]
    assert seen["1"].mean == pytest.approx([out.mean().item() for out in outputs]) and seen["1"].sd == pytest.approx([out.std(correction=0).item() for out in outputs])
    assert seen["5"].sd == pytest.approx([1, 1], abs=0.01) and len(seen["5"].mean) == 2


def test_recording_removes_its_hooks_when_something_fails():
    module = net()
    with pytest.raises(KeyError):
        with recording(module, ["1"]): raise KeyError
    with pytest.raises(ValueError, match="no layer"):
        with recording(module, ["1", "x"]): pass
    with pytest.raises(RuntimeError):
        with recording(module, "1"): module(torch.ones(2, 3))
    assert not any(layer._forward_hooks for layer in module.modules())
