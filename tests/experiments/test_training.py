import copy
import subprocess
import sys
import threading
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.experiments import training
from helpers.experiments.data import load
from helpers.experiments.models import Dropout, mlp
from helpers.experiments.training import accuracy, draws_from, fit, fit_many, last, mean_loss, steps_to


def blobs(n=200, features=6, classes=3, seed=0, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(classes, (n,), generator=g)
    return torch.randn(n, features, generator=g, dtype=dtype) + y[:, None], y


def plain():
    return mlp(widths=(6, 8, 5, 3))


def bn():
    return mlp(nn.BatchNorm1d, widths=(6, 8, 5, 3))


def dropping():
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 3))


def double(make):
    return lambda *args, **kwargs: make(*args, **kwargs).double()


def same(mine, theirs, within=1e-10):
    torch.testing.assert_close(mine, theirs, rtol=0, atol=within)


class Noisy(nn.Module):
    """Draws in every way a layer written by hand may draw."""
    def forward(self, x):
        if not self.training:
            return x
        x = x + 0.1 * torch.randn_like(x) + 0.1 * torch.rand(x.shape, dtype=x.dtype)
        x = x + 0.1 * torch.randint(0, 3, x.shape)
        kept = torch.bernoulli(torch.full_like(x, 0.5))
        return x * kept * torch.empty_like(x).uniform_(0.5, 1.5) + torch.normal(x, 0.1)


def noisy():
    return nn.Sequential(nn.Linear(6, 8), Noisy(), nn.AlphaDropout(0.2), nn.Linear(8, 3))


def reference(make, split, optimizer, *, seed=0, steps=50, batch=32):
    """The loop as tutorials write it, on the documented batches."""
    x, y = split
    torch.manual_seed(seed)
    net = make()
    optimizer, losses = optimizer(net.parameters()), []
    g = torch.Generator().manual_seed(training.ORDER + seed)
    while True:
        order = torch.randperm(len(y), generator=g)
        for k in range(len(y) // batch):
            rows = order[k * batch:(k + 1) * batch]
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                return torch.tensor(losses, dtype=x.dtype), net


# The loops against torch's

@pytest.mark.parametrize("settings, optimizer", [
    (dict(lr=0.1), lambda p: torch.optim.SGD(p, 0.1)),
    (dict(lr=0.1, momentum=0.9, weight_decay=0.01),
     lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01)),
    (dict(lr=0.01, optimizer="adam"), lambda p: torch.optim.Adam(p, 0.01)),
    (dict(lr=0.01, optimizer="adam", weight_decay=0.01),
     lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.01)),
])
@pytest.mark.parametrize("make", [plain, bn])
def test_fit_is_the_loop_of_the_tutorials(make, settings, optimizer):
    split = blobs(dtype=torch.float64)
    with torch.random.fork_rng():
        losses, net = reference(double(make), split, optimizer)
    curve = last(fit(double(make), split, steps=50, batch=32, seed=0, **settings))
    same(curve.loss, losses)
    for mine, theirs in zip(curve.nets.state_dict().values(), net.state_dict().values()):
        same(mine, theirs, 1e-9)


@pytest.mark.parametrize("make", [plain, bn, dropping, noisy])
@pytest.mark.parametrize("settings", [dict(lr=0.1), dict(lr=0.05, momentum=0.9, weight_decay=0.01),
                                      dict(lr=0.01, optimizer="adam")])
def test_a_net_learns_the_same_alone_and_among_many(make, settings):
    split = blobs(dtype=torch.float64)
    many = last(fit_many(double(make), split, steps=50, batch=32, seeds=[3, 7, 3000], **settings))
    for k, seed in enumerate([3, 7, 3000]):
        one = last(fit(double(make), split, steps=50, batch=32, seed=seed, **settings))
        same(many.loss[k], one.loss)
        for mine, theirs in zip(many.nets[k].state_dict().values(), one.nets.state_dict().values()):
            same(mine, theirs, 1e-9)


