"""Answers to the exercises of helpers/lessons/batchnorm2d.py, written in another way than there."""
import copy

import torch
from torch import nn
from torch.nn.functional import batch_norm, instance_norm


def by_torch(h, gamma, beta, eps):
    return batch_norm(h, None, None, gamma, beta, training=True, eps=eps)


def as_table(h, gamma, beta, eps):
    N, C, H, W = h.shape
    table = h.movedim(1, 3).reshape(N * H * W, C)
    table = (table - table.mean(0)) / (table.var(0, correction=0) + eps) ** 0.5
    return (gamma * table + beta).view(N, H, W, C).movedim(3, 1)


def channel_by_channel(h, gamma, beta, eps):
    out = torch.empty_like(h)
    for c in range(h.shape[1]):
        x = h[:, c]
        centred = x - x.sum() / x.numel()
        out[:, c] = gamma[c] * centred / ((centred ** 2).mean() + eps).sqrt() + beta[c]
    return out


def affine(x, gamma, beta):
    return x * gamma[None, :, None, None] + beta[None, :, None, None]


def plain(h, eps):
    return batch_norm(h, None, None, training=True, eps=eps)


def centred(h):
    return h - h.mean((0, 2, 3), keepdim=True)


def spread(h, correction=0):
    return h.std((0, 2, 3), correction=correction, keepdim=True)


def per_image(h, gamma, beta, eps):
    return affine(instance_norm(h, eps=eps) if h[0, 0].numel() > 1 else h, gamma, beta)


def scrambled(h, gamma, beta, eps):
    table = h.contiguous().view(-1, h.shape[1])
    return affine(batch_norm(table, None, None, training=True, eps=eps).view(h.shape), gamma, beta)


def flattened(h, gamma, beta, eps):
    units = batch_norm(h.flatten(1), None, None, training=True, eps=eps)
    return affine(units.view(h.shape), gamma, beta)


def across_channels(h, gamma, beta, eps):
    last = h.movedim(1, 3)
    return affine(nn.functional.layer_norm(last, last.shape[-1:], eps=eps).movedim(3, 1), gamma, beta)


def everything(h, gamma, beta, eps):
    return affine((h - h.mean()) / (h.var(correction=0) + eps).sqrt(), gamma, beta)


def by_mean_squares(h, gamma, beta, eps):
    var = (h * h).mean((0, 2, 3), keepdim=True) - h.mean((0, 2, 3), keepdim=True) ** 2
    return affine(centred(h) / (var + eps).sqrt(), gamma, beta)


def over_axes(h, axes, eps):
    off = h - h.mean(axes, keepdim=True)
    return off * torch.rsqrt(off.square().mean(axes, keepdim=True) + eps)


def without_keepdim(h, gamma, beta, eps):
    """(C,) meets the last axis, which is as long."""
    flat = h.transpose(0, 1).flatten(1)
    h_hat = (h - flat.mean(1)) / (flat.var(1, correction=0) + eps).sqrt()
    return affine(h_hat, gamma, beta)


def without_grad(h, gamma, beta, eps):
    with torch.no_grad():
        mean, sd = h.mean((0, 2, 3), keepdim=True), (spread(h) ** 2 + eps) ** 0.5
    return affine((h - mean) / sd, gamma, beta)


def in_numpy(h, gamma, beta, eps):
    h = h.numpy()
    mean, var = h.mean((0, 2, 3), keepdims=True), h.var((0, 2, 3), keepdims=True)
    return affine(torch.from_numpy((h - mean) / (var + eps) ** 0.5), gamma, beta)


def by_layer_norm(h, gamma, beta, eps):
    """Channels first: what is left is normalized whole."""
    first = h.transpose(0, 1)
    return affine(nn.functional.layer_norm(first, first.shape[1:], eps=eps).transpose(0, 1), gamma, beta)


def by_einsum(h, gamma, beta, eps):
    n = h.numel() / h.shape[1]
    off = h - (torch.einsum("nchw->c", h) / n)[:, None, None]
    scale = gamma / torch.sqrt(torch.einsum("nchw,nchw->c", off, off) / n + eps)
    return torch.einsum("c,nchw->nchw", scale, off) + beta[:, None, None]


