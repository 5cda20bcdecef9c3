"""checkup: each planted fault is found and named, nothing is changed, and no false alarm."""
import random
import threading
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from helpers import checkup
from helpers.checks.findings import KINDS
from helpers.checks.listening import Listener


@pytest.fixture(autouse=True)
def strictly(monkeypatch):
    """One seed; and what goes wrong in listening is an error here, where a learner's model goes on."""
    monkeypatch.setattr(Listener, "strict", True)
    torch.manual_seed(0)


def x(*shape):
    return torch.randn(*(shape or (64, 5)), generator=torch.Generator().manual_seed(1))


class Net(nn.Module):
    """Linear, BatchNorm, ReLU, dropout, linear; well, unless parts are replaced."""

    def __init__(self, **parts):
        super().__init__()
        self.a, self.norm, self.relu = nn.Linear(5, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU()
        self.drop, self.b = nn.Dropout(0.5), nn.Linear(8, 3)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.b(self.drop(self.relu(self.norm(self.a(x)))))


def fitted(net, steps=60):
    optimizer = torch.optim.SGD(net.parameters(), 0.05)
    for _ in range(steps):
        F.cross_entropy(net(torch.randn(64, 5)), torch.randint(3, (64,))).backward()
        optimizer.step()
        optimizer.zero_grad()
    return net


def kinds(page):
    return [finding.kind for finding in page.findings]


def only(model, batch, kind):
    """The one finding, of that kind."""
    page = checkup(model, batch)
    assert kinds(page) == [kind], page
    return page.findings[0]


class Sequences(nn.Module):
    """(N, L, C): a linear layer, a norm, a linear layer; turned: the norm gets (N, C, L)."""

    def __init__(self, norm, turned=False, first=None):
        super().__init__()
        self.first, self.norm, self.last = first or nn.Linear(7, 7, bias=False), norm, nn.Linear(7, 3)
        self.turned = turned

    def forward(self, x):
        h = self.first(x)
        return self.last(F.relu(self.norm(h.mT).mT if self.turned else self.norm(h)))


# Every kind, planted

def test_a_net_without_faults_is_well_new_and_fitted_in_both_modes():
    for net in Net(), fitted(Net()):
        for mode in True, False:
            page = checkup(net.train(mode), x())
            assert page.well and not page.findings, page
            assert "all is well in what it sees" in str(page)


@pytest.mark.parametrize("branches", [0, 1, 3])
def test_what_is_never_called_is_found_and_branches_are_counted(branches):
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads = nn.ModuleList(nn.Linear(5, 3) for _ in range(3))
            self.tail = nn.Linear(5, 3)

        def forward(self, x):
            return self.tail(x) + sum(head(x) for head in self.heads[:branches])
    page = checkup(Branches(), x())
    assert kinds(page) == ["never called"] * (branches == 0)
    assert any(f"heads: called {branches} of 3 branches" in line for line in page.unseen) == (branches < 3)
    found = only(Net(spare=nn.BatchNorm1d(8)), x(), "never called")
    assert found.where == "spare" and "16 parameters" in found.seen and found.see == "03"


def test_what_is_used_without_a_call_is_no_finding():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.out, self.idle = nn.Embedding(9, 5), nn.Linear(5, 9), nn.Identity()
            self.attention = nn.MultiheadAttention(5, 1, batch_first=True)   # never calls its out_proj

        def forward(self, tokens):
            h = self.embed(tokens)
            return F.linear(self.attention(h, h, h)[0], self.out.weight)
    page = checkup(Tied(), torch.randint(0, 9, (8, 4)))
    assert page.well and "whole numbers" in page.unseen[0]


def test_train_mode_in_eval_mode_and_under_no_grad():
    net = Net()
    with torch.no_grad():
        found = only(net, x(), "train mode")
        assert "norm" in found.where and "no_grad" in found.seen and "%" in found.seen
    with torch.inference_mode():
        only(net, x(), "train mode")
    page = checkup(net, x())
    assert page.well and "eval() before answers count" in page.unseen[0]
    net.eval().norm.train()
    assert only(net, x(), "train mode").where == "norm"
    net.train().drop.eval()
    assert "drop nothing" in only(net, x(), "train mode").seen
    net = Net().requires_grad_(False)
    assert kinds(checkup(net, x())) == ["train mode", "frozen, but statistics move"]


def test_dropout_that_ignores_the_mode():
    class Ignores(Net):
        def forward(self, x):
            return self.b(F.dropout(self.relu(self.norm(self.a(x))), 0.5))

    class ByHand(nn.Module):
        def forward(self, x):
            return 2 * x * torch.bernoulli(torch.full_like(x, 0.5))

    class Attends(nn.Module):
        def forward(self, x):
            return F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)
    found = only(Ignores(drop=nn.Identity()), x(), "dropout without mode")
    assert "dropout" in found.seen and "%" in found.seen and found.where == "Ignores"
    assert only(Net(drop=ByHand()), x(), "dropout without mode").where == "drop"
    only(Attends(), x(8, 4, 5), "dropout without mode")


