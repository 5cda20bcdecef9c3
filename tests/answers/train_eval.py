"""Answers to the exercises of helpers/lessons/train_eval.py, written in another way than there."""
import copy

import torch
from torch import nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_linear_bn_weights
from torch.optim.swa_utils import update_bn

# update_running

def by_torch(running_mean, running_var, h, momentum):
    mean, var = running_mean.clone(), running_var.clone()
    batch_norm(h, mean, var, training=True, momentum=momentum)
    return mean, var


def by_a_step(running_mean, running_var, h, momentum):
    centred = h - h.mean(0, keepdim=True)
    sample_var = (centred ** 2).sum(0) / (h.shape[0] - 1)
    return running_mean + momentum * (h.mean(0) - running_mean), torch.lerp(running_var, sample_var, momentum)


def blend(old, new, weight_of_new):
    return old + weight_of_new * (new - old)


def about_the_new_mean(running_mean, running_var, h, momentum):
    mean = blend(running_mean, h.mean(0), momentum)
    return mean, blend(running_var, ((h - mean) ** 2).sum(0) / (len(h) - 1), momentum)


# recalibrate

def norms(net, frozen_too=False):
    """torch's update_bn finds them in this way, too."""
    return [m for m in net.modules() if issubclass(type(m), _BatchNorm) and (frozen_too or m.training)]


def pass_through(net, batches):
    with torch.no_grad():
        for batch in batches:
            net(batch)


def by_shares(net, batches):
    """Momentum 1/k by hand, k counting the batches; dropout replaced by p = 0."""
    chosen, drops = norms(net), [m for m in net.modules() if isinstance(m, nn.Dropout)]
    kept, rates = {m: m.momentum for m in chosen}, [m.p for m in drops]
    for m in drops:
        m.p = 0.0
    for k, batch in enumerate(batches, 1):
        for m in chosen:
            m.momentum = 1 / k
        with torch.inference_mode():
            net(batch)
    for m in chosen:
        m.momentum = kept[m]
    for m, p in zip(drops, rates):
        m.p = p
    net.eval()
    return net


def by_tool(net, batches):
    """update_bn on a net whose dropout is taken out and whose frozen layers are put back."""
    frozen = [(m, copy.deepcopy(m.state_dict())) for m in norms(net, True) if not m.training]
    drops = [(m, m.p) for m in net.modules() if isinstance(m, nn.Dropout)]
    for m, _ in drops:
        m.p = 0.0
    modes = [m for m, _ in frozen]
    net.train(), [m.eval() for m in modes]
    update_bn(batches, net)
    for m, state in frozen:
        m.load_state_dict(state)
    for m, p in drops:
        m.p = p
    return net.eval()


def with_momentum(net, batches, value, reset=True, back=True, frozen_too=False, only=_BatchNorm):
    chosen = [n for n in norms(net, frozen_too) if isinstance(n, only)]
    old = [n.momentum for n in chosen]
    net.eval()
    for n in chosen:
        if reset:
            n.reset_running_stats()
        if value != "as it is":
            n.momentum = value
        n.train()
    pass_through(net, batches)
    if back:
        for n, momentum in zip(chosen, old):
            n.momentum = momentum
    return net.eval()


def in_eval(net, batches):
    chosen = norms(net)
    for n in chosen:
        n.reset_running_stats()
    pass_through(net.eval(), batches)
    return net


def with_dropout(net, batches):
    chosen, old = norms(net), [n.momentum for n in norms(net)]
    for n in chosen:
        n.reset_running_stats()
        n.momentum = None
    pass_through(net, batches)  # in the modes in which it came
    for n, momentum in zip(chosen, old):
        n.momentum = momentum
    return net.eval()


def in_train(net, batches):
    return with_momentum(net, batches, None).train()


# fold

def by_fusion(weight, bias, gamma, beta, mean, var, eps):
    return fuse_linear_bn_weights(weight, bias, mean, var, eps, gamma, beta)


def by_asking(weight, bias, gamma, beta, mean, var, eps):
    """Feed the two layers the origin and the unit vectors."""
    def both(x):
        return batch_norm(x @ weight.T + bias, mean, var, gamma, beta, training=False, eps=eps)
    origin = both(torch.zeros(1, weight.shape[1]))
    return (both(torch.eye(weight.shape[1])) - origin).T, origin[0]


def folded(weight, bias, gamma, mean, root, beta):
    factor = gamma / root
    return torch.diag(factor) @ weight, (bias - mean) * factor + beta


def root(var, eps):
    return (var + eps) ** 0.5


