"""What is usually wrong with norms and dropout in a model: each kind, and how it shows in a visit."""
import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from .comparing import short
from .listening import BY_SAMPLE, dropping, paths, tensors

FEW = 16         # numbers under one mean of a batch: the sd of the mean is then a quarter of the unit's sd
SHIFT = 0.25     # how far, in stored sd, a batch's mean may lie from the running mean
RATIO = 2.0      # how many times the running variance the batch's may be, or the other way round
CONTAINERS = nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict, nn.Sequential
DRIFT = 1.1      # variance met in training, with dropout, over that met in eval mode

# Kinds, in order of gravity: notebook, why it matters, what to do
KINDS = {
    "statistics not finite": (
        "05", "Eval mode divides by these numbers, and every later layer gets nan.",
        "Find the batch that held nan or inf. Then call reset_running_stats() and recalibrate on good "
        "batches."),
    "statistics at their start": (
        "05", "Eval mode then normalizes with mean 0 and variance 1, which no batch of training had.",
        "Load the running statistics with the weights. Or recalibrate: run training batches through the "
        "model in train mode, without optimizer steps. Look at momentum and track_running_stats, too."),
    "dropout without mode": (
        "07", "In eval mode nothing should be drawn: the same image gets another answer at each call.",
        "Write F.dropout(h, p, training=self.training), or use nn.Dropout made in __init__."),
    "train mode": (
        "05", "In train mode BatchNorm takes the batch's own mean and moves its running statistics, and "
        "dropout drops. no_grad() changes neither.",
        "Call model.eval() before answers count, model.train() before training goes on."),
    "statistics far from this batch": (
        "05", "Eval mode normalizes with the stored numbers, so these layers answer other than in training.",
        "Is this batch prepared as the training data were? If so, recalibrate: running statistics from "
        "training batches in train mode, without optimizer steps."),
    "momentum": (
        "05", "In torch momentum weighs the new batch, in Keras and Paddle the old value. At 0 the "
        "statistics stay as they are, near 1 they are those of the last batch.",
        "Write 1 - momentum when porting. torch's default is 0.1."),
    "never called": (
        "03", "What forward does not call changes nothing: the model is not the one that was meant.",
        "Call it in forward, or remove it."),
    "norm over the wrong axis": (
        "02", "The mean runs over other numbers than meant; where sizes are equal torch does not complain.",
        "Put features where this norm expects them: h.transpose(1, 2) before and after it. If the axis it "
        "takes does hold the features, leave it."),
    "ReLU on the output": (
        "03", "A logit below 0 becomes 0 and has no gradient: classes cannot be told to be unlikely.",
        "Remove the last ReLU. If the model returns features, or amounts that are never negative, leave it."),
    "dropout on the output": (
        "07", "Answers themselves are set to 0 and scaled up, so the loss is measured on spoilt logits.",
        "Drop hidden units instead. If the model returns features for another layer, leave it."),
    "frozen, but statistics move": (
        "05", "Freezing takes two switches: requires_grad stops the optimizer, not the running statistics.",
        "Call eval() on the frozen norms after each model.train(), or override train() so that it does."),
    "small sets": (
        "10", "The mean and variance of so few numbers are mostly chance, and stored they fit no image.",
        "Train with larger batches, or use a norm that does not ask the batch (GroupNorm, LayerNorm). Leave "
        "a last batch of one away (drop_last=True)."),
    "dead units": (
        "00", "A unit that gives 0 for all of a batch gets no gradient from it.",
        "Lower the learning rate, look at the biases, or put a norm before the ReLU."),
    "dropout before BatchNorm": (
        "11", "Dropout adds variance in training only. BatchNorm stores it, and divides by too much in eval.",
        "Put dropout behind the last BatchNorm, or recalibrate with dropout off."),
    "GroupNorm of one group": (
        "10", "It takes one mean over all features and all places of a sample. LayerNorm over the features "
        "takes one at each place, so there no place depends on another.",
        "For tokens use nn.LayerNorm(C) with features last. If one mean for all is meant, leave it."),
    "bias before norm": (
        "03", "The norm subtracts the bias with the mean: it does nothing and learns nothing. Mild.",
        "Build the layer with bias=False; beta of the norm is the bias."),
}


