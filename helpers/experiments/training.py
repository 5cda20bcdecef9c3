"""Training of one net or of many at once, so that every curve in the notebooks can be a band over seeds.

    for curve in fit_many(make, data.train, lr=0.1): ...             # 8 seeds; curve.loss (8, T) so far
    curve = last(fit_many(make, data.train, lr=rates[:, None]))      # rates (R,): R x 8 nets, loss (R, 8, T)
    accuracy(curve.nets, *data.test)                                 # (R, 8)
"""
import copy
import math
import operator
import threading
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.utils._python_dispatch import TorchDispatchMode

from .seeds import seeds as seeds_of

PART = 1000  # samples evaluated at once
# Added to a seed (at most 1e9) for batches and masks; torch takes a seed modulo 2**32.
ORDER, MASKS = 1_500_000_000, 3_000_000_000
LOCK = threading.Lock()  # of torch's global stream


class Curve(NamedTuple):
    """A training so far."""
    step: torch.Tensor  # (T,) 1, 2, ..., T
    loss: torch.Tensor  # (..., T) of each step's batch, before the step
    nets: object        # Nets (of fit_many) or nn.Module (of fit): the one that goes on training
    progress: float     # 0 to 1


def cross_entropy(logits, y):
    """Mean over the batch of -log softmax(logits)[y], in nats: logits (N, classes), y (N,) of class numbers.

    torch's own loads half a second of symbolic algebra when it first runs under vmap, and is slower there.
    """
    return -logits.log_softmax(-1).gather(-1, y.unsqueeze(-1)).mean()


def fit_many(make, split, lr=0.1, *, steps=250, batch=64, seeds=8, every=10, momentum=0.0, weight_decay=0.0,
             optimizer="sgd", loss=cross_entropy, own_data=False, vary=None):
    """Train make() once per seed, all at once; a generator that yields a Curve each `every` steps and last.

    make: () -> nn.Module as torch writes them. BatchNorm(momentum=None) and what else reads a tensor's value:
        only for `fit`.
    split: (x (N, ...), y (N,)), such as load().train. own_data=True: x and y (S, N, ...), one set per seed.
    seeds: how many of this run's seeds, or a list of S seeds. A net's seed alone decides its initialization,
        its batches and its dropout masks, each from a stream of its own: nets of other width or rate get the
        same batches, and a net learns the same alone (`fit`) as among many. torch's stream is not touched.
    lr, momentum, weight_decay: as in torch.optim, numbers or tensors that broadcast against (S,): lr (R, 1)
        trains R x S nets, and every result has shape (R, S, ...). vary={"p": tensor}: such a value per net,
        given to make(p=value).
    batch: samples a step, cut from permutations of the data, one epoch after another, no short last one.
    optimizer: "sgd" or "adam". loss: (outputs (batch, ...), targets (batch, ...)) -> mean over the batch.
    A net that diverges goes on with a loss of nan or inf.
    Raises ValueError for settings that do not fit together, at the call, before anything is trained.
    """
    names = seeds_of(seeds) if isinstance(seeds, int) else [operator.index(seed) for seed in seeds]
    if not names:
        raise ValueError(f"seeds={seeds!r}: expected a number of seeds, at least 1, or a list of them")
    x, y = checked(split, steps, batch, every, len(names) if own_data else None)
    vary = vary or {}
    settings = broadcast(len(names), lr=lr, momentum=momentum, weight_decay=weight_decay, **vary)
    shape = settings["lr"].shape
    own = torch.tensor(names).expand(shape).flatten().tolist()  # (K,)
    nets = Nets(built(make, own, {name: settings.pop(name) for name in vary}), shape)
    update = updater(optimizer, nets.params, **{name: value.flatten() for name, value in settings.items()})
    rows = batches(y.shape[int(own_data)], batch, names, steps)
    return curves(nets, rows, steps, every, many(nets, x, y, names, update, loss, own_data))


