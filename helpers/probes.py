"""What happens inside a net: the input, output and gradient of a layer, by its name.

Names are those of net.named_modules(): the layers of an nn.Sequential are "0", "1", ...
"""
import copy
import math
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from .training import Nets


def activations(net, layer, x):
    """Output of the named layer for x (N, ...): (N, ...) of a module, (*shape, N, ...) of Nets.

    The net is left as it is: it answers in the mode it is in, but a copy of its buffers takes the running statistics.
    Raises ValueError for a name that is no layer of the net, or a layer that is not called.
    """
    return looked_at(net, layer, x, lambda _, output: output)


def inputs(net, layer, x):
    """Input of the named layer, its first argument; otherwise as `activations`."""
    return looked_at(net, layer, x, lambda args, _: args[0])


def gradients(net, layer, x, y, loss=cross_entropy):
    """Gradient of loss(net(x), y) with respect to the named layer's output; shapes, copy and errors as in `activations`."""
    def one(skeleton, state, x, y):
        def shifted(shift):
            with hooked(skeleton, layer, lambda args, output: output + shift):
                return loss(functional_call(skeleton, state, (x,)), y)
        return grad(shifted)(torch.zeros_like(run(skeleton, layer, state, x, lambda _, output: output)))
    return over(net, layer, one, x, y)


class Record(NamedTuple):
    """Mean and sd of a layer's output, a number for each forward pass."""
    mean: list
    sd: list


@contextmanager
def recording(module, names):
    """Record the named layers of a plain module at each forward pass inside: {name: Record}. The hooks are gone afterwards in any case.

        with recording(net, ["1", "3"]) as seen: net(x)
        seen["1"].sd                                       # [0.57]

    sd is over all numbers of the output, divided by their count. Raises ValueError for a name that is no layer.
    """
    names = [names] if isinstance(names, str) else list(names)
    layers = {name: found(module, name) for name in names}
    seen = {name: Record([], []) for name in names}
    handles = []
    try:
        for name, layer in layers.items():
            def note(layer, args, output, record=seen[name]):
                record.mean.append(output.detach().mean().item())
                record.sd.append(output.detach().std(correction=0).item())
            handles.append(layer.register_forward_hook(note))
        yield seen
    finally:
        for handle in handles: handle.remove()


def looked_at(net, layer, x, pick):
    with torch.no_grad():
        return over(net, layer, lambda skeleton, state, x: run(skeleton, layer, state, x, pick), x)


def over(net, layer, one, *data):
    """one(skeleton, state, *data) on a copy of the net; of Nets for all at once, with results (*shape, ...)."""
    if isinstance(net, Nets):
        skeleton = copy.deepcopy(net.skeleton)
        found(skeleton, layer)
        state = {**net.params, **{name: t.clone() for name, t in net.buffers.items()}}
        each = vmap(lambda state, *data: one(skeleton, state, *data), in_dims=(0, *[None] * len(data)), randomness="different")
        return each(state, *data).unflatten(0, net.shape)
    skeleton = copy.deepcopy(net)
    found(skeleton, layer)
    state = {name: t.detach() for name, t in (*skeleton.named_parameters(), *skeleton.named_buffers())}
    return one(skeleton, state, *data)


def run(skeleton, layer, state, x, pick):
    """What pick(args, output) takes at the layer in one forward pass."""
    taken = []
    with hooked(skeleton, layer, lambda args, output: taken.append(pick(args, output))):
        functional_call(skeleton, state, (x,))
    if not taken:
        raise ValueError(f"layer {layer!r} is part of the net but was not called")
    return taken[-1]


@contextmanager
def hooked(module, layer, look):
    """look(args, output) at each call of the layer; what it returns, unless None, takes the place of the output."""
    handle = found(module, layer).register_forward_hook(lambda _, args, output: look(args, output))
    try:
        yield
    finally:
        handle.remove()


def found(module, name):
    """The layer of that name. Raises ValueError with the names there are."""
    layers = dict(module.named_modules())
    if not name or name not in layers:
        names = "; ".join(f"{name!r} {type(layer).__name__}" for name, layer in layers.items() if name)
        raise ValueError(f"no layer {name!r}; there are: {names}")
    return layers[name]