def test_dropout_that_eval_mode_turns_off_for_good():
    class Drop(nn.Dropout):
        def forward(self, x):
            self.p = self.p if self.training else 0.0
            return super().forward(x)
    for mode in True, False:
        found = only(Net(drop=Drop(0.5)).train(mode), x(), "train mode")
        assert found.where == "drop.p" and "from 0.5 to 0.0" in found.seen


def test_noise_that_may_be_meant_is_told_not_found():
    class Samples(nn.Module):
        def forward(self, x): return x + torch.randn_like(x)
    page = checkup(Samples(), x())
    assert page.well and "sample" in page.unseen[0]


def test_statistics_that_never_moved():
    net = fitted(Net())
    net.norm.reset_running_stats()
    for mode in True, False:
        found = only(net.train(mode), x(), "statistics at their start")
        assert found.where == "norm" and "1 of 1 norm" in found.seen and found.see == "05"
    page = checkup(Net().eval(), x())
    assert page.well and "as built" in page.unseen[0]
    flipped = Net()
    flipped.norm.track_running_stats = False
    assert "track_running_stats is False" in only(fitted(flipped), x(), "statistics at their start").seen


@pytest.mark.parametrize("name, value", [("running_mean", "nan"), ("running_var", "inf"),
                                         ("running_var", "-1")])
def test_statistics_that_are_not_finite(name, value):
    net = fitted(Net())
    getattr(net.norm, name)[2] = float(value)
    assert only(net, x(), "statistics not finite").seen.startswith("1 of 16")


def test_statistics_far_from_the_batch():
    net = fitted(Net())
    for batch in 3 * x(), x() / 3, x() + 2:
        for mode in True, False:
            found = only(net.train(mode), batch, "statistics far from this batch")
            assert found.where == "norm" and "stored sd" in found.seen
    assert checkup(net, x(16, 5)).well and checkup(net, x(1000, 5)).well
    page = checkup(net.eval(), 3 * x(4, 5))
    assert page.well and any("fewer than 16 samples" in line for line in page.unseen)
    deep = nn.Sequential(*[nn.BatchNorm1d(5) for _ in range(12)])
    for _ in range(60):
        deep(torch.randn(64, 5))
    deep[7].running_var /= 4
    page = checkup(deep, x())
    assert page.well and page.unseen[1].startswith("7: running statistics lag behind, in 1 of 12 norms")
    deep[7].running_var /= 9
    assert only(deep, x(), "statistics far from this batch").where == "7"
    page = checkup(fitted(Net(), steps=5), 9 * x())
    found = only(fitted(Net(), steps=2).eval(), 9 * x(), "statistics far from this batch")
    assert "counted 2 batches" in found.seen
    assert page.well and any("too few batches" in line for line in page.unseen)


def test_pixels_of_one_image_are_not_taken_for_many_samples():
    net = nn.Sequential(nn.Conv2d(1, 4, 1, bias=False), nn.BatchNorm2d(4))
    images = torch.randn(2000, 1, 1, 1).expand(-1, 1, 8, 8) + 0.1 * torch.randn(2000, 1, 8, 8)
    for at in range(0, 2000, 20):
        net(images[at:at + 20])
    assert all(checkup(net, images[at:at + 16]).well for at in range(0, 160, 16))


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99, 1.0])
def test_momentum_at_its_ends(momentum):
    net = fitted(Net(norm=nn.BatchNorm1d(8, momentum=momentum)))
    page = checkup(net, x())
    assert "momentum" in kinds(page) and ("statistics at their start" in kinds(page)) == (momentum == 0)
    assert f"momentum is {momentum:.3g} in 1 norm" in page.findings[-1].seen
    assert checkup(Net(norm=nn.BatchNorm1d(8, momentum=None)), x()).well