def many(nets, x, y, names, update, loss, own_data):
    """advance(rows (S, batch)) of Nets: one step of each; returns the losses before it (*shape)."""
    def one(params, buffers, x, y):
        return loss(nets.one(params, buffers, x), y)

    losses_of = vmap(one, randomness="different")
    which = torch.arange(len(names)).expand(nets.shape).reshape(-1)  # (K,) the seed of each net
    own = which if own_data else None
    # The same numbers, watched by autograd.
    leaves = {name: p.detach().requires_grad_() for name, p in nets.params.items()}
    draws = draws_from(*[MASKS + names[k] for k in which])

    def advance(rows):
        mine = [taken(t, rows[which], own) for t in (x, y)]
        with torch.enable_grad(), draws.where_needed():
            losses = losses_of(leaves, nets.buffers, *mine)  # (K,)
            total = losses.sum()  # its gradients are each net's own
        update(dict(zip(leaves, torch.autograd.grad(total, list(leaves.values()), allow_unused=True))))
        return losses.detach().view(nets.shape)
    return advance


def fit(make, split, lr=0.1, *, steps=250, batch=64, seed=None, every=10, momentum=0.0, weight_decay=0.0,
        optimizer="sgd", loss=cross_entropy):
    """Train one make() by the loop as torch's tutorials write it; arguments, Curve, errors as for `fit_many`.

    curve.loss is (T,), curve.nets the module. seed: by default the first of this run. The same seed gives the
    same curve in fit_many, up to rounding.
    """
    seed = seeds_of(1)[0] if seed is None else operator.index(seed)
    x, y = checked(split, steps, batch, every)
    settings = broadcast(1, lr=lr, momentum=momentum, weight_decay=weight_decay)
    if settings["lr"].shape != (1,):
        raise ValueError("lr, momentum and weight_decay of fit are one number each; fit_many takes tensors")
    [net] = built(make, [seed], {})
    params = {name: p for name, p in net.named_parameters() if p.requires_grad}
    update = updater(optimizer, params, **{name: value[0] for name, value in settings.items()})
    rows = batches(len(y), batch, [seed], steps)
    return curves(net, rows, steps, every, alone(net, params, x, y, seed, update, loss))


def alone(net, params, x, y, seed, update, loss):
    """advance(rows (1, batch)) of one net."""
    draws = draws_from(MASKS + seed)

    def advance(rows):
        with torch.enable_grad(), draws.where_needed():
            value = loss(net(taken(x, rows[0])), taken(y, rows[0]))
        net.zero_grad()
        value.backward()
        with torch.no_grad():
            update({name: p.grad for name, p in params.items()})
        return value.detach()
    return advance


def curves(nets, each, steps, every, advance):
    """The generator behind fit_many and fit; each: the rows of each step."""
    for step, rows in enumerate(each, 1):
        if not nets.training:  # who looked at them may have left eval mode on
            nets.train()
        losses = advance(rows)
        if step == 1:
            curve = losses.new_empty(*losses.shape, steps)
        curve[..., step - 1] = losses
        if step % every == 0 or step == steps:
            yield Curve(torch.arange(1, step + 1), curve[..., :step].clone(), nets, step / steps)


def last(runs):
    """The last thing a generator yields, when run to its end. Raises ValueError where it yields nothing."""
    end = missing = object()
    for end in runs:
        pass
    if end is missing:
        raise ValueError("nothing left to run: the generator yields nothing, or was run to its end before")
    return end


def steps_to(loss, level, window=10):
    """The first step at which the mean of the last `window` losses is at most level: loss (..., T) -> (...).

    A float: never is inf; so is a curve that left the numbers before.
    Raises ValueError for a window below 1 or longer than the curve.
    """
    if not 1 <= window <= loss.shape[-1]:
        raise ValueError(f"window={window}: expected 1 to {loss.shape[-1]}, the steps of the curve")
    smooth = loss.double().unfold(-1, window, 1).mean(-1)  # (..., T - window + 1)
    below = smooth <= level
    first = below.int().argmax(-1) + window
    return torch.where(below.any(-1), first.double(), torch.inf)


# Settings -> what the loops need