def test_the_same_on_the_digits_in_float32():
    def make(): return mlp(nn.BatchNorm1d)
    many = last(fit_many(make, load().train, steps=60, seeds=2))
    one = last(fit(make, load().train, steps=60))
    assert many.loss.dtype == torch.float32
    same(many.loss[0], one.loss, 1e-4)
    assert abs(accuracy(many.nets, *load().test)[0] - accuracy(one.nets, *load().test)) <= 0.002


def test_cross_entropy_is_torchs():
    x, y = torch.randn(20, 5, generator=torch.Generator().manual_seed(0)) * 30, torch.arange(20) % 5
    torch.testing.assert_close(training.cross_entropy(x, y), F.cross_entropy(x, y))


class Skips(nn.Module):
    """Its convolution is frozen, and a parameter of it is not used."""
    def __init__(self):
        super().__init__()
        layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
        self.net = nn.Sequential(*layers).double()
        self.net[0].requires_grad_(False)
        self.net.unused = nn.Identity()
        self.net.unused.register_parameter("p", nn.Parameter(torch.ones(2).double()))

    def forward(self, x):
        return self.net[:5](x)


def test_convolutions_frozen_layers_and_unused_parameters():
    x = torch.randn(100, 1, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.arange(100) % 3
    many = last(fit_many(Skips, (x, y), steps=20, batch=10, seeds=2, weight_decay=0.1))
    one = last(fit(Skips, (x, y), steps=20, batch=10, weight_decay=0.1))
    same(many.loss[0], one.loss)
    with draws_from(0):
        start = Skips().net
    first = many.nets[0].net
    assert torch.equal(first[0].weight, start[0].weight) and not first[0].weight.requires_grad
    assert not torch.equal(first[4].weight, start[4].weight)
    assert torch.equal(one.nets.net.unused.p, start.unused.p)
    assert torch.equal(first.unused.p, start.unused.p)


# What the curve says, and when

def test_yields_every_so_often_and_at_the_end():
    curves = fit_many(plain, blobs(), steps=25, batch=32, seeds=2)
    seen = [(len(curve.step), tuple(curve.loss.shape), curve.progress) for curve in curves]
    assert seen == [(10, (2, 10), 0.4), (20, (2, 20), 0.8), (25, (2, 25), 1.0)]
    assert [len(c.step) for c in fit(plain, blobs(), steps=20, batch=32)] == [10, 20]
    assert last(fit(plain, blobs(), steps=3, batch=32)).step.tolist() == [1, 2, 3]


def test_a_curve_kept_does_not_change():
    runs = fit_many(plain, blobs(), steps=20, batch=32, seeds=2)
    early = next(runs)
    kept = early.loss.clone()
    late = last(runs)
    assert torch.equal(early.loss, kept) and torch.equal(late.loss[:, :10], kept)


def test_rates_by_seeds_in_one_run():
    rates = torch.tensor([[0.01], [0.3]], dtype=torch.float64)
    split, steps = blobs(dtype=torch.float64), dict(steps=30, batch=32)
    grid = last(fit_many(double(bn), split, rates, **steps, seeds=3))
    assert grid.loss.shape == (2, 3, 30) and grid.nets.shape == (2, 3)
    assert accuracy(grid.nets, *split).shape == (2, 3)
    for r, rate in enumerate([0.01, 0.3]):
        same(grid.loss[r], last(fit_many(double(bn), split, rate, **steps, seeds=3)).loss)
    three = fit_many(plain, blobs(), torch.tensor([0.1, 0.2, 0.3]), steps=3, batch=32, seeds=[5])
    assert last(three).loss.shape == (3, 3)
    decay, momentum = torch.tensor([[0.0], [1.0]]), torch.tensor([[[0.0]], [[0.9]]])
    decays = last(fit_many(double(bn), split, weight_decay=decay, momentum=momentum, **steps, seeds=3))
    assert decays.loss.shape == (2, 2, 3, 30)
    one = last(fit(double(bn), split, **steps, weight_decay=1.0))
    same(decays.loss[0, 1, 0], one.loss)
    same(decays.nets[0, 1, 0](split[0]), one.nets(split[0]), 1e-9)


def test_a_setting_per_net():
    def make(p): return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), Dropout(p), nn.Linear(8, 3))
    split, rates = blobs(dtype=torch.float64), torch.tensor([[0.0], [0.5]], dtype=torch.float64)
    grid = last(fit_many(double(make), split, steps=30, batch=32, seeds=2, vary={"p": rates}))
    assert grid.loss.shape == (2, 2, 30)
    for r, p in enumerate([0.0, 0.5]):
        one = last(fit(partial(double(make), p), split, steps=30, batch=32))
        same(grid.loss[r, 0], one.loss)