def test_a_momentum_too_small_for_the_batches_there_were():
    net = Net(norm=nn.BatchNorm1d(8, momentum=0.001))
    nn.init.normal_(net.a.weight, std=0.1)
    found = only(fitted(net, steps=110), x(), "momentum")
    assert "after 110 batches 89.6 %" in found.seen


@pytest.mark.parametrize("n", [1, 2, 8, 15])
def test_sets_that_are_small(n):
    found = only(Net(), x(n, 5), "small sets")
    assert found.where == "norm" and (f"over {n} number" in found.seen or n == 1)
    assert checkup(Net().eval(), x(n, 5)).well
    assert checkup(Net(), x(16, 5)).well


def test_one_image_and_groups_of_two():
    images = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4))
    assert "from 1 sample" in only(images, x(1, 1, 9, 9), "small sets").seen
    assert "over 2 numbers" in only(nn.GroupNorm(4, 8), x(9, 8), "small sets").seen
    assert checkup(nn.GroupNorm(2, 8), x(9, 8)).well


def test_a_bias_before_a_norm_and_where_it_counts():
    assert only(Net(a=nn.Linear(5, 8)), x(), "bias before norm").where == "a"
    conv = nn.Sequential(nn.Conv2d(1, 4, 3), nn.InstanceNorm2d(4))
    only(conv, x(4, 1, 9, 9), "bias before norm")
    assert checkup(nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.BatchNorm1d(8)), x()).well
    assert checkup(nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8)), x()).well

    class Around(nn.Module):                       # the bias reaches the output beside the norm
        def __init__(self):
            super().__init__()
            self.a, self.norm = nn.Linear(5, 5), nn.BatchNorm1d(5)

        def forward(self, x):
            h = self.a(x)
            return h + self.norm(h)
    assert checkup(Around(), x()).well
    frozen = Net(a=nn.Linear(5, 8))
    frozen.norm.eval()
    assert checkup(frozen, x()).well


def test_dropout_before_batchnorm():
    class Before(Net):
        def forward(self, x):
            return self.b(self.relu(self.norm(self.a(F.dropout(x, 0.5, self.training)))))
    assert only(Before(drop=nn.Identity()), x(256, 5), "dropout before BatchNorm").where == "norm"
    late = nn.Sequential(nn.Linear(5, 40), nn.ReLU(), nn.Dropout(0.5), nn.Linear(40, 40, bias=False),
                         nn.BatchNorm1d(40), nn.ReLU(), nn.Linear(40, 3))
    found = only(late, x(256, 5), "dropout before BatchNorm")
    assert found.where == "4" and found.see == "11" and "times the variance" in found.seen