def checked(split, steps, batch, every, sets=None):
    """x and y of the split, of so many sets. Raises ValueError where settings and data do not fit."""
    if not isinstance(split, (tuple, list)) or len(split) != 2:
        raise ValueError(f"data of type {type(split).__name__}: expected a pair (x, y), such as load().train")
    x, y = map(torch.as_tensor, split)
    lead = 1 if sets is None else 2
    if x.dim() < lead or x.shape[:lead] != y.shape[:lead]:
        raise ValueError(f"x {tuple(x.shape)} and y {tuple(y.shape)}: expected as many targets as samples"
                         + (", x (S, N, ...) and y (S, N, ...)" if sets else ""))
    if sets and len(x) != sets:
        raise ValueError(
            f"own_data: {len(x)} data sets for {sets} seeds; expected one per seed, x (S, N, ...)")
    for name, value in dict(steps=steps, batch=batch, every=every).items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={value!r}: expected a whole number, at least 1")
    if batch > x.shape[lead - 1]:
        raise ValueError(
            f"batch={batch} is more than the {x.shape[lead - 1]} samples there are: take a smaller batch")
    return x, y


def broadcast(n, **settings):
    """The settings as tensors of one shape (..., n). Raises ValueError where they do not fit, or below 0."""
    settings = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in settings.items()}
    for name in ("lr", "momentum", "weight_decay"):
        if not (settings[name] >= 0).all():
            raise ValueError(f"{name}={settings[name].tolist()}: expected 0 or more")
    try:
        _, *values = torch.broadcast_tensors(torch.empty(n), *settings.values())
    except RuntimeError:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in settings.items() if value.dim())
        raise ValueError(f"{shapes} with {n} seeds: shapes must broadcast against ({n},); "
                         "R values for each seed have shape (R, 1)") from None
    return dict(zip(settings, values))


def built(make, seeds, vary):
    """make() under each seed, as after torch.manual_seed(seed)."""
    models = []
    for k, seed in enumerate(seeds):
        with draws_from(seed):
            models.append(make(**{name: value.flatten()[k].item() for name, value in vary.items()}))
    if not isinstance(models[0], nn.Module):
        raise ValueError(f"make() returned {type(models[0]).__name__}: expected a new nn.Module at each call")
    if len({id(model) for model in models}) < len(models):
        raise ValueError("make() returned the same module twice: build a new one at each call")
    if not any(p.requires_grad for p in models[0].parameters()):
        raise ValueError("make() returned a net without parameters to train")
    return models


def batches(n, batch, seeds, steps):
    """The rows of each step's batches: (S, batch)."""
    own = [torch.Generator().manual_seed(ORDER + seed) for seed in seeds]
    epoch = n // batch
    for step in range(steps):
        if step % epoch == 0:
            order = torch.stack([torch.randperm(n, generator=g)[:epoch * batch] for g in own])
            order = order.view(len(own), epoch, batch)
        yield order[:, step % epoch]


def taken(values, rows, own=None):
    """values[rows], faster. own (K,): net k takes its rows (K, batch) from values[own[k]] of (S, N, ...)."""
    if own is not None:
        rows, values = rows + own[:, None] * values.shape[1], values.flatten(0, 1)
    return values.index_select(0, rows.flatten()).unflatten(0, rows.shape)


class draws_from(TorchDispatchMode):
    """Random operations inside draw from generators of one's own, not from the global stream of all threads.

    Under vmap over K nets give K seeds: the k-th net draws from the k-th, as it would alone.
    """

    def __init__(self, *seeds):
        super().__init__()
        self.own, self.needed = [torch.Generator().manual_seed(seed) for seed in seeds], None

    # Else torch would load its compiler, nearly 2 s, to keep it away from this mode.
    @classmethod
    def _should_skip_dynamo(cls):
        return False

    def where_needed(self):
        """This mode; none once a use drew nothing: watching doubles the time of a small net's step."""
        first, self.needed = self.needed is None, bool(self.needed)
        return self if first or self.needed else nullcontext()

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in op.tags or kwargs.get("generator"):
            return op(*args, **kwargs)
        self.needed = True
        each = each_nets(args, len(self.own))
        if not each:
            return drawn(op, args, kwargs, self.own[0])
        return torch.stack([drawn(op, mine, kwargs, own) for mine, own in zip(each, self.own)])