class Finding(NamedTuple):
    """kind: one of KINDS; where: names of modules; seen: in numbers; see: the notebook, as "05"."""
    kind: str
    where: str
    seen: str
    why: str
    see: str
    fix: str


def keeps(module):
    """Whether it keeps running statistics, torch's norms and others of the same names."""
    both = getattr(module, "running_mean", None), getattr(module, "running_var", None)
    return all(isinstance(t, torch.Tensor) and not is_lazy(t) for t in both)


def tracked(module):
    count = getattr(module, "num_batches_tracked", None)
    return None if count is None else int(count)


def alike(a, b):
    return a is not None and a.shape == b.shape and torch.equal(a, b)


def count(n, word):
    return f"{n} {word}{'s' * (n != 1)}"


def listed(names, most=4):
    names = sorted(names, key=lambda name: [int(p) if p.isdigit() else 0 for p in name.split(".")]) \
        if isinstance(names, set) else list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def found(kind, names, seen, fix="", why=""):
    """The finding, with the reason and the fix of its kind unless others are given."""
    see, reason, usual = KINDS[kind]
    return Finding(kind, listed(names), seen, why or reason, see, fix or usual)


def apart(a, b):
    """Difference of two answers, rms, as a share of the larger sd; None where they cannot be compared."""
    for x, y in zip(tensors(a), tensors(b)):
        if x.is_floating_point() and x.shape == y.shape and y.isfinite().all() and y.numel() > 1:
            size = max(x.float().std().item(), y.float().std().item(), 1e-12)
            return (x - y).float().pow(2).mean().sqrt().item() / size
    return None


def percent(share):
    return "not measured" if share is None else f"{100 * share:.3g} %"


def not_finite(visit):
    bad = {name: int((~mean.isfinite()).sum() + (~(var >= 0) | var.isinf()).sum())
           for name, (mean, var, _) in visit.start.items()}
    bad = {name: n for name, n in bad.items() if n}
    if bad:
        total = sum(2 * len(visit.start[name][0]) for name in bad)
        yield found("statistics not finite", bad, f"{sum(bad.values())} of {total} running means and "
                    "variances are nan, infinite or below 0.")


def at_start(visit, name):
    mean, var, _ = visit.start[name]
    return not mean.any() and bool((var == 1).all())


def never_moved(visit):
    """At their start although the model was trained: gamma or beta differ from unit to unit, a norm has
    counted batches, or gradients are there. Of a new model eval mode is no fault; it is told.
    """
    stay = [name for name in visit.start if name in visit.heard and at_start(visit, name)]
    sizes = [p for name in visit.start for p in visit.modules[name]._parameters.values() if p is not None]
    trained = (visit.grads or any(len(p.unique()) > 1 for p in sizes)
               or any(batches for _, _, batches in visit.start.values()))
    if stay and (trained or not visit.given and not sizes):
        counts = sorted({visit.start[name][2] or 0 for name in stay})
        off = not all(getattr(visit.modules[name], "track_running_stats", True) for name in stay)
        yield found("statistics at their start", stay, f"Running mean 0 and variance 1 in {len(stay)} of "
                    f"{count(len(visit.start), 'norm')}. Batches counted: {counts[-1]}."
                    + " track_running_stats is False, so they never will move." * off)
    elif stay and not visit.given:
        visit.tell("The norms are as built and saw no batch: in eval mode they use mean 0 and variance 1. "
                   "Right for a new model only.")


def without_mode(visit):
    if visit.eval.error:
        visit.tell(f"In eval mode the model stops at {visit.eval.top}: {visit.eval.error!r:.120}.")
        return
    gap = apart(visit.again.answer, visit.eval.answer)
    if visit.eval.draws:
        names, kinds = ({draw[i]: 0 for draw in visit.eval.draws} for i in (0, 1))
        yield found("dropout without mode", names, f"In eval mode {', '.join(kinds)} draws; two answers to "
                    f"the same batch differ by {percent(gap)} of their sd.")
    elif gap and gap > 1e-3:
        visit.tell(f"Two answers in eval mode differ by {percent(gap)} of their sd, and no dropout draws: "
                   "does the model sample, or keep a state from call to call?")
    wrong = sum(int((~t.isfinite()).sum()) for t in tensors(visit.eval.answer) if t.is_floating_point())
    if wrong:
        visit.tell(f"{wrong} numbers of the answer in eval mode are not finite: later layers cannot be "
                   "judged.")


