"""The variants with BatchNorm and Hardswish, as PyTorch modules under the authors' names: timm has none of them.

The formulas are those of tests/testing/reference_network.cc. They are written in the form that was the fastest in the
peers: linear layers of MLPs as 1 x 1 convolutions, into which they fold BatchNorm, and attention without a transposed map.
"""
import math
import re

import torch
from torch import nn
from torch.nn import functional as F

POSITIONAL_HIDDEN = 32
NORM_EPS = 1e-5


def tokens(x):
    """[B, C, H, W] to [B, H W, C]."""
    return x.flatten(2).transpose(1, 2)


def planes(x, height, width):
    """The reverse."""
    return x.transpose(1, 2).unflatten(2, (height, width))


def pointwise(x, linear):
    """A linear layer at every place of a map [B, C, H, W]."""
    return F.conv2d(x, linear.weight[:, :, None, None], linear.bias)


def depthwise(channels, kernel, bias):
    return nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=bias)


class Mlp(nn.Module):
    """Norm, two layers and the layer scale, of blocks that have them under these names."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, NORM_EPS)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.empty(channels))

    def mlp(self, x):
        hidden = F.hardswish(pointwise(self.norm(x), self.pwconv1))
        return self.gamma[:, None, None] * pointwise(hidden, self.pwconv2)


class ConvEncoder(Mlp):
    def __init__(self, channels, kernel):
        super().__init__(channels)
        self.dwconv = depthwise(channels, kernel, bias=False)

    def forward(self, x):
        return x + self.mlp(self.dwconv(x))


class PositionalCode(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.token_projection = nn.Conv2d(2 * POSITIONAL_HIDDEN, channels, 1)

    def forward(self, height, width):
        def waves(size):
            angles = torch.arange(1, size + 1) / (size + 1e-6) * 2 * math.pi
            steps = torch.arange(POSITIONAL_HIDDEN) // 2 * 2 / POSITIONAL_HIDDEN
            angles = angles[:, None] / 10000**steps
            return torch.stack((angles[:, 0::2].sin(), angles[:, 1::2].cos()), dim=2).flatten(1)

        rows = waves(height)[:, None, :].expand(-1, width, -1)
        columns = waves(width)[None, :, :].expand(height, -1, -1)
        code = torch.cat((rows, columns), dim=2).permute(2, 0, 1)[None]
        return self.token_projection(code)


class Attention(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.empty(heads, 1, 1))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x):
        # [B, N, 3 C] to three of [B, heads, N, d]
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2))
        q, k = F.normalize(q, dim=2), F.normalize(k, dim=2)
        weights = (q.transpose(2, 3) @ k * self.temperature).softmax(dim=3)
        return self.proj((v @ weights.transpose(2, 3)).transpose(1, 2).flatten(2))


class SdtaEncoder(Mlp):
    def __init__(self, channels, convolution_widths, heads, has_code):
        super().__init__(channels)
        self.widths = convolution_widths
        self.convs = nn.ModuleList(depthwise(width, 3, bias=True) for width in convolution_widths)
        self.pos_embd = PositionalCode(channels) if has_code else None
        self.norm_xca = nn.BatchNorm2d(channels, NORM_EPS)
        self.xca = Attention(channels, heads)
        self.gamma_xca = nn.Parameter(torch.empty(channels))

    def forward(self, x):
        height, width = x.shape[2:]
        *chunks, rest = x.split([*self.widths, x.shape[1] - sum(self.widths)], dim=1)
        convolved = []
        for chunk, convolution in zip(chunks, self.convs):
            convolved.append(convolution(chunk + convolved[-1] if convolved else chunk))
        y = self.norm_xca(torch.cat((*convolved, rest), dim=1))
        if self.pos_embd is not None:
            y = y + self.pos_embd(height, width)
        y = tokens(y)
        y = planes(y + self.gamma_xca * self.xca(y), height, width)
        return x + self.mlp(y)


class BatchNormHardswish(nn.Module):
    """Sized by the shapes of its tensors, which `load_state_dict` then takes: {official name: shape}."""

    def __init__(self, shapes):
        super().__init__()
        dims = [shapes["downsample_layers.0.0.weight"][0]]
        dims += [shapes[f"downsample_layers.{i}.1.weight"][0] for i in (1, 2, 3)]
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, dims[0], 4, 4, bias=False), nn.BatchNorm2d(dims[0], NORM_EPS))])
        for before, after in zip(dims, dims[1:]):
            self.downsample_layers.append(
                nn.Sequential(nn.BatchNorm2d(before, NORM_EPS), nn.Conv2d(before, after, 2, 2, bias=False)))
        self.stages = nn.ModuleList(self._stage(shapes, stage, channels) for stage, channels in enumerate(dims))
        self.norm = nn.BatchNorm2d(dims[3], NORM_EPS)
        self.head = nn.Linear(dims[3], shapes["head.weight"][0])

    @staticmethod
    def _stage(shapes, stage, channels):
        blocks = []
        while f"stages.{stage}.{len(blocks)}.gamma" in shapes:
            prefix = f"stages.{stage}.{len(blocks)}."
            if prefix + "dwconv.weight" in shapes:
                blocks.append(ConvEncoder(channels, shapes[prefix + "dwconv.weight"][2]))
                continue
            convolutions = [name for name in shapes if re.fullmatch(re.escape(prefix) + r"convs\.\d+\.weight", name)]
            blocks.append(SdtaEncoder(channels, [shapes[name][0] for name in convolutions],
                                      heads=shapes[prefix + "xca.temperature"][0],
                                      has_code=prefix + "pos_embd.token_projection.weight" in shapes))
        return nn.Sequential(*blocks)

    def forward(self, x):
        for downsample, stage in zip(self.downsample_layers, self.stages):
            x = stage(downsample(x))
        return self.head(self.norm(x).mean(dim=(2, 3)))