# ---- uncalled_modules

def called_names(model, x, layers):
    names = []
    hooks = [layer.register_forward_pre_hook(lambda layer, args, name=name: names.append(name))
             for name, layer in layers]
    model(x)
    for hook in hooks:
        hook.remove()
    return names


def leaves(model):
    return [(name, layer) for name, layer in model.named_modules() if next(layer.children(), None) is None]


def in_eval(model, look):
    was = model.training
    model.train(False)
    found = look()
    model.train(was)
    return found


def by_pre_hook(model, x):
    names = in_eval(model, lambda: called_names(model, x, leaves(model)))
    return {name for name, _ in leaves(model) if name not in names}


def by_global_hook(model, x):
    seen = []
    with nn.modules.module.register_module_forward_hook(lambda layer, *_: seen.append(layer)):
        in_eval(model, lambda: model(x))
    return tuple(name for name, layer in leaves(model) if not any(layer is other for other in seen))


def without_gradient(model, x):
    model.zero_grad()
    model(x).sum().backward()
    return [name for name, layer in leaves(model) if [p for p in layer.parameters() if p.grad is None]]


def of_children(model, x):
    children = [(name, layer) for name, layer in model.named_children() if not list(layer.children())]
    names = in_eval(model, lambda: called_names(model, x, children))
    return [name for name, _ in children if name not in names]


def with_containers(model, x):
    names = in_eval(model, lambda: called_names(model, x, model.named_modules()))
    return [name for name, _ in model.named_modules() if name not in names]


def leaves_hooks(model, x):
    names = []
    for name, layer in leaves(model):
        layer.register_forward_hook(lambda layer, args, out, name=name: names.append(name))
    in_eval(model, lambda: model(x))
    return [name for name, _ in leaves(model) if name not in names]


def in_train(model, x):
    names = called_names(model, x, leaves(model))
    return [name for name, _ in leaves(model) if name not in names]


def binds_late(model, x):
    names, hooks = set(), []
    def note(layer, args, out): names.add(name)                # the loop's name, when the layer is called
    for name, layer in leaves(model):
        hooks.append(layer.register_forward_hook(note))
    in_eval(model, lambda: model(x))
    for hook in hooks:
        hook.remove()
    return [name for name, _ in leaves(model) if name not in names]


def stays_in_eval(model, x):
    model.eval()
    return in_train(model, x)


def resets(model, x):
    names = in_train(model, x)
    for layer in model.modules():
        if hasattr(layer, "reset_running_stats"):
            layer.reset_running_stats()
    return names


def always_back_to_train(model, x):
    names = stays_in_eval(model, x)
    model.train()
    return names


def on_a_copy(model, x):
    return in_train(copy.deepcopy(model), x)


def by_wrapping(model, x):
    """Each layer's forward notes its name, and is put back."""
    seen = []
    for name, layer in leaves(model):
        def noting(*args, old=layer.forward, name=name): return seen.append(name) or old(*args)
        layer.forward = noting
    in_eval(model, lambda: model(x))
    for _, layer in leaves(model):
        del layer.forward
    return sorted({name for name, _ in leaves(model)} - {*seen})


def with_state_put_back(model, x):
    state = copy.deepcopy(model.state_dict())
    names = in_train(model, x)
    model.load_state_dict(state)
    return names


# ---- the homework

def by_building(x_shape, channels, k, padding):
    N, C, _, _ = x_shape
    with torch.device("meta"):
        values = nn.Conv2d(C, channels, k, padding=padding)(torch.empty(x_shape)).numel()
    return values * C * k ** 2, values * (C * k ** 2 - 1)


def pixel_by_pixel(x_shape, channels, k, padding):
    N, C, H, W = x_shape
    rows, columns = (len(range(0, side + 2 * padding - k + 1)) for side in (H, W))
    each = sum(1 for _ in range(C) for _ in range(k) for _ in range(k))
    return N * rows * columns * channels * each, N * rows * columns * channels * (each - 1)


def cost(values, products, additions):
    return values * products, values * additions


def area(x_shape, k, padding):
    return int(x_shape[2] + 2 * padding + 1 - k) * int(x_shape[3] + 2 * padding + 1 - k)


