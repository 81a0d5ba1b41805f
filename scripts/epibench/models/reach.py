"""Find which part of the input each bin of a model can see."""

from dataclasses import dataclass

import keras
from keras import layers

from epibench.models.layers import OneHot

_POINTWISE = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.Identity,
    layers.Dense,
    layers.Dropout,
    layers.SpatialDropout1D,
    OneHot,
)
_POOLINGS = (layers.MaxPooling1D, layers.AveragePooling1D)
_MERGES = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum)


@dataclass(frozen=True)
class Reach:
    """What the positions of a layer's output see of the input.

    Position i sees `stride * i - left` up to and including `stride * i + right`, in bp.
    """

    stride: int
    left: int
    right: int

    @property
    def field(self) -> int:
        """Give the receptive field in bp."""
        return self.left + self.right + 1

    def wider(self, left: int, right: int) -> "Reach":
        """Add positions of this layer on both sides."""
        return Reach(self.stride, self.left + self.stride * left, self.right + self.stride * right)


def reach_of(model: keras.Model) -> Reach | None:
    """Find what each bin of the output sees, from the layers of the model.

    The walk knows convolutions, poolings and layers that treat every position alike; it never says
    less than what is seen. Everything else (flattening, attention, global pooling, a layer of
    somebody's own) is taken to see the whole input.

    Parameters
    ----------
    model : keras.Model
        From sequences (batch, length, 4) or base codes (batch, length) to (batch, bins, targets).

    Returns
    -------
    Reach or None
        None where a bin may see everything.
    """
    if len(model.outputs) != 1 or len(model.inputs) != 1:
        return None
    known: dict[int, Reach | None] = {}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input:
                found = Reach(1, 0, 0)
            else:
                parents = [known[id(tensor)] for tensor in node.input_tensors]
                found = _through(node.operation, parents)
            for tensor in node.outputs:
                known[id(tensor)] = found
    return known[id(model.outputs[0])]


def _through(layer: keras.Layer, parents: list[Reach | None]) -> Reach | None:
    """Give what the output of a layer sees, from what its inputs see."""
    if None in parents:
        return None
    reach = parents[0]
    if isinstance(layer, (*_MERGES, layers.Concatenate)):
        return _merged(layer, parents)
    if isinstance(layer, keras.Model):
        inner = reach_of(layer)
        return inner and Reach(
            reach.stride * inner.stride,
            reach.left + reach.stride * inner.left,
            reach.right + reach.stride * inner.right,
        )
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    if isinstance(layer, layers.Conv1D | layers.DepthwiseConv1D | layers.SeparableConv1D):
        return _convolved(layer, reach)
    if isinstance(layer, layers.Conv1DTranspose):
        return _transposed(layer, reach)
    if isinstance(layer, _POOLINGS):
        return _pooled(layer, reach)
    if isinstance(layer, layers.BatchNormalization | layers.LayerNormalization):
        axis = layer.axis if isinstance(layer.axis, int) else layer.axis[-1]
        several = not isinstance(layer.axis, int) and len(layer.axis) > 1
        return reach if axis in (-1, 2) and not several else None
    return reach if isinstance(layer, _POINTWISE) else None


def _merged(layer: keras.Layer, parents: list[Reach]) -> Reach | None:
    """Join what several inputs see, position by position."""
    if isinstance(layer, layers.Concatenate) and layer.axis not in (-1, 2):
        return None
    if len({reach.stride for reach in parents}) > 1:
        return None
    left, right = (max(getattr(reach, side) for reach in parents) for side in ("left", "right"))
    return Reach(parents[0].stride, left, right)


def _convolved(layer: keras.Layer, reach: Reach) -> Reach | None:
    width = layer.kernel_size[0]
    if layer.padding != "same" or layer.strides not in (1, (1,)):
        return None
    dilation = layer.dilation_rate
    total = (width - 1) * (dilation if isinstance(dilation, int) else dilation[0])
    return reach.wider(total // 2, total - total // 2)


def _transposed(layer: keras.Layer, reach: Reach) -> Reach | None:
    if layer.padding != "same" or layer.strides != (1,) or layer.dilation_rate != (1,):
        return None
    half = (layer.kernel_size[0] - 1) // 2 + 1  # which side is longer differs between backends
    return reach.wider(half, half)


def _pooled(layer: keras.Layer, reach: Reach) -> Reach | None:
    pool, stride = (v if isinstance(v, int) else v[0] for v in (layer.pool_size, layer.strides))
    if pool != stride or layer.padding != "valid":
        return None
    wider = reach.wider(0, pool - 1)
    return Reach(reach.stride * pool, wider.left, wider.right)