def train_mode(visit):
    """Modes that disagree, or train mode where nothing can be learned: under no_grad, or all frozen."""
    asks = visit.called(lambda m: keeps(m) and isinstance(m, _NormBase) or dropping(m))
    on = [name for name in asks if visit.modes[name]]
    gap = None if visit.eval.error or visit.train.error else apart(visit.train.answer, visit.eval.answer)
    tells = f"train and eval mode answer this batch differently, by {percent(gap)} of the sd"
    parameters = list(visit.net.parameters())
    frozen = bool(parameters) and not any(p.requires_grad for p in parameters)
    if visit.undone:
        yield found("train mode", visit.undone, "An answer in eval mode changes " + ", ".join(
            f"{name} from {old} to {new}" for name, (old, new) in visit.undone.items()) + ": after it "
            "train mode "
            "drops nothing.", "Ask self.training at each call, and change nothing in eval mode.",
                    "Training that goes on after a score goes on without dropout.")
    if not visit.given and on:
        yield found("train mode", on, f"In train mode, in a model in eval mode: {len(on)} of "
                    f"{count(len(asks), 'norm or dropout layer')}.", "Call model.eval() after anything "
                    "that calls train(). If Monte Carlo dropout is meant, only dropout may stand here.")
    elif visit.given and on and (visit.scoring or frozen):
        why = "gradients are off (no_grad)" if visit.scoring else "no parameter asks for a gradient"
        yield found("train mode", on, f"The model is in train mode, and {why}; {tells}.")
    elif visit.given:
        if on and gap:
            visit.tell(f"Whether train mode is meant: call eval() before answers count ({tells}).")
        off = [name for name in asks if dropping(visit.modules[name]) and not visit.modes[name]
               and visit.modes.get(name.rpartition(".")[0], True)]
        if off:
            yield found("train mode", off, "In eval mode, in a model in train mode: "
                        f"{count(len(off), 'dropout layer')}. They drop nothing.",
                        "Call model.train() before training goes on.", "Training goes on without dropout.")


def batch_norms(visit):
    """(name, module, what it met) of each BatchNorm, in train mode, or in eval mode if train mode stops."""
    for name, met in visit.best.met.items():
        if isinstance(visit.modules[name], _BatchNorm):
            yield name, visit.modules[name], met


def remaining(module, batches):
    """Weight that the start still has in the running statistics; 0 where that cannot be known."""
    momentum = getattr(module, "momentum", None)
    return (1 - momentum) ** batches if batches and momentum and 0 < momentum < 1 else 0.0