def test_a_setting_per_net_that_is_no_tensor_of_the_net_is_refused():
    def make(p): return nn.Sequential(nn.Linear(6, 3), nn.Dropout(p))
    with pytest.raises(ValueError, match=r"Dropout\(p=0.1[\s\S]*Dropout\(p=0.5[\s\S]*helpers.Dropout"):
        fit_many(make, blobs(), batch=32, vary={"p": torch.tensor([[0.1], [0.5]])})


def test_one_data_set_per_seed():
    sets = [blobs(n=50, seed=seed, dtype=torch.float64) for seed in range(3)]
    x, y = torch.stack([x for x, _ in sets]), torch.stack([y for _, y in sets])
    rates = torch.tensor([[0.1], [0.2]], dtype=torch.float64)
    curve = last(fit_many(double(bn), (x, y), rates, steps=20, batch=16, seeds=3, own_data=True))
    losses, shares = [measure(curve.nets, x, y, own_data=True) for measure in (mean_loss, accuracy)]
    for r, rate in enumerate([0.1, 0.2]):
        for k in range(3):
            one = last(fit(double(bn), sets[k], rate, steps=20, batch=16, seed=k))
            same(curve.loss[r, k], one.loss)
            same(losses[r, k], mean_loss(one.nets, *sets[k]))
            assert shares[r, k] == accuracy(one.nets, *sets[k])


def test_regression_with_another_loss():
    def make(): return mlp(widths=(1, 20, 1), activation=nn.Tanh).double()
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    settings = dict(lr=0.01, steps=200, batch=50, optimizer="adam", loss=F.mse_loss)
    many = last(fit_many(make, (x, 2 * x), seeds=3, **settings))
    assert mean_loss(many.nets, x, 2 * x, loss=F.mse_loss).max() < 0.01 < many.loss[:, 0].min()
    same(many.loss[0], last(fit(make, (x, 2 * x), **settings)).loss)


def test_a_net_that_diverges_goes_on_without_disturbing_the_others():
    split, rates = blobs(dtype=torch.float64), torch.tensor([[1e200], [0.1]], dtype=torch.float64)
    steps = dict(steps=60, batch=32)
    both, calm = [last(fit_many(double(plain), split, lr, **steps, seeds=2)) for lr in (rates, 0.1)]
    assert not both.loss[0].isfinite().all()
    same(both.loss[1], calm.loss)
    assert not last(fit(double(plain), split, 1e200, **steps)).loss.isfinite().all()


# Seeds, batches and streams

def test_seeds_are_this_runs(monkeypatch):
    monkeypatch.setenv("HELPERS_SEED", "7")
    mine, listed, one = [last(run).loss for run in (
        fit_many(plain, blobs(), steps=5, batch=32, seeds=2),
        fit_many(plain, blobs(), steps=5, batch=32, seeds=[7000, 7001]),
        fit(plain, blobs(), steps=5, batch=32))]
    assert torch.equal(mine, listed) and torch.allclose(mine[0], one)
    monkeypatch.delenv("HELPERS_SEED")
    assert not torch.equal(mine, last(fit_many(plain, blobs(), steps=5, batch=32, seeds=2)).loss)


def test_batches_are_permutations_without_a_short_last_one():
    epochs = [list(rows[0]) for rows in training.batches(10, 3, [0], 6)]
    first, second = [torch.stack(sum(part, [])).tolist() for part in (epochs[:3], epochs[3:])]
    assert len(set(first)) == len(set(second)) == 9 and first != second
    a, b = next(training.batches(10, 10, [0, 1], 1))
    assert sorted(a.tolist()) == list(range(10)) and a.tolist() != b.tolist()