def bias_unscaled(weight, bias, gamma, beta, mean, var, eps):
    factor = gamma / root(var, eps)
    return torch.einsum("o,oi->oi", factor, weight), bias - mean * factor + beta


def mean_unscaled(weight, bias, gamma, beta, mean, var, eps):
    factor = gamma / root(var, eps)
    return torch.einsum("o,oi->oi", factor, weight), bias * factor - mean + beta


def to_one_tenth(net, batches):
    chosen = norms(net)
    net = with_momentum(net, batches, None)
    for layer in chosen:
        layer.momentum = 0.1
    return net


right = {
    "update_running": [by_torch, by_a_step],
    "recalibrate": [by_tool, by_shares],
    "fold": [by_fusion, by_asking],
}

wrong = {
    "update_running": {
        "over_features": lambda m, v, h, k: by_torch(m, v, h.T, k),
        "over_everything": lambda m, v, h, k: (blend(m, h.mean(), k), blend(v, h.var(), k)),
        "added": lambda m, v, h, k: (m + k * h.mean(0), v + k * h.var(0)),
        "averaged": lambda m, v, h, k: ((m + h.mean(0)) / 2, (v + h.var(0)) / 2),
        "reversed": lambda m, v, h, k: by_torch(m, v, h, 1 - k),
        "deviation": lambda m, v, h, k: (by_torch(m, v, h, k)[0], blend(v, h.std(0), k)),
        "around_running": about_the_new_mean,
        "around_old": lambda m, v, h, k: (
            blend(m, h.mean(0), k), blend(v, ((h - m) ** 2).sum(0) / (len(h) - 1), k)),
        "about_zero": lambda m, v, h, k: (blend(m, h.mean(0), k), blend(v, (h ** 2).mean(0), k)),
        "twice": lambda m, v, h, k: (blend(m, h.mean(0), k), blend(v, h.var(0) * len(h) / (len(h) - 1), k)),
        "upside": lambda m, v, h, k: (
            blend(m, h.mean(0), k), blend(v, h.var(0, correction=0) * (len(h) - 1) / len(h), k)),
        "biased": lambda m, v, h, k: (blend(m, h.mean(0), k), blend(v, h.var(0, correction=0), k)),
    },
    "recalibrate": {
        "in_eval": in_eval,
        "last_only": lambda net, batches: with_momentum(net, batches, 1.0),
        "keeps_momentum": lambda net, batches: with_momentum(net, batches, "as it is"),
        "no_reset": lambda net, batches: with_momentum(net, batches, None, reset=False),
        "dropout_on": with_dropout,
        "frozen_too": lambda net, batches: with_momentum(net, batches, None, frozen_too=True),
        "only_1d": lambda net, batches: with_momentum(net, batches, None, only=nn.BatchNorm1d),
        "left_in_train": in_train,
        "one_momentum": to_one_tenth,
        "momentum_lost": lambda net, batches: with_momentum(net, batches, None, back=False),
    },
    "fold": {
        "weight_left": lambda w, b, g, beta, m, v, eps: (w, (b - m) * g / root(v, eps) + beta),
        "columns": lambda w, b, g, beta, m, v, eps: (w * g / root(v, eps), (b - m) * g / root(v, eps) + beta),
        "variance": lambda w, b, g, beta, m, v, eps: folded(w, b, g, m, v + eps, beta),
        "bias_left_out": lambda w, b, g, beta, m, v, eps: folded(w, 0 * b, g, m, root(v, eps), beta),
        "bias_unscaled": bias_unscaled,
        "mean_unscaled": mean_unscaled,
        "mean_left_out": lambda w, b, g, beta, m, v, eps: folded(w, b, g, 0, root(v, eps), beta),
        "all_unscaled": lambda w, b, g, beta, m, v, eps: (
            folded(w, b, g, m, root(v, eps), beta)[0], b - m + beta),
        "beta_scaled": lambda w, b, g, beta, m, v, eps: folded(
            w, b + beta, g, m, root(v, eps), 0),
        "multiplied": lambda w, b, g, beta, m, v, eps: folded(w, b, g, m, 1 / root(v, eps), beta),
        "no_beta": lambda w, b, g, beta, m, v, eps: folded(w, b, g, m, root(v, eps), 0),
        "no_gamma": lambda w, b, g, beta, m, v, eps: folded(w, b, torch.ones_like(g), m, root(v, eps), beta),
        "no_eps": lambda w, b, g, beta, m, v, eps: folded(w, b, g, m, v.sqrt(), beta),
        "eps_outside": lambda w, b, g, beta, m, v, eps: folded(w, b, g, m, v.sqrt() + eps, beta),
    },
}
