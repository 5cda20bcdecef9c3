"""The card, docs/card.md: for each row a small program that shows it, where the test tells and the fix mends.

A program takes whether it is mended, and returns (what one sees, what the test says), True where all is
not well.
"""
import copy
import re
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from helpers.lessons.bug_clinic import four_scores_solution as four_scores
from helpers.lessons.train_eval import fold_solution, recalibrate_solution

ROOT = Path(__file__).resolve().parents[2]
ROWS = {}


def row(symptom):
    def keep(program):
        ROWS[symptom] = program
        return program
    return keep


def listed(text):
    """The first column of a table."""
    return re.findall(r"^\| (?!What you see|---)(.+?) \|", text, re.M)


def test_the_card_and_the_programs_list_the_same_rows():
    assert listed((ROOT / "docs/card.md").read_text("utf-8")) == [*ROWS]


def test_the_first_rows_of_the_card_are_the_rule_of_the_notebook():
    """Where one looks, in bold, and the cause, in italics, stand in the row of the same number."""
    cells = nbformat.read(ROOT / "notebooks/13_bug_clinic.ipynb", as_version=4).cells
    rule, = [cell.source for cell in cells if cell.source.startswith("## The rule")]
    lines = re.findall(r"^\d\. (Poor|Worse) \w+ \*\*(.+?)\*\*.*?: .*?\*(.+?)\*", rule, re.M)
    card = (ROOT / "docs/card.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!What you see|---)(.+?) \| (.+?) \|", card, re.M)[:4]
    assert len(lines) == len(re.findall(r"^\d\. ", rule, re.M)) == 4
    for (how, where, cause), (symptom, likely) in zip(lines, rows):
        assert symptom.startswith(how) and where in symptom.replace("*", "")
        assert cause in likely.lower()
    text = "\n".join(cell.source for cell in cells)
    assert "sixteen rows" in text and len(listed(card)) == 16 and "Its first four rows are the rule" in text


def test_links_of_the_card_lead_somewhere():
    links = re.findall(r"\]\(([^)#\s]+)\)", (ROOT / "docs/card.md").read_text("utf-8"))
    assert links and all((ROOT / "docs" / link).exists() for link in links)


# ---- what the programs share: ten clouds of points, far from 0, and a small net

def clouds(n, seed, spread=1.0):
    """(x (n, 16), y (n,)): the centres are the same for each seed."""
    centres = torch.randn(10, 16, generator=torch.Generator().manual_seed(0))
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(10, (n,), generator=g)
    return 3 + 2 * (centres[y] + spread * torch.randn(n, 16, generator=g)), y


def in_batches(x, y, size=64):
    return [*zip(x.split(size), y.split(size))]


def small(norm=nn.BatchNorm1d, seed=1, **settings):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(16, 32), norm(32, **settings), nn.ReLU(), nn.Linear(32, 10))


def train(net, batches, epochs=4, rate=0.1, after=lambda: None):
    """Returns the losses."""
    losses = []
    params = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(params, rate)
    for _ in range(epochs):
        for x, y in batches:
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            after()
    return losses


X, Y = clouds(2000, 1)
TRAIN, VAL = in_batches(X, Y), in_batches(*clouds(1000, 2))
XV = torch.cat([x for x, _ in VAL])
YV = torch.cat([y for _, y in VAL])


def healthy():
    net = small()
    train(net, TRAIN)
    return net.eval()


def right(net, x, y):
    with torch.no_grad():
        return (net(x).argmax(-1) == y).float().mean().item()


def test_a_healthy_net_has_four_good_scores():
    assert four_scores(healthy(), TRAIN, VAL).min() > 0.9


# ---- the rows

@row("Poor in all four scores")
def bad_batches(mended):
    order = torch.randperm(len(Y)) if mended else Y.argsort()
    net, mixed = small(), small()
    train(net, in_batches(X[order], Y[order]))
    train(mixed, TRAIN)
    found = four_scores(net, TRAIN, VAL)
    return found.max() < 0.7, right(mixed.eval(), X, Y) > found.max() + 0.2


@row("Worse on *training* data in `eval()`")
def lost_statistics(mended):
    stored = {name: value for name, value in healthy().state_dict().items() if "running" not in name}
    net = small(seed=2)
    net.load_state_dict(stored, strict=False)
    if mended:
        net = recalibrate_solution(net.train(), [x for x, _ in TRAIN])
    found, norm = four_scores(net, TRAIN, VAL), net[1]
    at_start = norm.running_mean.abs().mean() < 0.01 and (norm.running_var - 1).abs().mean() < 0.01
    return found[1] < found[0] - 0.2, bool(at_start)


@row("Worse on validation data in both modes")
def overfitted(mended):
    few = clouds(1000 if mended else 40, 3, spread=2.0)
    val = in_batches(*clouds(1000, 4, spread=2.0))
    net = small()
    train(net, in_batches(*few), epochs=12 if mended else 300)
    found = four_scores(net, in_batches(*few), val)
    return max(found[2:]) < found[0] - 0.15, bool(found[1] > 0.95)