def test_nets_of_other_width_get_the_same_batches():
    seen = {}
    def watching(width):
        class Watching(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(6, width), nn.Linear(width, 3))
            def forward(self, x):
                seen.setdefault(width, []).append(x.clone())
                return self.net(x)
        return Watching
    for width in (4, 9):
        last(fit(watching(width), blobs(), steps=9, batch=32))
    assert torch.equal(torch.stack(seen[4]), torch.stack(seen[9]))


def masks(**settings):
    seen = []
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(1))
        def forward(self, x):
            x = F.dropout(torch.ones_like(x), 0.5, self.training)
            return x * self.w
    def outputs(out, y):
        seen.append(out)
        return out.mean()
    return last(fit_many(Keeps, blobs(), steps=2, batch=32, loss=outputs, **settings)).loss


def test_masks_differ_from_net_to_net_from_step_to_step_and_from_seeds_to_seeds():
    loss = masks(seeds=[0, 1])                             # the mean of a net's mask, at each of two steps
    assert len(set(loss.flatten().tolist())) == 4
    assert not set(loss.flatten().tolist()) & set(masks(seeds=[5, 6]).flatten().tolist())
    assert torch.equal(masks(seeds=[1, 9, 0])[[2, 0]], loss)


@pytest.mark.parametrize("make", [plain, bn, dropping, noisy])
@pytest.mark.parametrize("run", [lambda make: fit_many(make, blobs(), batch=32, seeds=2),
                                 lambda make: fit(make, blobs(), batch=32)])
def test_the_global_stream_is_left_alone(make, run):
    before = torch.get_rng_state()
    runs = run(make)
    next(runs)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    moved = torch.get_rng_state()
    next(runs)
    assert torch.equal(torch.get_rng_state(), moved)
    runs.close()
    assert torch.equal(torch.get_rng_state(), moved)


def test_the_global_stream_is_left_alone_when_make_or_the_net_fails():
    def fails(): raise KeyError(nn.Linear(6, 3))
    def unfitting(): return nn.Sequential(nn.Linear(6, 8), nn.Dropout(), nn.Linear(9, 3))
    before = torch.get_rng_state()
    with pytest.raises(KeyError):
        fit_many(fails, blobs(), batch=32)
    runs = fit_many(unfitting, blobs(), batch=32)
    with pytest.raises(RuntimeError):
        next(runs)
    assert torch.equal(torch.get_rng_state(), before)


def test_draws_are_those_of_manual_seed():
    def draws():
        return [nn.Linear(3, 4).weight, torch.rand(3), torch.randn(20), torch.randint(5, (4,)),
                torch.randint(2, 5, (4,)), torch.randperm(6)]
    with draws_from(5):
        mine = draws()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        theirs = draws()
    assert all(map(torch.equal, mine, theirs))