def far(visit):
    """A norm's median unit is off by more than SHIFT or RATIO and two standard errors. Where the start still
    weighs in the statistics, they came too slowly (100 batches and more) or it is too early to judge; not
    in eval mode with more start than batches in them, as in averaged weights without buffers.

    The error follows from the means of single samples: pixels of one image do not count as many samples.
    In a deep net that learns fast, some norm always lags: fewer than a tenth of the norms, without the first,
    which sees the data, are told only, unless one is far off (four times SHIFT, RATIO cubed).
    """
    off, slow, early, few, judged = {}, {}, [], [], []
    for name, module, met in batch_norms(visit):
        if name not in visit.start or at_start(visit, name):
            continue
        mean, var, batches = visit.start[name]
        if (var < 0).any() or not all(t.isfinite().all() for t in (mean, var, *(m.var for m in met))):
            continue
        if sum(m.samples for m in met) < FEW:
            few.append(name)
            continue
        left, k = remaining(module, batches), len(met)
        means = torch.stack([m.mean for m in met])
        batch = means.mean(0), sum(m.var for m in met) / k + means.var(0, unbiased=False)
        noise = sum(m.noise for m in met) / k ** 2
        shift, ratio = distance(batch, noise, (mean, var), module.eps)
        judged.append(name)
        if shift < SHIFT and abs(math.log(ratio)) < math.log(RATIO):
            continue
        if batches and batches < 100 and left > 0.05 and (visit.given or left < 0.5):
            early.append(name)
        elif left > 0.2 and batches >= 100:
            slow[name] = batches, left, module.momentum
        else:
            off[name] = shift, ratio
    def size(name):
        return max(off[name][0] / SHIFT / 4, abs(math.log(off[name][1])) / math.log(RATIO) / 3)
    lag = off and len(off) < len(judged) / 10 and judged[0] not in off and max(map(size, off)) < 1
    if off and not lag:
        worst = max(off, key=size)
        shift, ratio = off[worst]
        yield found("statistics far from this batch", off, f"In {worst} the batch's mean is {short(shift)} "
                    f"stored sd off and its variance {short(ratio)} times the stored (median unit, beyond "
                    f"two standard errors). {len(off)} of {count(len(visit.start), 'norm')}."
                    + f" They counted {visit.start[worst][2]} batches." * bool(visit.start[worst][2]))
    if slow:
        batches, left, momentum = max(slow.values(), key=lambda item: item[1])
        yield found("momentum", slow, f"momentum {short(momentum)}: after {batches} batches {percent(left)} "
                    "of the running statistics is still the start (mean 0, variance 1).")
    visit.tell(lag and f"{listed(off)}: running statistics lag behind, in {len(off)} of {len(judged)} norms.",
               early and f"{listed(early)}: too few batches so far to judge the running statistics.",
               few and f"{listed(few)}: running statistics cannot be judged by fewer than {FEW} samples.")


def distance(batch, noise, stored, eps):
    """(shift in stored sd, ratio of variances) of the median unit, less two standard errors: 0, 1 is near."""
    var = stored[1] + eps
    many = ((batch[1] + eps) / (noise + 1e-12)).clamp(min=2)          # independent numbers under a mean
    shift = (batch[0] - stored[0]).abs() - 2 * noise.sqrt()
    ratio = ((batch[1] * many / (many - 1) + eps) / var).log()
    ratio = ratio.sign() * (ratio.abs() - 2 * (2 / many).sqrt()).clamp(min=0)
    return (shift.clamp(min=0) / var.sqrt()).median().item(), ratio.median().exp().item()


def momentum(visit):
    bad = {name: m.momentum for name, m in visit.modules.items()
           if name in visit.start and getattr(m, "momentum", None) is not None
           and not 0 < m.momentum < 0.9}
    if bad:
        values = ", ".join(short(value) for value in sorted({*bad.values()}))
        yield found("momentum", bad, f"momentum is {values} in {count(len(bad), 'norm')}.")
    none = [name for name in visit.called(_BatchNorm)
            if visit.modules[name].running_mean is None]
    visit.tell(none and f"{listed(none)} keep no running statistics: in eval mode, too, an answer depends "
               "on the other samples of the batch.")


def never_called(visit):
    """Modules that no pass called and whose parameters no operation took, without the parts of such ones."""
    used, names = visit.eval.used | visit.train.used, {}
    parts = {name: [other for other in visit.modules if other.startswith(name + ".")]
             for name in visit.modules}
    alive = {name for name, m in visit.modules.items()
             if name in visit.heard or any(id(p) in used for p in m.parameters(recurse=False))}
    for name, module in visit.modules.items():
        if isinstance(module, (nn.ModuleList, nn.ModuleDict)) and len(module):
            branches = [f"{name}.{key}" for key in module._modules]
            idle = [branch for branch in branches if not alive & {branch, *parts.get(branch, ())}]
            if idle:
                visit.tell(f"{name}: called {len(branches) - len(idle)} of {len(branches)} branches; the "
                           "others were not checked.")
            if len(idle) < len(branches):
                alive |= {part for branch in idle for part in (branch, *parts.get(branch, ()))}
        idle = not alive & {name, *parts[name]} and not (isinstance(module, nn.Identity) or paths(module))
        if idle and (len(parts[name]) or not isinstance(module, CONTAINERS)):
            if not any(name.startswith(above + ".") for above in names):
                names[name] = sum(p.numel() for p in module.parameters())
    if names and visit.train.error:
        visit.tell(f"Not called in eval mode: {listed(names)}.")
    elif names:
        yield found("never called", names, f"{count(len(names), 'module')} with {sum(names.values()):,} "
                    "parameters, not called for this batch in train mode or in eval mode.")


