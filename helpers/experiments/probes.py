"""What happens inside a net: the input, output and gradient of a layer, by its name.

Names are those of net.named_modules(): the layers of an nn.Sequential are "0", "1", ...
"""
import copy
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import torch
from torch.func import functional_call, vmap

from .training import Nets, cross_entropy, state


def activations(net, layer, x):
    """Output of the named layer for x (N, ...): (N, ...) of a module, (*shape, N, ...) of Nets.

    The net answers in the mode it is in and stays as it is: in train mode a copy takes the statistics.
    Raises ValueError for a name that is no layer, and for a layer that is not called once in a forward pass
    or gives no tensor.
    """
    def hook(module, keep):
        return module.register_forward_hook(lambda _, args, output: keep(output))
    return looked_at(net, layer, x, hook)


def inputs(net, layer, x):
    """Input of the named layer, its first argument; otherwise as `activations`."""
    def hook(module, keep):
        return module.register_forward_pre_hook(lambda _, args: keep(*args[:1]))
    return looked_at(net, layer, x, hook)


def gradients(net, layer, x, y, loss=cross_entropy):
    """Gradient of loss(net(x), y) with respect to the named layer's output; otherwise as `activations`.

    loss: (outputs, y) -> the mean over the batch, so that each sample's gradient holds a factor 1/N.
    """
    # The gradient for a shift of the output is the output's.
    shift = torch.zeros_like(activations(net, layer, x)).requires_grad_()

    def one(skeleton, tensors, shift):
        with found(skeleton, layer).register_forward_hook(lambda _, args, output: output + shift):
            return loss(functional_call(skeleton, tensors, (x,)), y)

    with torch.enable_grad():
        return torch.autograd.grad(over(net, layer, one, shift).sum(), shift)[0]


class Record(NamedTuple):
    """Mean and sd of a layer's output, a number for each forward pass."""
    mean: list
    sd: list


@contextmanager
def recording(module, names):
    """Record the named layers of a plain module at each forward pass inside: {name: Record}. No hook is left.

        with recording(net, ["1", "3"]) as seen: net(x)
        seen["1"].sd                         # [0.57]

    sd is over all numbers of the output, divided by their count.
    Raises ValueError for a name that is no layer.
    """
    names = [names] if isinstance(names, str) else list(names)
    layers = {name: found(module, name) for name in names}
    seen = {name: Record([], []) for name in names}

    def note(name, _, args, output):
        output = tensor(name, output).detach()
        seen[name].mean.append(output.mean().item())
        seen[name].sd.append(output.std(correction=0).item())

    with ExitStack() as hooks:
        for name, layer in layers.items():
            hooks.enter_context(layer.register_forward_hook(partial(note, name)))
        yield seen


def looked_at(net, layer, x, hook):
    """What hook(module, keep) keeps of the layer in one forward pass. The hook returns what removes it."""
    def one(skeleton, tensors):
        kept = []

        def keep(value=None):
            kept.append(tensor(layer, value).clone())    # ReLU(inplace=True) may write into it
        with hook(found(skeleton, layer), keep):
            functional_call(skeleton, tensors, (x,))
        if len(kept) != 1:
            raise ValueError(f"layer {layer!r} is called {len(kept)} times in a forward pass: expected once")
        return kept[0]

    with torch.no_grad():
        return over(net, layer, one)


def over(net, layer, one, *own):
    """one(skeleton, tensors, *own) on a copy of the net; of Nets on all, own and results (*shape, ...)."""
    many = isinstance(net, Nets)
    skeleton = copy.deepcopy(net.skeleton if many else net)
    found(skeleton, layer)
    if not many:
        return one(skeleton, {name: t.detach() for name, t in state(skeleton)}, *own)
    copies = {**net.params, **{name: t.clone() for name, t in net.buffers.items()}}
    run_all = vmap(lambda *each: one(skeleton, *each), randomness="different")
    return run_all(copies, *[t.flatten(0, len(net.shape) - 1) for t in own]).unflatten(0, net.shape)


def tensor(layer, value):
    """The value. Raises ValueError where a layer gives no tensor, as an nn.GRU, which gives a pair."""
    if isinstance(value, torch.Tensor):
        return value
    raise ValueError(f"layer {layer!r} takes or gives {type(value).__name__}: expected a tensor")


def found(module, name):
    """The layer of that name. Raises ValueError with the names there are."""
    layers = dict(module.named_modules())
    if not name or name not in layers:
        names = "; ".join(f"{name!r} {type(layer).__name__}" for name, layer in layers.items() if name)
        raise ValueError(f"no layer {name!r}; there are: {names}")
    return layers[name]