def test_an_operation_without_generator_draws_from_ones_own_too():
    def drop(): return torch.native_dropout(torch.ones(50), 0.5, True)[0]
    before = torch.get_rng_state()
    with draws_from(5):
        a, b = drop(), drop()
    with draws_from(5):
        again = drop()
    assert torch.equal(a, again) and not torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_generator_that_was_given_is_used():
    with draws_from(5):
        mine = torch.rand(3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(mine, torch.rand(3, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("make", [plain, bn, dropping])
def test_runs_side_by_side_give_the_curves_they_give_alone(make):
    def runs():
        steps = dict(steps=30, batch=32)
        many = [fit_many(net, blobs(), **steps, seeds=3) for net in (make, bn)]
        return *many, fit(dropping, blobs(), **steps)
    alone = [last(run).loss for run in runs()]
    *_, together = zip(*runs())
    assert all(torch.equal(a.loss, b) for a, b in zip(together, alone))


def test_runs_in_two_threads_give_the_curves_they_give_alone():
    makes = [dropping, bn, noisy, dropping]
    def losses(make): return last(fit_many(make, blobs(), steps=60, batch=32, seeds=2, every=1)).loss
    def run(k): found[k] = losses(makes[k])
    alone = [losses(make) for make in makes]
    found, before = {}, torch.get_rng_state()
    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[k], alone[k]) for k in range(4))
    assert torch.equal(torch.get_rng_state(), before)


def test_training_goes_on_in_train_mode_after_a_look_in_eval_mode():
    def losses(look):
        runs, seen = fit_many(bn, blobs(), steps=30, batch=32, seeds=2), None
        for seen in runs:
            look(seen.nets)
        return seen.loss
    alone = losses(lambda nets: None)
    assert torch.equal(losses(lambda nets: nets.eval()), alone)
    assert torch.equal(losses(lambda nets: accuracy(nets, *blobs())), alone)
    with torch.no_grad():
        assert torch.equal(losses(lambda nets: None), alone)


# Errors

@pytest.mark.parametrize("change, words", [
    (dict(seeds=0), "seeds=0: expected a number of seeds, at least 1"),
    (dict(seeds=[]), "seeds="),
    (dict(lr=torch.ones(3)), r"lr \(3,\) with 8 seeds.*\(R, 1\)"),
    (dict(lr=-1.0), "lr=-1.0: expected 0 or more"),
    (dict(batch=201), "batch=201 is more than the 200 samples"),
    (dict(batch=0), "batch=0: expected a whole number"),
    (dict(steps=0), "steps=0: expected a whole number, at least 1"),
    (dict(steps=2.5), "steps=2.5"),
    (dict(every=0), "every=0"),
    (dict(optimizer="rmsprop"), "optimizer='rmsprop': expected 'sgd' or 'adam'"),
    (dict(optimizer="adam", momentum=0.9), "momentum is a setting of optimizer='sgd'"),
])
def test_settings_that_do_not_fit(change, words):
    with pytest.raises(ValueError, match=words):
        fit_many(plain, blobs(), **change)
    change.pop("seeds", None)
    if change and "lr" not in change:
        with pytest.raises(ValueError, match=words):
            fit(plain, blobs(), **change)


def test_data_and_nets_that_do_not_fit():
    x, y = blobs()
    net = plain()
    told = r"x \(200, 6\) and y \(199,\): expected as many targets as samples"
    for run in (fit_many, fit):
        with pytest.raises(ValueError, match=told):
            run(plain, (x, y[:-1]))
        with pytest.raises(ValueError, match=r"expected a pair \(x, y\), such as load\(\).train"):
            run(plain, load())
        with pytest.raises(ValueError, match="without parameters"):
            run(nn.Flatten, (x, y))
        with pytest.raises(ValueError, match="expected a new nn.Module"):
            run(lambda: 3, (x, y))
    with pytest.raises(ValueError, match="same module twice"):
        fit_many(lambda: net, (x, y))
    with pytest.raises(ValueError, match="one number each"):
        fit(plain, (x, y), torch.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="2 data sets for 8 seeds"):
        fit_many(plain, (x.view(2, 100, 6), y.view(2, 100)), own_data=True)
    with pytest.raises(ValueError, match="nothing left to run"):
        last(iter([]))


# Nets

def trained(**settings):
    return last(fit_many(bn, blobs(), steps=20, batch=32, **settings)).nets


@pytest.mark.parametrize("mode", [True, False])
def test_nets_answer_as_each_net_does(mode):
    nets, x = trained(seeds=3, lr=torch.tensor([[0.1], [0.2]])).train(mode), blobs()[0]
    # before: in train mode nets(x) moves the statistics
    alone = [[nets[i, j](x) for j in range(3)] for i in range(2)]
    assert len(nets) == 2 and nets.shape == (2, 3) and nets[1, -1].training is mode
    torch.testing.assert_close(nets(x), torch.stack([torch.stack(row) for row in alone]))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(alone[0][0], alone[1][2])


def test_many_samples_are_taken_in_parts(monkeypatch):
    nets, x = trained(seeds=2).eval(), blobs()[0]
    whole = nets(x)
    monkeypatch.setattr(training, "PART", 7)
    torch.testing.assert_close(nets(x), whole)
    torch.testing.assert_close(nets(torch.stack([x, x + 1]), own_data=True)[0], whole[0])
    torch.testing.assert_close(training.outputs(nets[1], x), whole[1])


def test_a_net_taken_out_is_independent():
    nets = trained(seeds=2)
    one, before = nets[1], nets.params["1.weight"].clone()
    with torch.no_grad():
        one[1].weight.zero_()
    one(blobs()[0])
    assert torch.equal(nets.params["1.weight"], before) and one[1].weight.requires_grad
    assert not torch.equal(nets[1][2].running_mean, one[2].running_mean)
    assert len(list(nets)) == 2


def test_wrong_indices():
    nets = trained(seeds=2)
    with pytest.raises(IndexError):
        nets[2]
    with pytest.raises(IndexError, match=r"2 indices for nets of shape \(2,\): expected 1"):
        nets[0, 0]


def test_nets_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in more than the values"):
        training.Nets([nn.Linear(2, 3), nn.Linear(2, 4)], (2,))


# Measures

@pytest.mark.parametrize("measure", [accuracy, mean_loss])
def test_measures_use_eval_mode_and_leave_everything_as_it_was(measure):
    x, y = blobs()
    nets = trained(seeds=2)
    values, buffers = measure(nets, x, y), {name: t.clone() for name, t in nets.buffers.items()}
    assert nets.training and values.shape == (2,)
    assert all(torch.equal(t, nets.buffers[name]) for name, t in buffers.items())
    net = nets[1]
    net[2].eval()                                              # one layer frozen by hand
    state = copy.deepcopy(net.state_dict())
    torch.testing.assert_close(measure(net, x, y), values[1])
    assert net.training and not net[2].training and net[5].training
    assert all(torch.equal(state[name], t) for name, t in net.state_dict().items())
    assert measure(net, x, y).dim() == 0
    eval_mode = copy.deepcopy(net).eval()(x)
    right = (eval_mode.argmax(1) == y).float().mean()
    expected = right if measure is accuracy else F.cross_entropy(eval_mode, y)
    torch.testing.assert_close(values[1], expected.detach())
    assert not torch.allclose(eval_mode, net.train()(x))


def test_the_mode_is_put_back_when_a_net_fails():
    net = bn()
    with pytest.raises(RuntimeError):
        accuracy(net, torch.ones(4, 5), torch.zeros(4).long())
    assert all(layer.training for layer in net.modules())


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_outputs_that_are_not_finite_count_as_wrong(broken):
    net, x, y = nn.Linear(6, 3), blobs()[0], torch.zeros(200).long()
    with torch.no_grad():
        net.bias[:] = torch.tensor([broken, 0, 0])
    assert accuracy(net, x, y) == 0
    assert accuracy(training.Nets([net, net], (2,)), x, y).tolist() == [0, 0]


def test_measures_refuse_what_does_not_fit():
    for measure in (accuracy, mean_loss):
        with pytest.raises(ValueError, match="as many targets as samples"):
            measure(plain(), torch.ones(4, 6), torch.zeros(3).long())
        with pytest.raises(ValueError, match="at least one"):
            measure(plain(), torch.ones(0, 6), torch.zeros(0).long())


# steps_to

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


# Speed

def test_nothing_heavy_is_loaded_at_a_first_run():
    """torch's compiler would cost the first lab nearly two seconds, its symbolic algebra half a one."""
    code = """if True:
        import sys, torch
        from torch import nn
        from helpers.experiments.models import mlp
        from helpers.experiments.probes import activations
        from helpers.experiments.training import accuracy, fit, fit_many
        x, y = torch.randn(99, 6), torch.arange(99) % 3
        def make(): return nn.Sequential(mlp(nn.BatchNorm1d, (6, 5, 5)), nn.Dropout(0.5), nn.Linear(5, 3))
        for run in (fit(make, (x, y)), fit_many(make, (x, y))):
            nets = next(run).nets
            accuracy(nets, x, y)
            activations(nets, '0.1', x)
        sys.exit(', '.join({'torch._dynamo', 'sympy'} & set(sys.modules)) or 0)"""
    root = training.__file__.rsplit("helpers", 1)[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
