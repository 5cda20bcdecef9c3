"""A forward pass overheard: what each module is given, which operation made it, what draws chance."""
import copy
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from types import FunctionType
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.parameter import UninitializedBuffer
from torch.overrides import TorchFunctionMode

from .comparing import same_draws

LINEAR = {"linear", *(f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3))}
DROPS = {f"{kind}dropout{end}" for kind in ("", "alpha_", "feature_", "feature_alpha_")
         for end in ("", "_", "1d", "2d", "3d")}
MASKS = {"bernoulli", "bernoulli_", "rand", "rand_like"}   # what a dropout written by hand draws
RELUS = {"relu", "relu_", "relu6"}
TURNS = {"transpose", "swapaxes", "swapdims", "permute", "movedim", "moveaxis", "T", "mT", "t"}
KEEPS = {"view", "reshape", "flatten", "squeeze", "unsqueeze", "contiguous", "clone", "mean", "float", "to",
         *TURNS}                                           # and pools: the same numbers, or means of them
BY_SAMPLE = (nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)
NORMS = (_NormBase, *BY_SAMPLE)
FORWARDS = {norm.forward for norm in (*BY_SAMPLE, _BatchNorm, nn.InstanceNorm1d, nn.SyncBatchNorm)}


def paths(module):
    """Whether the module drops whole paths, as torchvision's StochasticDepth."""
    return type(module).__name__ in ("StochasticDepth", "DropPath")


def dropping(module):
    """Whether the module drops units or paths."""
    return isinstance(module, _DropoutNd) or paths(module)


def tensors(value, depth=4):
    """All tensors in tuples, lists, dicts, dataclasses and other objects that hold some as attributes."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth and not isinstance(value, (nn.Module, type, FunctionType)):
        inside = value.values() if isinstance(value, Mapping) else value
        if not isinstance(value, (tuple, list, set, Mapping)):
            inside = vars(value).values() if hasattr(value, "__dict__") else ()
        for part in list(inside):
            yield from tensors(part, depth - 1)


def cloned(value):
    """The same, its tensors cloned; what is no tensor, tuple, list or dict is copied where it can be."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (tuple, list)):
        parts = map(cloned, value)
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if type(value) is dict:
        return {key: cloned(part) for key, part in value.items()}
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def twin(model):
    """(deep copy of a module, names of attributes that cannot be copied and are shared with it).

    What deepcopy refuses and this does not: lazy buffers, and tensors kept with their graph (detached).
    """
    memo = {}
    for module in model.modules():
        for value in (*vars(module).values(), *module._buffers.values()):
            if isinstance(value, UninitializedBuffer):
                memo[id(value)] = UninitializedBuffer(device=value.device, dtype=value.dtype)
            elif isinstance(value, torch.Generator):
                memo[id(value)] = value.clone_state()
            elif isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    try:
        made = copy.deepcopy(model, dict(memo))
        if not {*map(id, made.modules())} & {*map(id, model.modules())}:
            return made, []
    except Exception:  # whatever an attribute's own code raises
        pass
    shared, memo = [], memo | {id(m): object.__new__(type(m)) for m in model.modules()}
    for name, module in model.named_modules():
        for key, value in vars(module).items():
            trial = dict(memo)
            try:
                value = copy.deepcopy(value, trial)
                memo = trial
            except Exception:
                shared.append(f"{name}.{key}".lstrip("."))
            vars(memo[id(module)])[key] = value
    return memo[id(model)], shared


def unhooked(model):
    """Remove hooks that are plain functions, torch's own apart; how many there were."""
    gone = 0
    for module in model.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            for key, hook in list(hooks.items()):
                while isinstance(hook, partial):
                    hook = hook.func
                if isinstance(hook, FunctionType) and not (hook.__module__ or "").startswith("torch."):
                    del hooks[key]
                    gone += 1
    return gone


@contextmanager
def random_numbers_kept():
    """Random streams (torch's of CPU and GPUs in use, numpy, random) go on as if nothing was drawn inside."""
    cards = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=cards), same_draws():
        if cards:
            torch.cuda.manual_seed_all(0)
        yield


