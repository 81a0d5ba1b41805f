"""The binary models of Toneyan et al. 2022: does a peak overlap the input? (light)."""

from epibench.models.builder import (
    ACTIVATION,
    BOTTLENECK,
    FIRST_FILTERS,
    Builder,
    Option,
    Options,
    any_bin_size,
    momentum,
)

_COMMON = {"dropout": Option(True, "dropout"), "batch_norm_momentum": momentum(0.99)}


def _poolable(bin_size: int, options: Options) -> str | None:
    """Refuse an input that the first pooling does not divide."""
    if bin_size % options["first_pool"]:
        return f"its first pooling is {options['first_pool']}; make the input a multiple"
    return None


BINARY = {
    "basset": Builder(
        function="epibench.models.basset:basset",
        description="three convolutions and two dense layers (Kelley et al. 2016)",
        bin_size_rule=any_bin_size,
        head="peaks",
        options={
            "activation": ACTIVATION,
            "first_filters": Option(
                300,
                "filters of the first convolution; the others have 2/3 as many",
                minimum=3,
                multiple_of=3,
            ),
            "hidden": Option(1000, "units of each dense layer", minimum=1),
            **_COMMON,
        },
    ),
    "basenji_binary": Builder(
        function="epibench.models.basenji:basenji_binary",
        description="`basenji` with its last convolution averaged over the input",
        bin_size_rule=_poolable,
        head="peaks",
        options={
            "activation": ACTIVATION,
            "first_filters": Option(
                256,
                "filters of the first convolution; the residual units' bottleneck has half",
                minimum=2,
                multiple_of=2,
            ),
            "first_pool": Option(2, "pooling after the first convolution", minimum=1),
            "last_filters": Option(
                2048, "filters of the last convolution, the width of the embedding", minimum=1
            ),
            "residual_units": Option(11, "number of dilated residual units", minimum=1),
            "dropout": Option(
                True, "dropout in the residual units (0.3) and the last layer (0.05)"
            ),
            "batch_norm_momentum": momentum(0.9),
        },
    ),
    "cnn_binary": Builder(
        function="epibench.models.cnn:cnn_binary",
        description="`cnn_base` up to its bottleneck",
        bin_size_rule=any_bin_size,
        head="peaks",
        options={
            "activation": ACTIVATION,
            "first_filters": FIRST_FILTERS,
            "bottleneck": Option(256, BOTTLENECK, minimum=1),
            **_COMMON,
        },
    ),
    "residualbind_binary": Builder(
        function="epibench.models.residualbind:residualbind_binary",
        description="`residualbind_base` with a single head, up to its bottleneck",
        bin_size_rule=any_bin_size,
        head="peaks",
        options={
            "activation": ACTIVATION,
            "first_filters": FIRST_FILTERS,
            "bottleneck": Option(512, BOTTLENECK, minimum=1),
            **_COMMON,
        },
    ),
}