@row("Worse on validation data in `eval()` alone")
def other_preprocessing(mended):
    net = healthy()
    val = VAL if mended else [(0.5 * x - 1, y) for x, y in VAL]
    found = four_scores(net, TRAIN, val)
    h = net[0](val[0][0])
    off = (h.mean(0) - net[1].running_mean).abs() / net[1].running_var.sqrt()
    return bool(found[3] < found[2] - 0.2 and found[1] > 0.9), bool(off.median() > 0.25)


@row("An answer changes with its batch mates")
def eval_forgotten(mended):
    net = healthy().train(not mended)
    with torch.no_grad():
        alone, other = (copy.deepcopy(net)(torch.cat([X[:1], X[k:k + 7]]))[0] for k in (10, 20))
    return not torch.allclose(alone, other), net.training


class Functional(nn.Module):
    def __init__(self, asks):
        super().__init__()
        self.net, self.asks = small(), asks

    def forward(self, x):
        h = self.net[:3](x)
        return self.net[3](F.dropout(h, 0.5, self.training) if self.asks else F.dropout(h, 0.5))


@row("An answer changes from call to call")
def functional_dropout(mended):
    net = Functional(mended)
    train(net, TRAIN)
    net.eval()
    classes = [net(X[:200]).argmax(-1) for _ in range(2)]
    return not torch.equal(*classes), not torch.equal(net(X[:5]), net(X[:5]))


@row("Training loss above validation loss")
def printed_with_dropout(mended):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))
    printed = sum(train(net, TRAIN, epochs=8)[-30:]) / 30
    net.eval()
    again = F.cross_entropy(net(X), Y).item()
    shown = again if mended else printed
    return shown > F.cross_entropy(net(XV), YV).item() + 0.02, again < shown - 0.02


@row("A frozen part drifts")
def frozen(mended):
    part, head = healthy()[:3].requires_grad_(False), nn.Linear(32, 10)
    net = nn.Sequential(part, head).train()
    if mended:
        part.eval()
    mode = part.training
    before = copy.deepcopy(part)
    train(net, [(x + 2, y) for x, y in TRAIN], epochs=1)
    same_buffers = all(map(torch.equal, before.buffers(), part.buffers()))
    same_answers = torch.equal(before.eval()(X[:5]), part.eval()(X[:5]))
    assert mode is not mended
    return not same_answers, not same_buffers


@row("`ValueError` at the end of an epoch")
def last_batch_of_one(mended):
    loader = DataLoader(TensorDataset(X[:129], Y[:129]), batch_size=64, drop_last=mended)
    met, net = 0, small()
    try:
        for x, _ in loader:
            met += len(x)
            net(x)
        stopped = False
    except ValueError as error:
        stopped = "more than 1 value per channel" in str(error) and met == 129
    return stopped, len(loader.dataset) % loader.batch_size == 1 and not loader.drop_last


class ByHand(nn.Module):
    """Dropout as in a page that forgets to rescale."""

    def __init__(self, rescales):
        super().__init__()
        self.rescales = rescales

    def forward(self, h):
        if not self.training:
            return h
        return h * (torch.rand_like(h) > 0.75) / (0.25 if self.rescales else 1)


@row("Good accuracy, far too confident")
def not_rescaled(mended):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), ByHand(mended), nn.Linear(64, 10))
    x, y = clouds(2000, 5, spread=1.6)
    train(net, in_batches((x - 3) / 2, y), epochs=8)
    new, new_y = clouds(2000, 6, spread=1.6)
    new = (new - 3) / 2
    accuracy, sure = right(net.eval(), new, new_y), net(new).softmax(-1).max(-1).values.mean().item()
    in_use, in_training = net[:3](new).mean(), net.train()[:3](new).mean()
    assert accuracy > 0.6
    return sure > accuracy + 0.05, bool(in_use / in_training > 1.5)


@row("Averaged weights (EMA, SWA) worse than the raw ones")
def averaged(mended):
    net, average = small(), small()
    average.load_state_dict(net.state_dict())

    @torch.no_grad()
    def follow():
        for mine, new in zip(average.parameters(), net.parameters()):
            mine.lerp_(new, 0.1)
        for mine, new in zip(average.buffers(), net.buffers()):
            if mended:
                mine.copy_(new) if mine.dtype == torch.long else mine.lerp_(new, 0.1)
    train(net, TRAIN, after=follow)
    found = four_scores(average, TRAIN, VAL)
    return right(average.eval(), XV, YV) < right(net.eval(), XV, YV) - 0.1, bool(found[2] > found[3] + 0.1)


