"""The instruments of the whole set in one call: what is usually wrong with norms and dropout in a model."""
import textwrap
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.parameter import is_lazy

from .findings import KINDS, LOOKS, alike, count, keeps, listed, tracked
from .listening import DROPS, NORMS, Listener, dropping, paths, random_numbers_kept, tensors, twin, unhooked


class Checkup:
    """findings (list of Finding, gravest first), unseen (sentences), well: looked at, and nothing found."""

    def __init__(self, title, findings, unseen, looked=""):
        order = list(KINDS)
        self.title, self.unseen, self.looked = title, unseen, looked
        self.findings = sorted(findings, key=lambda finding: order.index(finding.kind))
        self.well = bool(looked) and not findings

    def __str__(self):
        n = len(self.findings)
        verdict = "all is well in what it sees" if self.well else f"{n} finding{'s' * (n != 1)}"
        lines = [f"{self.title}: {verdict if self.looked else 'not checked'}."]
        for i, finding in enumerate(self.findings, 1):
            lines.append(f"{i}. {finding.kind}: {finding.where}")
            for word, text in ("seen", finding.seen), ("why", finding.why), ("fix", finding.fix):
                lines.append(f"   {word:5}{text}" + f" Notebook {finding.see}." * (word == "why"))
        lines += [f"Looked at: {self.looked}."] if self.looked else []
        lines += ["Not seen:"] * bool(self.unseen) + [f" - {sentence}" for sentence in self.unseen]
        return "\n".join(textwrap.fill(line, 90, subsequent_indent=indent(line), break_on_hyphens=False)
                         for line in lines)

    __repr__ = __str__


def indent(line):
    return " " * (8 if line.startswith("   ") else 3)


def checkup(model, batch):
    """What is usually wrong with norms and dropout in a model, found on one batch. A Checkup; prints nothing.

        checkup(net, x)                    # the last line of a cell shows the page
        checkup(net, (image, age)).findings
        checkup(net, dict(tokens=t, mask=m)).well

    batch: a tensor, a tuple for model(*batch), or a dict for model(**batch), inputs only, on the model's
    device; 32 samples or more show most. Give the model in the mode in which you use it, and inside
    torch.no_grad() where you score it: then train mode is a finding.
    A deep copy answers the batch twice in eval() and once in train mode, without gradients; where dropout
    is drawn in a model with BatchNorm, five times more. So modes, parameters, buffers, gradients, hooks and
    random streams stay as they were, also when the model raises. Hooks that are plain functions do not run.
    A finding is what usually is a fault; `fix` says where it is none. `unseen` says what was not judged.
    Raises TypeError for what is no model or no batch, ValueError for a batch that the model cannot take.
    """
    if not isinstance(model, nn.Module):
        hint = ": build it first, model = Net()" if isinstance(model, type) else ""
        raise TypeError(f"checkup takes a model, then a batch: {model!r:.60} is no nn.Module{hint}")
    args, kwargs = taken(batch)
    unseen, scoring = [], not torch.is_grad_enabled()
    if hasattr(model, "_orig_mod"):
        model = model._orig_mod
        unseen.append("The model is compiled (torch.compile): the one it was made from was checked.")
    first = next(tensors((args, kwargs)))
    title = f"checkup of {type(model).__name__} on a batch of {len(first) if first.dim() else 1}"
    if isinstance(model, torch.jit.ScriptModule):
        return Checkup(title, [], [*unseen, "The model is a torch.jit program, whose layers cannot be "
                                            "heard. Check the Python model that it was made from."])
    with random_numbers_kept(), torch.inference_mode(False), torch.no_grad():
        visit = Visit(model, (args, kwargs), unseen, scoring)
        findings = [finding for look in LOOKS for finding in look(visit)]
    return Checkup(title, findings, visit.unseen, visit.looked())


def taken(batch):
    """(args, kwargs) of a batch. Raises TypeError and ValueError with what to do."""
    if isinstance(batch, torch.Tensor) or isinstance(batch, tuple) and hasattr(batch, "_fields"):
        args, kwargs = (batch,), {}
    elif isinstance(batch, tuple):
        args, kwargs = batch, {}
    elif isinstance(batch, Mapping) and all(isinstance(key, str) for key in batch):
        args, kwargs = (), dict(batch)
    else:
        hint = {"list": "write tuple(batch)", "ndarray": "write torch.as_tensor(batch)",
                "DataLoader": "take one batch, x, y = next(iter(loader)), and give x",
                "dict": "its keys are not all names"}.get(type(batch).__name__, "give the model's inputs")
        raise TypeError(f"batch is of type {type(batch).__name__}: expected a tensor, a tuple of inputs or "
                        f"a dict of inputs by name; {hint}")
    found = list(tensors((args, kwargs)))
    if not found:
        raise TypeError("batch holds no tensor: expected a tensor, a tuple or a dict of inputs")
    if not any(t.numel() for t in found):
        raise ValueError(f"batch holds no numbers: its shapes are {shapes(found)}; give some samples")
    return args, kwargs


def shapes(found):
    return ", ".join(f"{tuple(t.shape)} {str(t.dtype).removeprefix('torch.')} on {t.device}" for t in found)