def each_nets(args, K):
    """The arguments of each of K nets, put first by vmap in a tensor or a size; [] for one net."""
    at = next((at for at, arg in enumerate(args) if isinstance(arg, (torch.Tensor, list, tuple))), None)
    if K == 1 or at is None:
        return []
    many = args[at]
    shape = list(many.shape if torch.is_tensor(many) else many)
    own = many if torch.is_tensor(many) else [shape[1:]] * K
    return [(*args[:at], one, *args[at + 1:]) for one in own] if shape[:1] == [K] else []


def drawn(op, args, kwargs, own):
    """op(*args, **kwargs), drawn from the generator `own`."""
    name = "generator" if op._overloadname == "default" else f"{op._overloadname}_generator"
    able = op
    if all(arg.name != "generator" for arg in op._schema.arguments):
        able = getattr(op.overloadpacket, name, None)
    if able:
        return able(*args, **{**kwargs, "generator": own})
    with LOCK, torch.random.fork_rng(devices=[]):  # it knows no generator: lend it the global stream once
        torch.set_rng_state(own.get_state())
        result = op(*args, **kwargs)
        own.set_state(torch.get_rng_state())
    return result


# The updates are torch.optim's; its classes take one rate for all nets and load torch's compiler, nearly 2 s.

def updater(optimizer, params, lr, momentum, weight_decay):
    """update(grads) changes params in place; settings are (K,), one per stacked net, or 0-d.

    Raises ValueError for an unknown optimizer.
    """
    if optimizer == "adam" and momentum.any():
        raise ValueError("momentum is a setting of optimizer='sgd'; Adam has its own")
    if optimizer not in ("sgd", "adam"):
        raise ValueError(f"optimizer={optimizer!r}: expected 'sgd' or 'adam'")

    def fitting(value, p):  # (K,) -> (K, 1, ..., 1)
        return value.to(p.dtype).reshape(value.shape + (1,) * (p.dim() - value.dim()))
    rule = sgd if optimizer == "sgd" else adam
    rules = {name: rule(p, fitting(lr, p), fitting(momentum, p)) for name, p in params.items()}
    decays = {name: fitting(weight_decay, p) for name, p in params.items()} if weight_decay.any() else {}

    def update(grads):
        for name, g in grads.items():
            if g is not None:
                rules[name](g + decays[name] * params[name] if decays else g)
    return update


def sgd(p, lr, momentum):
    """velocity = momentum * velocity + gradient; p = p - lr * velocity"""
    velocity = torch.zeros_like(p) if momentum.any() else None

    def update(g):
        p.addcmul_(lr, g if velocity is None else velocity.mul_(momentum).add_(g), value=-1)
    return update


def adam(p, lr, _, b1=0.9, b2=0.999, eps=1e-8):
    """Adam (Kingma & Ba 2015, algorithm 1) with torch's defaults."""
    mean, square, step = torch.zeros_like(p), torch.zeros_like(p), 0

    def update(g):
        nonlocal step
        step += 1
        mean.lerp_(g, 1 - b1)
        square.mul_(b2).addcmul_(g, g, value=1 - b2)
        sd = square.sqrt().div_(math.sqrt(1 - b2 ** step)).add_(eps)
        p.addcmul_(lr / (1 - b1 ** step), mean / sd, value=-1)
    return update


# Nets, and what they answer

