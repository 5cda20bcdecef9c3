"""Answers to the exercise of helpers/lessons/bug_clinic.py, written in another way than there."""
from copy import deepcopy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd


def quiet(net, kinds=_DropoutNd):
    for layer in net.modules():
        if isinstance(layer, kinds):
            layer.eval()
    return net


@torch.no_grad()
def share(net, batches):
    right = sum((net(x).max(1).indices == y).sum().item() for x, y in batches)
    return right / sum(len(y) for _, y in batches)


def in_turn(net, train, val):
    """A copy in train mode and one in eval mode, for each of the two data."""
    def both(batches):
        return share(quiet(deepcopy(net).train()), batches), share(deepcopy(net).eval(), batches)
    return torch.tensor([*both(train), *both(val)])


def norms_only(net, train, val):
    """Eval mode for all but the norms; eval is asked first, so that one copy is enough."""
    own, found = deepcopy(net), {}
    for mode in "eval", "train":
        own.eval()
        if mode == "train":
            for layer in own.modules():
                if isinstance(layer, _BatchNorm):
                    layer.train()
        for name, batches in ("a", train), ("b", val):
            found[name, mode] = share(own, batches)
    return [found[name, mode] for name in "ab" for mode in ("train", "eval")]


def kept_and_put_back(net, train, val):
    """The net itself, its state kept and put back."""
    modes = {layer: layer.training for layer in net.modules()}
    scores = own_modes_lost(net, train, val)
    for layer, mode in modes.items():
        layer.training = mode
    return scores


def own_modes_lost(net, train, val):
    kept, was, scores = deepcopy(net.state_dict()), net.training, []
    for batches in train, val:
        for mode in (True, False):
            net.load_state_dict(kept)
            scores.append(share(quiet(net.train(mode)), batches))
    net.load_state_dict(kept)
    net.train(was)
    return scores


def statistics_moved(net, train, val):
    """Eval mode first, so that the scores are right; the modes are put back."""
    modes = [(layer, layer.training) for layer in net.modules()]
    a, b = (share(net.eval(), batches) for batches in (train, val))
    scores = [share(quiet(net.train()), batches) for batches in (train, val)]
    for layer, mode in modes:
        layer.training = mode
    return [scores[0], a, scores[1], b]


def one_by_one(net, train, val, asked=lambda net: net, kinds=_DropoutNd, modes=(True, False), mean=share):
    return [mean(quiet(asked(net).train(mode), kinds), batches) for batches in (train, val) for mode in modes]


def mean_of_means(net, batches):
    return sum(share(net, [one]) for one in batches) / len(batches)


def once(net, train, val):
    own = deepcopy(net)
    return one_by_one(own, train, val)


def picked(*places):
    return lambda *given: [in_turn(*given)[k].item() for k in places]


right = {"four_scores": [in_turn, norms_only, kept_and_put_back]}

wrong = {"four_scores": {
    "no_copy": one_by_one,
    "copied_once": once,
    "dropout_on": lambda *given: one_by_one(*given, asked=deepcopy, kinds=()),
    "plain_only": lambda *given: one_by_one(*given, asked=deepcopy, kinds=nn.Dropout),
    "always_eval": picked(1, 1, 3, 3),
    "always_train": picked(0, 0, 2, 2),
    "train_twice": picked(0, 1, 0, 1),
    "splits_swapped": picked(2, 3, 0, 1),
    "modes_swapped": picked(1, 0, 3, 2),
    "modes_outside": picked(0, 2, 1, 3),
    "by_batch": lambda *given: one_by_one(*given, asked=deepcopy, mean=mean_of_means),
    "moved": statistics_moved,
    "left": own_modes_lost,
}}
