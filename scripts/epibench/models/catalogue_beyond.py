"""Models that the paper does not have, each with its reason and reference (light)."""

from epibench.models.builder import (
    OUTPUT,
    Builder,
    Option,
    Options,
    any_bin_size,
    momentum,
    multiple_of_32,
)


def _halves_or_multiple_of_tokens(bin_size: int, options: Options) -> str | None:
    """Refuse bins that neither tokens add up to nor halving a token leads to."""
    token = 2 ** options["poolings"]
    if bin_size % token and token % bin_size:
        return (
            f"with {options['poolings']} poolings it must be a power of 2 up to {token} or a "
            f"multiple of {token}"
        )
    return None


BEYOND = {
    "dilated_profile_counts": Builder(
        function="epibench.models.dilated_profile_counts:dilated_profile_counts",
        description="dilated convolutions with a profile and a count head, in the manner of "
        "ChromBPNet (Pampari et al. 2024), without its bias model; because it learns where "
        "coverage lies apart from how much there is",
        bin_size_rule=any_bin_size,
        head="profile_counts",
        recipe="basenji",  # as the BPNet models: no decay, stops early
        options={
            "filters": Option(
                256, "filters of every convolution before the heads (ChromBPNet: 512)", minimum=1
            ),
            "first_width": Option(21, "width in bp of the first convolution", minimum=1),
            "dilated_layers": Option(
                8, "dilated layers after the first, dilations 2, 4, 8, ...", minimum=1
            ),
            "profile_width": Option(75, "width in bp of the profile's convolution", minimum=1),
            "dropout": Option(False, "dropout of 0.2 before the heads (ChromBPNet has none)"),
        },
    ),
    "convnext": Builder(
        function="epibench.models.convnext:convnext",
        description="ConvNeXt blocks behind a convolution at base resolution (after Liu et al. "
        "2022), pooled to bins of 32 bp; because depthwise convolutions buy width and depth with "
        "few operations",
        bin_size_rule=multiple_of_32,
        recipe="decay",  # as the other models that pool to 32 bp
        options={
            "first_filters": Option(
                128,
                "filters of the first convolution and features of the first stage; the second and "
                "third have 2 and 4 times as many",
                minimum=1,
            ),
            "blocks": Option(2, "blocks in each of the three stages", minimum=1),
            "depthwise_width": Option(
                7,
                "width of the depthwise convolutions, in positions of 4, 16 and 32 bp",
                minimum=1,
            ),
            "dropout": Option(True, "dropout of 0.1 in every block and before the output"),
            "batch_norm_momentum": momentum(0.9),
            "output": OUTPUT,
        },
    ),
    "conv_attention": Builder(
        function="epibench.models.conv_attention:conv_attention",
        description="convolutions that pool to tokens and self-attention among them (after "
        "Enformer, Avsec et al. 2021, and Borzoi, Linder et al. 2025); because every bin sees the "
        "whole input, weighted by content and distance",
        bin_size_rule=_halves_or_multiple_of_tokens,
        recipe="decay",  # attention gains from a smaller learning rate late in training
        options={
            "first_filters": Option(
                128, "filters of the first convolution; the tower grows from these", minimum=1
            ),
            "poolings": Option(
                5, "halvings before the attention; 5 make tokens of 32 bp", minimum=2
            ),
            "heads": Option(8, "attention heads", minimum=1),
            "head_features": Option(
                32, "features of a head; tokens have heads x head_features", minimum=1
            ),
            "blocks": Option(4, "transformer blocks", minimum=1),
            "dropout": Option(
                True, "dropout of 0.2 in every transformer block and 0.1 before the output"
            ),
            "batch_norm_momentum": momentum(0.9),
            "output": OUTPUT,
        },
    ),
}
