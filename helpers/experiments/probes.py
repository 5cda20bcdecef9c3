"""What happens inside a net: the input and output of a layer, by its name.

Names are those of net.named_modules(): the layers of an nn.Sequential are "0", "1", ...
"""
import copy

import torch
from torch.func import functional_call, vmap

from .training import Nets


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


def looked_at(net, layer, x, hook):
    """What hook(module, keep) keeps of the layer in one forward pass of a copy of the net, of Nets of all.

    The hook returns what removes it.
    """
    many = isinstance(net, Nets)
    skeleton = copy.deepcopy(net.skeleton if many else net)
    looked = found(skeleton, layer)

    def one(tensors):
        kept = []

        def keep(value=None):
            kept.append(tensor(layer, value).clone())  # ReLU(inplace=True) may write into it
        with hook(looked, keep):
            functional_call(skeleton, tensors, (x,))
        if len(kept) != 1:
            raise ValueError(f"layer {layer!r} is called {len(kept)} times in a forward pass: expected once")
        return kept[0]

    with torch.no_grad():
        if not many:
            return one({})  # a copy has its own tensors
        copies = {**net.params, **{name: t.clone() for name, t in net.buffers.items()}}
        return vmap(one, randomness="different")(copies).unflatten(0, net.shape)


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