def wrong_axis(visit):
    astray = visit.best.astray
    if astray:
        name, (axis, shape, mean) = max(astray.items(), key=lambda item: item[1][2])
        module = visit.modules[name]
        last = isinstance(module, BY_SAMPLE[1:])
        more = "" if last else f" Behind it the mean of a feature is up to {short(mean)} sd from 0."
        yield found("norm over the wrong axis", astray, f"The input of {name} is {shape}. The layer beside "
                    f"it has features on axis {axis}, {type(module).__name__} on "
                    f"{'the last axes' if last else 'axis 1'}.{more}")


def on_the_output(visit):
    """The answer is a linear layer's output after ReLU or dropout, pools and views apart."""
    said = set()
    for answer in tensors(visit.best.answer):
        last = getattr(answer, "made", None)
        last = last.origin() if last and answer.dim() < 4 else None
        drop = last if last and last.op == "drop" else None
        before = drop.came.origin() if drop and drop.came else last
        relu = before if before and before.op == "relu" else None
        linear = relu.came.origin() if relu and relu.came else before
        if not linear or linear.op != "linear":
            continue
        zeros = percent((answer == 0).float().mean().item())
        for kind, made in ("ReLU on the output", relu), ("dropout on the output", drop):
            if made and (kind, made.module) not in said:
                said.add((kind, made.module))
                yield found(kind, [made.module], f"{zeros} of the answer {tuple(answer.shape)} is exactly 0.")


def frozen(visit):
    """Norms whose parameters (or, without any, those of the module around) are all frozen, and still move."""
    def still(name):
        module = visit.modules[name]
        own = list(module.parameters()) or list(
            visit.modules.get(name.rpartition(".")[0], visit.net).parameters())
        return own and not any(p.requires_grad for p in own)
    names = [name for name in visit.start if still(name) and isinstance(visit.modules[name], _NormBase)]
    if not visit.given:
        rest = any(p.requires_grad for p in visit.net.parameters())
        visit.tell(names and rest and f"Frozen norms ({listed(names)}): whether train() sets their "
                   "statistics moving shows only in the mode of your training loop.")
        return
    moved = {name: (visit.later[name] - visit.start[name][0]).abs().div(
             (visit.start[name][1] + 1e-5).sqrt()).median().item() for name in names
             if not alike(visit.later[name], visit.start[name][0])}
    if moved:
        yield found("frozen, but statistics move", moved, "One batch in this mode moved the running means "
                    f"of {count(len(moved), 'frozen norm')}, by {short(max(moved.values()))} sd (median "
                    "unit).")


def small_sets(visit):
    """Of BatchNorms in training: fewer than FEW numbers, or one sample, under a mean; of others below 4.

    Batches of 2 cost ResNet-50 10 points: Wu and He 2018, Group Normalization, section 4.1.
    """
    few, error = {}, visit.train.error
    for name, met in visit.best.met.items():
        module, least = visit.modules[name], min(met, key=lambda m: m.numbers)
        if isinstance(module, _BatchNorm):
            if visit.given and least.training and (least.numbers < FEW or least.samples == 1):
                few[name] = least
        elif least.numbers < 4 and not (isinstance(module, _NormBase) and keeps(module) and not visit.given):
            few[name] = least
    one = "more than 1" in str(error)
    if one and visit.given:
        yield found("small sets", [visit.train.top], f"In train mode it stops: {error}")
    elif few:
        name = min(few, key=lambda name: few[name].numbers)
        least = few[name]
        yield found("small sets", few, f"{name} takes a mean over {count(least.numbers, 'number')}, from "
                    f"{count(least.samples, 'sample')} (input {least.shape}). Such sets: "
                    f"{count(len(few), 'norm')}.")
    if error and not (one and visit.given):
        visit.tell(f"In train mode the model stops at {visit.train.top}: {str(error)[:200]} What only train "
                   "mode shows was not checked.")