def test_relu_and_dropout_on_the_output():
    found = only(nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3), nn.ReLU()), x(), "ReLU on the "
                 "output")
    assert found.where == "3" and "%" in found.seen

    class Functional(Net):
        def forward(self, x):
            return F.log_softmax(F.relu(super().forward(x)), 1)
    only(Functional(), x(), "ReLU on the output")
    assert only(nn.Sequential(nn.Linear(5, 3), nn.Dropout(0.3)), x(), "dropout on the output").where == "1"
    assert kinds(checkup(nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Dropout(0.3)), x())) == [
        "ReLU on the output", "dropout on the output"]
    features = nn.Sequential(nn.Linear(5, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU())
    assert checkup(features, x()).well


def test_dead_units():
    net = Net(norm=nn.BatchNorm1d(40), a=nn.Linear(5, 40, bias=False), b=nn.Linear(40, 3))
    nn.init.constant_(net.norm.bias, -9)
    found = only(net, x(), "dead units")
    assert found.where == "relu" and found.seen.startswith("100 % of the 40 units")
    layers = [layer for _ in range(12) for layer in (nn.Linear(64, 64), nn.ReLU())]
    deep = nn.Sequential(*layers, nn.Linear(64, 3))
    assert checkup(deep, x(64, 64)).well           # about half of its units are dead from birth


def test_frozen_norms_that_move():
    net = fitted(Net())
    net.norm.requires_grad_(False)
    found = only(net, x(), "frozen, but statistics move")
    assert found.where == "norm" and "sd" in found.seen
    net.norm.eval()
    assert checkup(net, x()).well
    assert any("Frozen norms (norm)" in line for line in checkup(net.eval(), x()).unseen)


def test_groupnorm_of_one_group_and_norms_over_the_wrong_axis():
    only(Sequences(nn.GroupNorm(1, 7), turned=True), x(16, 7, 7), "GroupNorm of one group")
    found = only(Sequences(nn.BatchNorm1d(7)), x(16, 7, 7), "norm over the wrong axis")
    assert found.where == "norm" and "axis 2" in found.seen and "axis 1" in found.seen
    only(Sequences(nn.BatchNorm1d(4)), x(16, 4, 7), "norm over the wrong axis")
    only(nn.Sequential(nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 3)), x(16, 7, 7), "norm over the wrong "
         "axis")
    only(nn.Sequential(nn.Conv1d(5, 6, 1), nn.LayerNorm(7)), x(16, 5, 7), "norm over the wrong axis")
    for right in Sequences(nn.BatchNorm1d(7), turned=True), Sequences(nn.LayerNorm(7)), \
            Sequences(nn.InstanceNorm1d(7), turned=True):
        assert checkup(right, x(16, 7, 7)).well
    assert checkup(nn.Sequential(nn.BatchNorm1d(7), nn.Conv1d(7, 3, 1)), x(16, 7, 7)).well


def test_findings_come_in_order_of_gravity_and_the_page_holds_all_of_them():
    net = fitted(Net(a=nn.Linear(5, 8), spare=nn.Linear(2, 2)))
    net.norm.running_var[0] = float("nan")
    page = checkup(net, x())
    assert kinds(page) == ["statistics not finite", "never called", "bias before norm"]
    text = str(page)
    assert repr(page) == text and max(map(len, text.split("\n"))) <= 90
    flat = " ".join(text.split())
    for finding in page.findings:
        assert finding.kind in KINDS and f"Notebook {finding.see}." in flat
        for words in finding.kind, finding.where, finding.seen, finding.why, finding.fix:
            assert " ".join(words.split()) in flat


# It changes nothing

def state(model):
    return {"tensors": {k: v.clone() for k, v in model.state_dict().items()},
            "modes": [m.training for m in model.modules()],
            "asks": [p.requires_grad for p in model.parameters()],
            "grads": [p.grad if p.grad is None else p.grad.clone() for p in model.parameters()],
            "hooks": [list(m._forward_hooks) + list(m._forward_pre_hooks) for m in model.modules()],
            "attributes": [sorted(vars(m)) for m in model.modules()],
            "streams": [torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()]}


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a.nan_to_num(7.0) if a.is_floating_point() else a,
                           b.nan_to_num(7.0) if b.is_floating_point() else b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


class Odd(Net):
    """Cannot be copied by deepcopy, counts its calls, keeps its last output, draws from its own generator."""

    def __init__(self):
        super().__init__()
        self.lock, self.calls, self.own = threading.Lock(), 0, torch.Generator()

    def forward(self, x):
        self.calls += 1
        torch.rand(3, generator=self.own)
        self.out = super().forward(x)
        return self.out


@pytest.mark.parametrize("make", [Net, Odd])
@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("batch", [x(), x(1, 5), x(64, 4)], ids=["good", "of one", "refused"])
def test_it_changes_nothing_also_where_the_model_raises(make, mode, batch):
    net, heard = make(), []
    net.norm.requires_grad_(False)
    net.norm.register_forward_hook(lambda module, args, out: heard.append(1))
    net(x()).sum().backward()
    net.train(mode).drop.eval()
    heard.clear()
    before, given = state(net), batch.clone()
    own = net.own.get_state() if make is Odd else None
    if batch.shape[1] == 4:
        with pytest.raises(ValueError, match="cannot take this batch"):
            checkup(net, batch)
    else:
        page = checkup(net, batch)
        assert any("hook" in line for line in page.unseen)
        assert any("lock" in line for line in page.unseen) == (make is Odd)
    assert equal(state(net), before) and torch.equal(batch, given) and not heard
    if make is Odd:
        assert net.calls == 1 and torch.equal(net.own.get_state(), own) and net.out.requires_grad