class Made:
    """How a tensor came about: operation, module, what it was made of; uses counts what took it.

    axis: where features stand, where that is known; norm: the norm whose output it still is, by itself.
    """

    def __init__(self, op="", module="", came=None, axis=None, norm=None):
        self.op, self.module, self.came, self.axis, self.norm, self.uses = op, module, came, axis, norm, 0

    def origin(self):
        """What made the numbers: before views, permutations, pools and softmax."""
        made = self
        while made and made.op in ("keeps", "softmax", "log_softmax"):
            made = made.came
        return made or Made()


class Met(NamedTuple):
    """What a norm was given in one call. mean, var, noise (C,) by axis 1; noise: variance of that mean.

    numbers: under one mean; samples: N; shape: of the input; training: the mode the norm was in.
    """
    mean: torch.Tensor
    var: torch.Tensor
    noise: torch.Tensor
    numbers: int
    samples: int
    shape: tuple
    training: bool


def again(func, args, kwargs, x):
    return func(x, *args[1:], **kwargs)


class Listener(TorchFunctionMode):
    """Runs the model once, without gradients, and keeps what it overhears; quiet: dropout does nothing.

    calls: of each module; used: ids of the tensors that operations took; draws: (module, operation) of
    chance; met: norm -> its inputs; alive: ReLU -> (which units gave more than 0, numbers a unit); into:
    (how its input was made, norm); astray: norm -> (where features stand, shape, largest mean of
    a feature of the output); answer: what the model returned; error, top: why and where it stopped.
    """
    strict = False  # tests set it: then what this class itself does wrong is an error

    def __init__(self, model, batch, quiet=False):
        super().__init__()
        self.names = {module: name or type(model).__name__ for name, module in model.named_modules()}
        self.calls, self.used, self.draws, self.into, self.astray = Counter(), set(), [], [], {}
        self.met, self.alive = defaultdict(list), {}
        self.quiet, self.busy, self.stack = quiet, False, [""]
        handles, self.answer, self.error = [], None, None
        for module in self.names:
            if isinstance(module, torch.jit.ScriptModule):
                continue
            handles += [module.register_forward_pre_hook(self.before, with_kwargs=True),
                        module.register_forward_hook(self.after)]
        try:
            args, kwargs = cloned(batch)
            with self:
                self.answer = model(*args, **kwargs)
        except Exception as error:  # told by whoever listens
            self.error = error
        finally:
            self.top = self.stack[-1]
            for handle in handles:
                handle.remove()

    def before(self, module, args, kwargs):
        name = self.names[module]
        self.calls[name] += 1
        self.stack.append(name)
        given = next(tensors((args, kwargs)), None)
        known = isinstance(module, NORMS) and type(module).forward in FORWARDS
        if known and given is not None and given.is_floating_point():
            self.busy = True
            self.norm(module, name, given)
            self.busy = False

    def after(self, module, args, output):
        self.stack.pop()
        name, made = self.names[module], getattr(output, "made", None)
        self.busy = True
        if name in self.astray and made:
            axis, shape, _ = self.astray[name]
            self.astray[name] = axis, shape, self.feature_mean(output, axis)
        elif isinstance(module, _NormBase) and made and made.axis is None and output.dim() == 3:
            if output.shape[1] == output.shape[2]:  # else what follows tells nothing: sizes were chosen
                made.norm = name, self.feature_mean(output, 2)
        self.busy = False

    @staticmethod
    def feature_mean(x, axis):
        """Largest mean of a feature, in the sd of all numbers of x."""
        x = x.detach().float()
        return (x.transpose(0, axis).flatten(1).mean(1).abs().max() / (x.std() + 1e-12)).item()

    def norm(self, module, name, x):
        """Keep what a norm is given, who made it, and whether features stand on another axis."""
        made, x = getattr(x, "made", Made()), x.detach().float()
        if x.dim() < 2 or not x.numel():
            return
        if isinstance(module, BY_SAMPLE[1:]):
            first = x.dim() - len(module.normalized_shape)
            numbers, astray = x[(0,) * first].numel(), made.axis is not None and made.axis < first
        else:
            numbers = x.numel() // x.shape[1] if isinstance(module, _BatchNorm) else x[0, 0].numel()
            if isinstance(module, nn.GroupNorm):
                numbers = x[0].numel() // module.num_groups
            astray = made.axis not in (None, 1)
        per_sample = x.transpose(0, 1).flatten(2).mean(2) if x.dim() > 2 else x.T                 # (C, N)
        by_unit = x.transpose(0, 1).flatten(1)                                                   # (C, N·...)
        noise = per_sample.var(1) / len(x) if len(x) > 1 else per_sample[:, 0] * 0 + torch.inf
        self.met[name].append(Met(by_unit.mean(1), by_unit.var(1, unbiased=False), noise, numbers, len(x),
                                  tuple(x.shape), module.training))
        if astray:
            self.astray[name] = made.axis, tuple(x.shape), 0.0
        if isinstance(module, _NormBase) and made.axis in (None, 1):
            self.into.append((made, name))

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.busy:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(func.__self__, "__name__", "")
        drawing = name in MASKS
        if name in DROPS:
            p = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
            on = kwargs.get("training", kwargs.get("train", args[2] if len(args) > 2 else True))
            drawing = bool(on) and p > 0
            if self.quiet and drawing:
                return args[0] if args else kwargs["input"]
        elif name == "scaled_dot_product_attention":
            drawing = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0) > 0
        if drawing:
            self.draws.append((self.stack[-1], name))
        taken = list(tensors((args, kwargs), 3))
        came = [t.made for t in taken if hasattr(t, "made")]
        result = func(*args, **kwargs)
        self.used.update(map(id, taken))
        if isinstance(result, torch.Tensor) and result.is_floating_point():
            for made in came:
                made.uses += 1
            self.busy = True
            try:
                redo = partial(again, func, args, kwargs)
                result.made = self.told(name, drawing, taken, came, result, redo)
            except Exception:  # what is overheard is a guess: it stops no model
                if self.strict:
                    raise
            self.busy = False
        return result

    def told(self, name, drawing, taken, came, result, redo):
        op = ("relu" if name in RELUS or name == "hardtanh" and result.min() >= 0
              else "drop" if name in DROPS and drawing else "linear" if name in LINEAR
              else "keeps" if name in KEEPS or name in DROPS or "pool" in name else name)
        axis = norm = None
        if name in LINEAR:
            axis = result.dim() - 1 - (int(name[-2]) if name[-1] == "d" else 0)
            norm = came[0].norm if came and name == "linear" else None
            if norm:
                self.astray.setdefault(norm[0], (2, tuple(taken[0].shape), norm[1]))
            norm = None
        elif name in ("embedding", "layer_norm", "rms_norm"):
            axis = result.dim() - 1 if not came or came[0].axis is None else came[0].axis
        elif name in TURNS:
            if came and came[0].axis is not None:
                turned = redo(torch.empty(*range(2, taken[0].dim() + 2), device="meta")).shape
                axis = list(turned).index(came[0].axis + 2)
        else:
            alike = [t.made for t in taken if hasattr(t, "made") and t.shape == result.shape]
            axes = {made.axis for made in alike} - {None}
            axis = axes.pop() if len(axes) == 1 else None
            norms = {made.norm for made in alike} - {None}
            norm = norms.pop() if len(norms) == 1 else None
        if op == "relu" and result.dim() > 1:
            unit = axis if axis is not None else 1 if result.dim() > 3 else result.dim() - 1
            seen = (~(result <= 0)).transpose(0, unit).flatten(1)
            before = self.alive.get(self.stack[-1], (False, 0))
            if not before[1] or len(before[0]) == len(seen):
                self.alive[self.stack[-1]] = seen.any(1) | before[0], seen.shape[1] + before[1]
        return Made(op, self.stack[-1], came[0] if came else None, axis, norm)