def dead_units(visit):
    """More units of a ReLU than half and three standard deviations give 0 for all of the batch.

    A new deep net without norms has half: all its inputs look alike there. Train mode, where norms centre.
    """
    heard = visit.without_dropout or visit.best
    bad = {}
    for name, (alive, n) in heard.alive.items():
        units, dead = len(alive), int((~alive).sum())
        if n >= 32 and units > 4 and dead >= min(units, units / 2 + 1.5 * units ** 0.5):
            bad[name] = dead / units, units, n
    if bad:
        worst = max(bad, key=bad.get)
        share, units, n = bad[worst]
        yield found("dead units", bad, f"{percent(share)} of the {units} units behind the ReLU of {worst} "
                    f"give 0 for all {n:,} numbers of the batch.")
    few = [name for name, (_, n) in heard.alive.items() if n < 32]
    visit.tell(few and f"{listed(few)}: dead units show with 32 numbers a unit or more.")


def dropout_before(visit):
    """Variance that each BatchNorm meets with dropout, mean of four draws, over that without.

    Li et al. 2019, Understanding the Disharmony between Dropout and Batch Normalization, section 3.
    """
    if not visit.without_dropout:
        return
    ratios = {}
    for name, module, _ in batch_norms(visit):
        with_it = [m.var for heard in visit.with_dropout for m in heard.met[name]]
        without = [m.var for m in visit.without_dropout.met[name]]
        if with_it and without and visit.without_dropout.met[name][0].training:
            ratio = (sum(with_it) / len(with_it) + 1e-12) / (sum(without) / len(without) + 1e-12)
            if ratio.median() > DRIFT:
                ratios[name] = ratio.median().item()
    if ratios:
        worst = max(ratios, key=ratios.get)
        yield found("dropout before BatchNorm", ratios, f"{worst} meets {short(ratios[worst])} times the "
                    f"variance with dropout that it meets without (median unit). Above {DRIFT}: "
                    f"{count(len(ratios), 'norm')}.")


def one_group(visit):
    for name, met in visit.best.met.items():
        module, shape = visit.modules[name], met[0].shape
        if isinstance(module, nn.GroupNorm) and module.num_groups == 1 and len(shape) > 2:
            called = " It is called LayerNorm." if "layer" in (name + type(module).__name__).lower() else ""
            yield found("GroupNorm of one group", [name], f"One mean over {met[0].numbers} numbers: "
                        f"{shape[1]} features at {met[0].numbers // shape[1]} places (input "
                        f"{shape}).{called}")


def bias_before(visit):
    """torch's linear layers with a bias whose output only a BatchNorm or InstanceNorm in train mode takes.

    Ioffe and Szegedy 2015, Batch Normalization, section 3.2: the bias can be left away.
    """
    idle = {}
    for made, norm in visit.best.into:
        alone = made.uses == 1
        while made and made.op == "keeps":
            made = made.came
            alone = alone and made is not None and made.uses == 1
        layer = made and visit.modules.get(made.module)
        if (alone and isinstance(layer, (nn.Linear, _ConvNd)) and layer.bias is not None
                and len(layer.bias) == visit.modules[norm].num_features
                and (visit.modules[norm].training if visit.given else visit.heard_modes[norm])):
            idle[made.module] = len(layer.bias)
    if idle:
        yield found("bias before norm", idle, f"{sum(idle.values()):,} numbers of bias, in "
                    f"{count(len(idle), 'layer')}, go straight into a norm that subtracts them.")


LOOKS = (not_finite, never_moved, without_mode, train_mode, far, momentum, never_called, wrong_axis,
         on_the_output, frozen, small_sets, dead_units, dropout_before, one_group, bias_before)