@row("Several processes: the saved net is worse")
def one_of_two_processes(mended):
    """Two replicas, whose gradients are averaged and whose running statistics are not."""
    def shifted(x, y):
        return x + 4 * (y < 5)[:, None], y
    x, y = shifted(X, Y)
    parts = torch.randperm(len(Y)).chunk(2) if mended else (Y < 5, Y >= 5)
    first, second = (in_batches(x[part], y[part]) for part in parts)
    replicas = [small() for _ in range(2)]
    for pair in [*zip(first, second)] * 6:
        for replica, batch in zip(replicas, pair):
            replica.zero_grad()
            F.cross_entropy(replica(batch[0]), batch[1]).backward()
        with torch.no_grad():
            for mine, others in zip(*(replica.parameters() for replica in replicas)):
                step = 0.05 * (mine.grad + others.grad)
                mine -= step
                others -= step
    one, other = (replica[1] for replica in replicas)
    apart = (one.running_mean - other.running_mean).abs() / one.running_var.sqrt()
    val = shifted(XV, YV)
    return right(replicas[0].eval(), *val) < 0.8, bool(apart.median() > 0.5)


@row("A net from Keras answers otherwise")
def ported(mended):
    g = torch.Generator().manual_seed(3)
    kernel, head = torch.randn(16, 16, generator=g) / 4, torch.randn(16, 10, generator=g)  # (in, out) each
    gamma, beta = torch.rand(16, generator=g) + 0.5, torch.randn(16, generator=g)
    x = 0.05 * torch.randn(200, 16, generator=g)
    moving_mean, moving_variance = (x @ kernel).mean(0), (x @ kernel).var(0)

    def keras(x):
        return gamma * (x @ kernel - moving_mean) / torch.sqrt(moving_variance + 1e-3) + beta
    net = nn.Sequential(nn.Linear(16, 16, bias=False), nn.BatchNorm1d(16, eps=1e-3 if mended else 1e-5))
    state = {"0.weight": kernel.T, "1.weight": gamma, "1.bias": beta, "1.running_mean": moving_mean,
             "1.running_var": moving_variance}
    net.load_state_dict(state, strict=False)
    net.eval()
    here, there = net(x), keras(x)
    other_classes = ((here @ head).argmax(-1) != (there @ head).argmax(-1)).float().mean()
    assert torch.allclose(net[0](x), x @ kernel, atol=1e-6)  # so it is the norm
    return bool(other_classes > 0.05), not torch.allclose(here, there, atol=1e-4)


@row("nan, and a feature is constant")
def constant_feature(mended):
    x = X.clone()
    x[:, 3] = 7.0
    if mended:
        x = x[:, x.std(0) > 0]
    z = (x - x.mean(0)) / x.std(0)
    assert ((x - x.mean(0)) / torch.sqrt(x.var(0) + 1e-5)).isfinite().all()
    return not z.isfinite().all(), bool((x.std(0) == 0).any())


def fold(net, mean, var, eps):
    """The net with its first layer and its norm in one."""
    linear, norm = net[0], net[1]
    weight, bias = fold_solution(linear.weight, linear.bias, norm.weight, norm.bias, mean, var, eps)
    return lambda x: net[3]((x @ weight.T + bias).relu())


@row("Worse after folding")
def folded(mended):
    net = healthy()
    h = net[0](X[:8])
    mean, var = (net[1].running_mean, net[1].running_var) if mended else (h.mean(0), h.var(0))
    one_layer = fold(net, mean, var, net[1].eps)
    worse = F.cross_entropy(one_layer(XV), YV) > F.cross_entropy(net(XV), YV) + 0.05
    return bool(worse), bool((one_layer(XV) - net(XV)).abs().max() > 1e-3)


def test_without_eps_a_narrow_unit_is_folded_wrongly():
    net = healthy()
    net[1].running_var[0] = 1e-6
    mean, var = net[1].running_mean, net[1].running_var
    off = [(fold(net, mean, var, eps)(XV) - net(XV)).abs().max() for eps in (net[1].eps, 0.0)]
    assert off[0] < 1e-2 and off[1] > 1


def to_bytes(weight, scale):
    """Rounded to -127 ... 127 times the scale."""
    return (weight / scale).round().clamp(-127, 127) * scale


@row("Worse after quantizing")
def quantized(mended):
    net = small()
    with torch.no_grad():  # nothing before a norm keeps rows alike: these differ from the start
        net[0].weight *= torch.logspace(0, -5, 32)[:, None]
        net[0].bias *= torch.logspace(0, -5, 32)
    net[1].eps = 1e-14
    train(net, TRAIN, rate=0.001, epochs=10)
    net.eval()
    before = right(net, XV, YV)
    weight = net[0].weight.data
    scale = weight.abs().amax(1, keepdim=True) / 127 if mended else weight.abs().max() / 127
    steps = weight.abs().amax(1) / (scale.expand(32, 1)[:, 0] if mended else scale)  # of each row
    net[0].weight.data = to_bytes(weight, scale)
    return right(net, XV, YV) < before - 0.05, bool(steps.max() / steps.min() > 20)


@pytest.mark.parametrize("symptom", ROWS)
def test_the_program_shows_it_the_test_tells_and_the_fix_mends(symptom):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        seen, told = ROWS[symptom](mended=False)
        assert seen, "the fault does not show"
        assert told, "the test does not tell"
        torch.manual_seed(0)
        assert ROWS[symptom](mended=True) == (False, False), "the fix does not mend"