class Visit:
    """A copy of the model, the passes it made, and what they showed.

    eval, again: Listeners in eval mode; train: in the mode as given if that is train mode, else in train().
    start: norm -> (running mean, running variance, batches tracked) before train mode moved them; later:
    norm -> running mean after it. undone: attributes that eval mode changes so that train mode drops no more.
    """

    def __init__(self, model, batch, unseen, scoring):
        self.unseen, self.batch, self.scoring, self.grad = unseen, batch, scoring, not scoring
        self.model, self.given = model, model.training
        net, shared = twin(model)
        for module in list(net.modules()):  # compiled parts give way to those they were made from
            for key, part in list(module._modules.items()):
                if hasattr(part, "_orig_mod"):
                    module._modules[key] = part._orig_mod
        lazy = any(is_lazy(t) for t in [*net.parameters(), *net.buffers()])
        hooks = unhooked(net)
        named = {name or type(model).__name__: m for name, m in net.named_modules()}
        scripts = [name for name, m in named.items() if isinstance(m, torch.jit.ScriptModule)]
        self.net, self.modules = net, {name: m for name, m in named.items() if name not in scripts}
        modes = {m: m.training for m in net.modules()}
        self.modes = {name: modes[m] for name, m in self.modules.items()}
        self.grads = any(p.grad is not None for p in model.parameters() if not is_lazy(p))
        plain = self.plain()
        net.eval()
        self.eval, self.again = self.hear(), self.hear()
        changed = {name: (plain[name], value) for name, value in self.plain().items()
                   if name in plain and value != plain[name]}
        self.start = {name: (m.running_mean.float().clone(), m.running_var.float().clone(), tracked(m))
                      for name, m in self.modules.items() if keeps(m)}
        others = {(name, key): b.clone() for name, m in self.modules.items() if not isinstance(m, _NormBase)
                  for key, b in m._buffers.items() if b is not None and not is_lazy(b)}
        if self.given:
            for module, mode in modes.items():
                module.training = mode
        else:
            net.train()
        self.heard_modes = {name: m.training for name, m in self.modules.items()}
        self.train = self.hear()
        self.later = {name: self.modules[name].running_mean.float().clone() for name in self.start}
        self.undone = changed if changed and self.turned_off() else {}
        if self.eval.error and self.train.error:
            self.refuse()
        self.best = self.eval if self.train.error else self.train
        self.heard = {*self.eval.calls, *self.train.calls}
        self.with_dropout, self.without_dropout = [], None
        if any(op in DROPS for _, op in self.train.draws):
            for module in self.modules.values():
                if paths(module):
                    module.eval()                      # they would be drawn anew in each of these passes
            self.without_dropout = self.hear(quiet=True)
            if self.called(_BatchNorm):
                self.with_dropout = [self.hear() for _ in range(4)]
        moved = {name for (name, key), b in others.items() if not alike(self.modules[name]._buffers[key], b)}
        scripts = [name for name in scripts if name.rpartition(".")[0] not in scripts]
        found = list(tensors(batch))
        wrong = sum(int((~t.isfinite()).sum()) for t in found if t.is_floating_point())
        self.tell(
            scripts and f"{listed(scripts)}: torch.jit programs, whose layers cannot be heard.",
            wrong and f"{wrong} numbers of the batch are not finite, so later ones may not be, either.",
            not any(t.is_floating_point() for t in found)
            and "The inputs are whole numbers: whether they are the right ones is not seen.",
            shared and f"{listed(shared)}: deepcopy cannot copy it, so the copy shared it with the model. "
            "What forward does to it was done.",
            lazy and "Lazy layers were given their sizes in the copy only.",
            hooks and f"{count(hooks, 'hook')} of your own did not run: what they change is not seen.",
            moved and f"{listed(moved)}: buffers moved in train mode; whether they should is not known.")

    def plain(self):
        """Attributes that are numbers, as "drop.p"."""
        return {f"{name}.{key}": value for name, m in self.modules.items() for key, value in vars(m).items()
                if isinstance(value, (int, float)) and key != "training"}

    def turned_off(self):
        """Whether train mode drops units before an answer in eval mode, and not after it."""
        net, self.net = self.net, twin(self.model)[0].train()
        unhooked(self.net)
        before, self.net = self.hear(), net
        return {*before.draws} > {*self.train.draws}

    def hear(self, quiet=False):
        heard = Listener(self.net, self.batch, quiet)
        if heard.error and self.grad:  # a model may need gradients to answer
            with torch.enable_grad():
                heard = Listener(self.net, self.batch, quiet)
        return heard

    def refuse(self):
        error, found = self.eval.error, list(tensors(self.batch))
        words = textwrap.shorten(str(error), 300)
        hint = (" A DataLoader's batch is (x, y): give x alone." if "positional argument" in words else
                " Model and batch must be on one device." if "device" in words else "")
        raise ValueError(f"the model cannot take this batch ({shapes(found)}): {type(error).__name__} at "
                         f"{self.eval.top or type(self.model).__name__}: {words}{hint}") from error

    def tell(self, *sentences):
        self.unseen += [sentence for sentence in sentences if sentence]

    def called(self, kind):
        """Names of the modules of a kind (a class, classes, or a test) that some pass called."""
        test = kind if not isinstance(kind, (type, tuple)) else lambda m: isinstance(m, kind)
        return [name for name, m in self.modules.items() if test(m) and
                name in self.heard]

    def looked(self):
        kinds = ("norm", NORMS), ("dropout layer", dropping)
        counts = [(word, len(self.called(kind))) for word, kind in kinds] + [("ReLU", len(self.best.alive))]
        return ", ".join(count(n, word) for word, n in counts)