def test_a_model_that_writes_into_its_input_leaves_the_batch():
    batch = x()
    checkup(nn.ReLU(inplace=True), batch)
    assert torch.equal(batch, x())


def test_a_lazy_model_stays_lazy():
    net = nn.Sequential(nn.LazyLinear(8, bias=False), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(3))
    page = checkup(net, x())
    assert page.well and "in the copy only" in page.unseen[0]
    assert isinstance(net[0], nn.LazyLinear) and net[0].has_uninitialized_params()
    assert net[1].has_uninitialized_params()


def test_it_prints_nothing_and_answers_the_same_twice(capsys):
    net = fitted(Net(a=nn.Linear(5, 8)))
    assert str(checkup(net, x())) == str(checkup(net, x())) and capsys.readouterr() == ("", "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_its_stream_stays_too():
    net = Net(a=nn.Linear(5, 8)).cuda()
    before = torch.cuda.get_rng_state()
    only(net, x().cuda(), "bias before norm")
    assert torch.equal(torch.cuda.get_rng_state(), before)
    with pytest.raises(ValueError, match="one device"):
        checkup(net, x())


# Models and batches of other kinds

Pair = namedtuple("Pair", "logits h")


@dataclass
class Answer:
    logits: torch.Tensor
    loss: float = 0.0


@pytest.mark.parametrize("wrap", [
    lambda y: y, lambda y: (y, None), lambda y: {"logits": y, "n": 3}, lambda y: Pair(y, y.mean()), Answer,
    lambda y: [{"deep": (y,)}]], ids=["tensor", "tuple", "dict", "named tuple", "dataclass", "nested"])
def test_answers_of_any_structure(wrap):
    class Wrapped(Net):
        def forward(self, x):
            return wrap(F.relu(super().forward(x)))
    only(Wrapped(), x(), "ReLU on the output")


def test_several_inputs_and_inputs_by_name():
    class Two(Net):
        def forward(self, x, scale, mask=None):
            return super().forward(x * scale)
    for batch in (x(), x(64, 1).abs() + 1), dict(x=x(), scale=x(64, 1).abs() + 1, mask=None):
        assert checkup(Two(), batch).well


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_precisions(dtype):
    net = Net(a=nn.Linear(5, 8)).to(dtype)
    only(net, x().to(dtype), "bias before norm")


def test_models_without_norm_and_dropout_shared_modules_and_containers():
    page = checkup(nn.Linear(5, 3), x())
    assert page.well and "Looked at: 0 norms, 0 dropout layers, 0 ReLUs" in str(page)
    norm = nn.BatchNorm1d(5)
    shared = nn.Sequential(norm, nn.Sequential(nn.ReLU(), norm), nn.ModuleDict({"a": nn.Linear(5, 5)})["a"])
    assert checkup(shared, x()).well
    for mode in True, False:
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        assert checkup(nn.TransformerEncoder(layer, 2).train(mode), x(8, 5, 16)).well


def test_gradients_taken_inside_the_model():
    class Force(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(5, 1)

        def forward(self, x):
            x = x.requires_grad_()
            return torch.autograd.grad(self.a(x).sum(), x)[0]
    assert checkup(Force(), x()).well


def test_train_mode_that_stops_is_a_sentence_or_a_finding():
    net = nn.Sequential(nn.Linear(5, 3, bias=False), nn.BatchNorm1d(3))
    assert "Expected more than 1 value" in only(net, x(1, 5), "small sets").seen
    page = checkup(net.eval(), x(1, 5))
    assert page.well and any("In train mode the model stops at 1" in line for line in page.unseen)

    class Refuses(nn.Linear):
        def forward(self, x):
            if self.training:
                raise RuntimeError("not yet")
            return super().forward(x)
    assert any("not yet" in line for line in checkup(Refuses(5, 3), x()).unseen)


def test_norms_of_ones_own_are_told():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("past", torch.zeros(8))

        def forward(self, x):
            if self.training:
                self.past.lerp_(x.detach().mean(0), 0.1)
            return x - x.mean(0)
    page = checkup(Net(norm=Own()), x())
    assert page.well and any(line.startswith("norm: buffers moved") for line in page.unseen)
    page = checkup(Net(norm=nn.BatchNorm1d(8, track_running_stats=False)), x())
    assert page.well and any("keep no running statistics" in line for line in page.unseen)


@pytest.mark.filterwarnings("ignore")
def test_compiled_and_scripted_models():
    class Compiled(nn.Module):          # as torch.compile's, which takes ten seconds to import
        def __init__(self, model):
            super().__init__()
            self._orig_mod = model
    page = checkup(Compiled(Net(a=nn.Linear(5, 8))), x())
    assert kinds(page) == ["bias before norm"] and "compiled" in page.unseen[0]
    only(nn.Sequential(Compiled(Net(a=nn.Linear(5, 8)))), x(), "bias before norm")   # which has no forward
    script = torch.jit.script(nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5)))
    page = checkup(script, x())
    assert not page.well and "not checked" in str(page) and "torch.jit" in page.unseen[0]
    page = checkup(nn.Sequential(script, nn.Linear(5, 3)), x())
    assert page.well and page.unseen[0].startswith("0: torch.jit")


