"""The quantitative models of Toneyan et al. 2022 (light: read at parse time)."""

from epibench.models.builder import (
    ACTIVATION,
    BOTTLENECK,
    BY_LOSS,
    FIRST_FILTERS,
    OUTPUT,
    Builder,
    Option,
    Options,
    any_bin_size,
    momentum,
    multiple_of_32,
)


def _one_or_pooled(bin_size: int, options: Options) -> str | None:
    """Refuse bins that a length shortened by the first pooling cannot give."""
    pool = options["first_pool"]
    if bin_size > 1 and bin_size % pool:
        return f"its first pooling is {pool}, so a bin size above 1 must be a multiple of {pool}"
    return None


_BPNET = {
    "first_width": Option(25, "width in bp of the first convolution", minimum=1),
    "dilated_layers": Option(
        9, "dilated layers after the first, dilations 2, 4, 8, ...", minimum=1
    ),
    "initializer": Option(
        "glorot_uniform",
        "how weights begin; the paper's search for hyperparameters has he_normal",
        choices=("glorot_uniform", "he_normal"),
    ),
}
_FILTERS = "filters of every convolution before the heads"
_HEAD_WIDTH = "width in bp of the heads' transposed convolution"
_HEADS = {
    "task_heads": Option(
        False, "a convolution of its own for each target in place of one dense head"
    ),
    "head_filters": Option(256, "filters of the layer that all targets share", minimum=1),
    "task_filters": Option(64, "filters of each target's convolution, with task_heads", minimum=1),
}
_DROPOUT = Option(True, "dropout (0.1 to 0.5, as in the paper)")
_COMMON = {"dropout": _DROPOUT, "batch_norm_momentum": momentum(0.99), "output": OUTPUT}

PAPER = {
    "basenji": Builder(
        function="epibench.models.basenji:basenji",
        description="dilated residual convolutions (Kelley et al. 2018, as changed by Toneyan et "
        "al. 2022)",
        bin_size_rule=_one_or_pooled,
        recipe="basenji",
        options={
            "first_filters": Option(
                256,
                "filters of the first convolution; the residual units' bottleneck has half",
                minimum=2,
                multiple_of=2,
            ),
            "first_pool": Option(
                2,
                "pooling after the first convolution (none for bins of 1 bp); more is faster and "
                "blurs positions",
                minimum=1,
            ),
            "last_filters": Option(
                2048, "filters of the last convolution, the width of the embedding", minimum=1
            ),
            "residual_units": Option(11, "number of dilated residual units", minimum=1),
            "dropout": Option(
                True, "dropout in the residual units (0.3) and the last layer (0.05)"
            ),
            "batch_norm_momentum": momentum(0.9),
            "output": OUTPUT,
        },
    ),
    "bpnet": Builder(
        function="epibench.models.bpnet:bpnet",
        description="dilated convolutions at base resolution (Avsec et al. 2021, as changed by "
        "Toneyan et al. 2022)",
        bin_size_rule=any_bin_size,
        recipe="basenji",
        options={
            "filters": Option(256, _FILTERS, minimum=1),
            "head_width": Option(7, _HEAD_WIDTH, minimum=1),
            **_BPNET,
            "output": Option(
                BY_LOSS,
                "activation of the output: softplus keeps coverage positive, linear does not; "
                "by_loss: softplus for losses that need positive predictions, else linear",
                choices=(BY_LOSS, "softplus", "linear"),
            ),
        },
    ),
    "bpnet_original": Builder(
        function="epibench.models.bpnet:bpnet_original",
        description="BPNet with its two heads, profile and counts (Avsec et al. 2021)",
        bin_size_rule=any_bin_size,
        head="profile_counts",
        recipe="basenji",
        options={
            "filters": Option(64, _FILTERS, minimum=1),
            "head_width": Option(25, _HEAD_WIDTH, minimum=1),
            **_BPNET,
        },
    ),
    "cnn_base": Builder(
        function="epibench.models.cnn:cnn_base",
        description="convolutions, and a bottleneck that sees the whole input (the baseline of "
        "Toneyan et al. 2022)",
        bin_size_rule=any_bin_size,
        options={
            "activation": ACTIVATION,
            "first_filters": FIRST_FILTERS,
            "bottleneck": Option(256, BOTTLENECK, minimum=1),
            **_HEADS,
            **_COMMON,
        },
    ),
    "cnn_32": Builder(
        function="epibench.models.cnn:cnn_32",
        description="convolutions pooled to bins of 32 bp: ResidualBind-32 without its residual "
        "blocks, which says what they are worth (not in the paper)",
        bin_size_rule=multiple_of_32,
        options={
            "activation": ACTIVATION,
            "first_filters": FIRST_FILTERS,
            **_HEADS,
            **_COMMON,
        },
    ),
    "residualbind_base": Builder(
        function="epibench.models.residualbind:residualbind_base",
        description="convolutions with dilated residual blocks, and a bottleneck that sees the "
        "whole input (ResidualBind of Toneyan et al. 2022)",
        bin_size_rule=any_bin_size,
        options={
            "activation": ACTIVATION,
            "first_filters": FIRST_FILTERS,
            "bottleneck": Option(512, BOTTLENECK, minimum=1),
            **_HEADS,
            **_COMMON,
        },
    ),
    "residualbind_32": Builder(
        function="epibench.models.residualbind:residualbind_32",
        description="convolutions with dilated residual blocks, pooled to bins of 32 bp "
        "(ResidualBind-32 of Toneyan et al. 2022)",
        bin_size_rule=multiple_of_32,
        options={
            "activation": ACTIVATION,
            "first_filters": Option(
                256,
                "filters of the first convolution; the second and third have 2 and 4 times as many",
                minimum=1,
            ),
            **_HEADS,
            **_COMMON,
        },
    ),
}