class Nets:
    """K nets of one build, stacked: params and buffers {name: (K, ...)}; shape (S,) or (R, S), K = R * S.

    nets(x (N, ...)) -> (*shape, N, out); train(), eval() and training as of a module: in train mode running
    statistics move and dropout draws from torch's stream. nets[i] or nets[i, j] -> that net, as an nn.Module;
    IndexError for any other number of indices. Not for two threads at once.
    Raises ValueError for models that differ in more than the values of their parameters and buffers.
    """

    def __init__(self, models, shape):
        builds = {(repr(m), tuple((name, t.shape) for name, t in state(m))): None for m in models}
        if len(builds) > 1:
            raise ValueError("\n".join([
                "the nets differ in more than the values of tensors, so they cannot train together:",
                *[text for text, _ in list(builds)[:2]], "(a rate per net is helpers.Dropout's)"]))
        params, buffers = stack_module_state(models)
        self.shape, self.skeleton = tuple(shape), copy.deepcopy(models[0])
        self.params = {name: laid(p.detach()) for name, p in params.items() if p.requires_grad}
        self.buffers = {name: t.detach() for name, t in {**params, **buffers}.items()
                        if name not in self.params}

    def __call__(self, x, own_data=False):
        """Outputs (*shape, N, ...) for x (N, ...), or for x (S, N, ...) with own_data=True."""
        if own_data:
            x = self.each(x, True)
        run = vmap(self.one, in_dims=(0, 0, 0 if own_data else None), randomness="different")
        parts = [x] if self.training else x.split(PART, int(own_data))  # in eval mode, to save memory
        return torch.cat([run(self.params, self.buffers, part) for part in parts], 1).unflatten(0, self.shape)

    def each(self, t, own_data):
        """t (N, ...), or t (S, N, ...) with own_data=True, for each net: (K, N, ...)."""
        return t.expand(*self.shape, *t.shape[int(own_data):]).flatten(0, len(self.shape) - 1)

    def one(self, params, buffers, x):
        return functional_call(self.skeleton, (params, buffers), (x,))

    @property
    def training(self):
        return self.skeleton.training

    def train(self, mode=True):
        self.skeleton.train(mode)
        return self

    def eval(self):
        return self.train(False)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, where):
        where = where if isinstance(where, tuple) else (where,)
        if len(where) != len(self.shape):
            raise IndexError(
                f"{len(where)} indices for nets of shape {self.shape}: expected {len(self.shape)}, one net")
        k = torch.arange(math.prod(self.shape)).view(self.shape)[tuple(map(operator.index, where))].item()
        net, tensors = copy.deepcopy(self.skeleton), {**self.params, **self.buffers}
        with torch.no_grad():
            for name, t in state(net):
                t.copy_(tensors[name][k])
        return net

    def __repr__(self):
        return f"Nets of shape {self.shape}, each {self.skeleton}"


def laid(p):
    """p (K, ...); a linear layer's weights lie transposed, as their gradients do: ten times faster."""
    return p.mT.contiguous().mT if p.dim() == 3 else p


def state(net):
    """(name, tensor) of all parameters and buffers."""
    return [*net.named_parameters(), *net.named_buffers()]


@contextmanager
def evaluating(nets):
    """Eval mode inside; after it every layer is in the mode it was in."""
    layers = list((nets.skeleton if isinstance(nets, Nets) else nets).modules())
    modes = [layer.training for layer in layers]
    nets.eval()
    try:
        yield
    finally:
        for layer, mode in zip(layers, modes):
            layer.training = mode


def outputs(nets, x, own_data=False):
    """Outputs in eval mode, no graph: (*shape, N, ...) of Nets, (N, ...) of a module; modes, buffers stay."""
    with evaluating(nets), torch.no_grad():
        if isinstance(nets, Nets):
            return nets(x, own_data)
        return torch.cat([nets(part) for part in x.split(PART)])


def accuracy(nets, x, y, own_data=False):
    """Share of x (N, ...) whose largest output is y (N,), in eval mode: (*shape) of Nets, 0-d of a module.

    Outputs that are nan or inf count as wrong: a net that diverged would else score as if it said class 0.
    Raises ValueError where x and y differ in length.
    """
    paired(x, y)
    scores = outputs(nets, x, own_data)  # (..., N, classes)
    right = (scores.argmax(-1) == y) & scores.isfinite().all(-1)
    return right.float().mean(-1)


def mean_loss(nets, x, y, loss=cross_entropy, own_data=False):
    """Mean loss over x (N, ...) and y (N, ...) in eval mode: (*shape) of Nets, 0-d of a module.

    loss as for `fit_many`, errors as of `accuracy`.
    """
    paired(x, y)
    answers = outputs(nets, x, own_data)
    if not isinstance(nets, Nets):
        return loss(answers, y)
    return vmap(loss)(answers.flatten(0, len(nets.shape) - 1), nets.each(y, own_data)).view(nets.shape)


def paired(x, y):
    if len(x) != len(y) or not len(x):
        raise ValueError(
            f"x {tuple(x.shape)} and y {tuple(y.shape)}: expected as many targets as samples, at least one")