@pytest.mark.parametrize("batch, error, said", [
    ([x()], TypeError, r"type list: expected a tensor.*write tuple\(batch\)"),
    (x().numpy(), TypeError, "torch.as_tensor"),
    (None, TypeError, "NoneType"), ((), TypeError, "no tensor"), ({1: x()}, TypeError, "not all names"),
    (torch.utils.data.DataLoader([1]), TypeError, "next"),
    (x()[:0], ValueError, r"\(0, 5\)"),
    ((x(), torch.zeros(64)), ValueError, r"positional.*give x alone"),
    (x().long(), ValueError, r"\(64, 5\) int64 on cpu.*at a: "),
    (x(64, 6), ValueError, r"\(64, 6\) float32"),
])
def test_what_is_no_batch_is_told(batch, error, said):
    with pytest.raises(error, match=said):
        checkup(Net(), batch)


def test_what_is_no_model_is_told():
    with pytest.raises(TypeError, match="no nn.Module: build it first"):
        checkup(Net, x())
    with pytest.raises(TypeError, match="a model, then a batch"):
        checkup(x(), Net())


def test_inputs_that_are_not_finite_are_told():
    batch = x()
    batch[0, 0] = float("nan")
    assert any("1 numbers of the batch" in line for line in checkup(nn.Linear(5, 3), batch).unseen)


# torchvision's own models. Of resnet50, efficientnet_b0, densenet121, vit_b_16, swin_t, googlenet and
# convnext_tiny all that follows was tried by hand, and nothing was found; trained, they take too long here.

@pytest.mark.parametrize("name, size", [("resnet18", 64), ("mobilenet_v2", 64), ("shufflenet_v2_x0_5", 64)])
def test_no_false_alarm_on_torchvisions_models(name, size):
    net = getattr(torchvision.models, name)()
    assert checkup(net, torch.randn(8, 3, size, size)).well
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    for _ in range(20):
        loss = F.cross_entropy(net(torch.randn(8, 3, size, size)), torch.randint(1000, (8,)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for mode in True, False:
        page = checkup(net.train(mode), torch.randn(8, 3, size, size))
        assert page.well, page


@pytest.mark.parametrize("name", ["efficientnet_b0", "densenet121"])
def test_no_false_alarm_on_new_models(name):
    assert checkup(getattr(torchvision.models, name)(), torch.randn(8, 3, 64, 64)).well


def test_squeezenet_has_a_relu_on_its_logits_and_vgg_biases_before_norms():
    images = torch.randn(8, 3, 64, 64)
    found = only(torchvision.models.squeezenet1_1(), images, "ReLU on the output")
    assert found.where == "classifier.2"
    vgg = torchvision.models.vgg11_bn(init_weights=False).features
    assert "8 layers" in only(vgg, images, "bias before norm").seen