def of_torch(padding=2, bias=True):
    """The table of SimpleNet, read off torch's own layers."""
    with torch.device("meta"):                               # shapes without numbers
        side = (((224 + 2 * padding - 4) // 2) + 2 * padding - 4) // 2
        layers = (nn.Conv2d(3, 6, 5, padding=padding, bias=bias), nn.MaxPool2d(2),
                  nn.Conv2d(6, 16, 5, padding=padding, bias=bias), nn.MaxPool2d(2),
                  nn.Linear(16 * side * side, 64, bias=bias), nn.Linear(64, 1, bias=bias))
        rows, x = [], torch.zeros(10, 3, 224, 224)
    for layer in layers:
        x = layer(x.flatten(1) if isinstance(layer, nn.Linear) else x)
        mine = dict(layer.named_parameters())
        numbers = [mine[name].numel() if name in mine else 0 for name in ("weight", "bias")]
        rows.append((*numbers, tuple(x.shape)))
    return rows


def written_out():
    return ((450, 6, (10, 6, 224, 224)), (0, 0, (10, 6, 112, 112)),
            (2400, 16, (10, 16, 112, 112)), (0, 0, (10, 16, 56, 56)),
            (3_211_264, 64, (10, 64)), (64, 1, (10, 1)))


def changed(**rows):
    table = dict(zip(("conv1", "pool1", "conv2", "pool2", "fc1", "fc2"), written_out()))
    return lambda: tuple({**table, **rows}.values())


right = {
    "batchnorm2d": [by_torch, as_table, channel_by_channel, in_numpy, by_layer_norm, by_einsum],
    "uncalled_modules": [by_pre_hook, by_global_hook, on_a_copy, by_wrapping, with_state_put_back],
    "convolution_cost": [by_building, pixel_by_pixel],
    "simple_net": [of_torch, written_out],
}

wrong = {
    "batchnorm2d": {
        "scrambled": scrambled,
        "per_image": per_image,
        "per_pixel": flattened,
        "over_channels": across_channels,
        "over_everything": everything,
        "beta_first": lambda h, gamma, beta, eps: affine(plain(h, eps), gamma, gamma * beta),
        "no_affine": lambda h, gamma, beta, eps: plain(h, eps),
        "last_axis": lambda h, gamma, beta, eps: plain(h, eps) * gamma + beta,
        "variance": lambda h, gamma, beta, eps: affine(centred(h) / (spread(h) ** 2 + eps), gamma, beta),
        "no_eps": lambda h, gamma, beta, eps: affine(centred(h) / spread(h), gamma, beta),
        "eps_outside": lambda h, gamma, beta, eps: affine(centred(h) / (spread(h) + eps), gamma, beta),
        "over_sample": lambda h, gamma, beta, eps: affine(
            nn.functional.group_norm(h, 1, eps=eps), gamma, beta),
        "no_rows": lambda h, gamma, beta, eps: affine(over_axes(h, (0, 3), eps), gamma, beta),
        "no_columns": lambda h, gamma, beta, eps: affine(over_axes(h, (0, 2), eps), gamma, beta),
        "no_keepdim": without_keepdim,
        "no_centre": lambda h, gamma, beta, eps: affine(h / (spread(h) ** 2 + eps) ** 0.5, gamma, beta),
        "mean_per_image": lambda h, gamma, beta, eps: affine(
            (h - h.mean((2, 3), keepdim=True)) / (spread(h) ** 2 + eps) ** 0.5, gamma, beta),
        "per_column": lambda h, gamma, beta, eps: affine(over_axes(h, (0, 1), eps), gamma, beta),
        "sds_apart": lambda h, gamma, beta, eps: affine(
            centred(h) / (h.std((2, 3), correction=0).mean(0)[:, None, None] ** 2 + eps).sqrt(), gamma, beta),
        "absolute": lambda h, gamma, beta, eps: affine(centred(h) / (
            centred(h).abs().mean((0, 2, 3), keepdim=True) ** 2 + eps).sqrt(), gamma, beta),
        "brackets": lambda h, gamma, beta, eps: affine(
            h - h.mean((0, 2, 3), keepdim=True) / (spread(h) ** 2 + eps) ** 0.5, gamma, beta),
        "images_apart": lambda h, gamma, beta, eps: affine(
            centred(h) / (h.var((2, 3), correction=0).mean(0)[:, None, None] + eps).sqrt(), gamma, beta),
        "about_zero": lambda h, gamma, beta, eps: affine(
            centred(h) / (h.pow(2).mean((0, 2, 3))[:, None, None] + eps).sqrt(), gamma, beta),
        "summed": lambda h, gamma, beta, eps: affine(
            centred(h) / (centred(h).pow(2).sum((0, 2, 3))[:, None, None] + eps).sqrt(), gamma, beta),
        "one_pass": by_mean_squares,
        "fixed_statistics": without_grad,
        "unbiased": lambda h, gamma, beta, eps: affine(centred(h) / (spread(h, 1) ** 2 + eps) ** 0.5,
                                                       gamma, beta),
    },
    "uncalled_modules": {
        "modules": lambda model, x: [model.get_submodule(name) for name in by_pre_hook(model, x)],
        "kinds": lambda model, x: [
            type(model.get_submodule(name)).__name__ for name in by_pre_hook(model, x)],
        "short_names": lambda model, x: [name.rpartition(".")[2] for name in by_pre_hook(model, x)],
        "nothing": lambda model, x: [],
        "parametrized": lambda model, x: [name for name in by_pre_hook(model, x)
                                          if [*model.get_submodule(name).parameters()]],
        "norms_only": lambda model, x: [name for name in by_pre_hook(model, x)
                                        if "BatchNorm" in type(model.get_submodule(name)).__name__],
        "every_name": lambda model, x: [name for name, _ in leaves(model)],
        "called": lambda model, x: in_eval(model, lambda: called_names(model, x, leaves(model))),
        "by_gradient": without_gradient,
        "late_name": binds_late,
        "children_only": of_children,
        "containers": with_containers,
        "hooks_left": leaves_hooks,
        "statistics_moved": in_train,
        "statistics_reset": resets,
        "train_always": always_back_to_train,
        "mode_changed": stays_in_eval,
    },
    "convolution_cost": {
        "no_inputs": lambda x, M, k, padding: cost(x[0] * M * area(x, k, padding), k * k, k * k - 1),
        "no_outputs": lambda x, M, k, padding: cost(x[0] * area(x, k, padding),
                                                    x[1] * k * k, x[1] * k * k - 1),
        "one_image": lambda x, M, k, padding: cost(M * area(x, k, padding), x[1] * k * k, x[1] * k * k - 1),
        "no_padding": lambda x, M, k, padding: cost(x[0] * M * area(x, k, 0), x[1] * k * k, x[1] * k * k - 1),
        "same_side": lambda x, M, k, padding: cost(x[0] * M * x[2] * x[3], x[1] * k * k, x[1] * k * k - 1),
        "padding_once": lambda x, M, k, padding: cost(x[0] * M * area(x, k, padding / 2), x[1] * k * k,
                                                      x[1] * k * k - 1),
        "channels_apart": lambda x, M, k, padding: cost(x[0] * M * area(x, k, padding),
                                                        x[1] * k * k, x[1] * (k * k - 1)),
        "off_by_one": lambda x, M, k, padding: cost(
            x[0] * M * area(x, k + 1, padding), x[1] * k * k, x[1] * k * k - 1),
        "square": lambda x, M, k, padding: cost(
            x[0] * M * (x[2] + 2 * padding - k + 1) ** 2, x[1] * k * k, x[1] * k * k - 1),
        "kernel_line": lambda x, M, k, padding: cost(x[0] * M * area(x, k, padding), x[1] * k, x[1] * k - 1),
        "in_all": lambda x, M, k, padding: (x[0] * M * area(x, k, padding) * x[1] * k * k,
                                            x[0] * M * area(x, k, padding) * x[1] * k * k - 1),
        "one_more": lambda x, M, k, padding: cost(x[0] * M * area(x, k, padding), x[1] * k * k, x[1] * k * k),
    },
    "simple_net": {
        "no_padding": lambda: of_torch(padding=0),
        "no_inputs": changed(conv1=(150, 6, (10, 6, 224, 224)), conv2=(400, 16, (10, 16, 112, 112))),
        "one_kernel": changed(conv1=(75, 6, (10, 6, 224, 224)), conv2=(150, 16, (10, 16, 112, 112))),
        "pooling_mixes": changed(pool1=(0, 0, (10, 3, 112, 112)), conv2=(3 * 25 * 16, 16, (10, 16, 112, 112)),
                                 pool2=(0, 0, (10, 8, 56, 56)), fc1=(8 * 56 * 56 * 64, 64, (10, 64))),
        "pooling_learns": changed(pool1=(4, 0, (10, 6, 112, 112)), pool2=(4, 0, (10, 16, 56, 56))),
        "no_biases": lambda: of_torch(bias=False),
        "unpadded_later": changed(conv2=(2400, 16, (10, 16, 108, 108)), pool2=(0, 0, (10, 16, 54, 54)),
                                  fc1=(16 * 54 * 54 * 64, 64, (10, 64))),
        "before_pooling": changed(fc1=(16 * 112 * 112 * 64, 64, (10, 64))),
        "bias_a_kernel": changed(conv1=(450, 18, (10, 6, 224, 224)), conv2=(2400, 96, (10, 16, 112, 112))),
        "no_batch": lambda: tuple((weights, biases, shape[1:]) for weights, biases, shape in written_out()),
        "with_biases": lambda: tuple((weights + biases, biases, shape)
                                     for weights, biases, shape in written_out()),
        "kernel_line": changed(conv1=(90, 6, (10, 6, 224, 224)), conv2=(480, 16, (10, 16, 112, 112))),
        "no_channels": changed(fc1=(56 * 56 * 64, 64, (10, 64))),
        "no_pooling": changed(pool1=(0, 0, (10, 6, 224, 224)), conv2=(2400, 16, (10, 16, 224, 224)),
                              pool2=(0, 0, (10, 16, 224, 224)), fc1=(16 * 224 * 224 * 64, 64, (10, 64))),
        "channels_last": changed(conv1=(450, 6, (10, 224, 224, 6)), pool1=(0, 0, (10, 112, 112, 6)),
                                 conv2=(2400, 16, (10, 112, 112, 16)), pool2=(0, 0, (10, 56, 56, 16))),
        "bias_a_weight": lambda: tuple((weights, weights, shape) for weights, _, shape in written_out()),
    },
}

# wrong answers that are not a mistake by name: what is told of them
others = {"batchnorm2d": {
    "exchanged": (lambda h, gamma, beta, eps: by_torch(h, beta, gamma, eps), "gamma and beta are exchanged."),
    "no beta": (lambda h, gamma, beta, eps: by_torch(h, gamma, 0 * beta, eps), "beta is missing"),
    "no gamma": (lambda h, gamma, beta, eps: by_torch(h, 1 + 0 * gamma, beta, eps), "gamma is missing"),
    "minus beta": (lambda h, gamma, beta, eps: by_torch(h, gamma, -beta, eps), "beta has the wrong sign"),
    "flattened": (lambda h, gamma, beta, eps: by_torch(h, gamma, beta, eps).flatten(1), "has shape (2, 4)"),
    "averaged": (lambda h, gamma, beta, eps: by_torch(h, gamma, beta, eps).mean((2, 3)),
                 "is averaged over axes 2 and 3, which should stay"),
}, "uncalled_modules": {
    "a count": (lambda model, x: len(by_pre_hook(model, x)), "What it returns is not of the kind asked for"),
    "one string": (lambda model, x: ", ".join(sorted(by_pre_hook(model, x))), "what it finds: it gives '"),
}, "simple_net": {
    "padding and inputs of the second only": (
        changed(conv2=(400, 16, (10, 16, 112, 112))), "A kernel spans all input channels"),
    "no batch in the end": (
        changed(fc1=(3211264, 64, (64,)), fc2=(64, 1, (1,))), "The batch of 10 is missing"),
    "something else": (changed(fc1=(1, 64, (10, 64))), "fc1 is (1, 64, (10, 64)); expected"),
}}
