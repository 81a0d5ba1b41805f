"""What a reader should know of the data before trusting scores: one sentence each."""

from collections.abc import Iterable, Mapping
from typing import Any

from epibench.report.data_tables import total
from epibench.words import SPLITS

MUCH_UNCOVERED = 0.5
"""Share of positions without a value above which a target is named."""

UNEQUAL_MEANS = 1.5
"""Factor between the mean coverage of two splits from which a target is named."""

NEARLY_ALL = 0.99
"""Share of the tiled windows from which a threshold is said to select nothing."""

_LISTED = 6


def cautions(summary: Mapping[str, Any]) -> list[str]:
    """Give a sentence for everything unusual that the summary of the store tells.

    Parameters
    ----------
    summary : mapping
        The store's `summary.json`.
    """
    found = [
        _uncovered(summary),
        *_counted(summary),
        *_unequal(summary),
        _without_peaks(summary),
        _without_windows(summary),
        _idle_thresholds(summary),
        *_sequence_and_records(summary),
    ]
    return [sentence for sentence in found if sentence]


def _uncovered(summary: Mapping[str, Any]) -> str | None:
    """Name the targets that are mostly uncovered."""
    shares = {
        name: total(track, "uncovered") / total(track, "bases")
        for name, track in summary["tracks"].items()
    }
    named = [
        f"{n} ({100 * s:.0f}\N{NO-BREAK SPACE}%)" for n, s in shares.items() if s > MUCH_UNCOVERED
    ]
    policy = {
        "zero": "they count as measured and 0",
        "masked": "windows and test inputs that touch them are left out",
    }[summary["settings"]["coverage"]["uncovered"]]
    return named and (
        f"More than half of the positions have no value in the track of {listed(named)}; {policy}."
    )


def _counted(summary: Mapping[str, Any]) -> Iterable[str | None]:
    """Name the tracks with positions whose stored values are not those of the file."""
    kept = summary["settings"]["coverage"]["negative"] == "keep"
    negative = (
        "Negative values were kept, which Poisson and multinomial losses do not allow for"
        if kept
        else "Negative values were set to 0"
    )
    for key, what in (
        ("beyond_float16", "Values that a 16-bit float cannot hold were clipped to 65,504"),
        ("negative", negative),
        ("stored_nan", "Values stored as NaN count as no value"),
    ):
        counts = {
            f"{which}{name}": total(track, key)
            for kind, which in (("tracks", ""), ("replicate2", "replicate 2 of "))
            for name, track in summary[kind].items()
            if track
        }
        named = [f"{name} ({_positions(count)})" for name, count in counts.items() if count]
        yield named and f"{what}: {listed(named)}."


def _unequal(summary: Mapping[str, Any]) -> Iterable[str | None]:
    """Name the targets whose mean coverage in training is far from that in another split."""
    for split in ("valid", "test"):
        named = []
        for name, track in summary["tracks"].items():
            trained, there = track["train"]["mean"], track[split]["mean"]
            if min(trained, there) <= 0:  # only negative values that are kept make it so
                continue
            if max(trained / there, there / trained) >= UNEQUAL_MEANS:
                named.append(f"{name} ({there / trained:.2g} times that in training)")
        yield named and (
            f"The mean coverage of the {split} chromosomes is far from that of training, so "
            f"raw predictions can be off by such a factor: {listed(named)}."
        )


def _without_peaks(summary: Mapping[str, Any]) -> str | None:
    """Name the targets that have peaks, but none in some split."""
    named = []
    for name, counts in summary["peaks"].items():
        empty = [split for split in SPLITS if counts and not counts[split]]
        if empty:
            named.append(f"{name} ({', '.join(empty)})")
    return named and f"There is no peak at all in a split of {listed(named)}."


def _without_windows(summary: Mapping[str, Any]) -> str | None:
    """Name the targets of which no window of a set has anything."""
    named = []
    for kind, counts in summary["windows_by_target"].items():
        for index, name in enumerate(summary["targets"]):
            empty = [split for split in SPLITS if not counts[split][index]]
            known = kind != "peaks" or summary["peaks"][name]
            if empty and known:
                named.append(f"{name} in {kind} ({', '.join(empty)})")
    return named and (
        "No window is in a set for the sake of some targets, which models then see at low "
        f"coverage only: {listed(named)}."
    )


def _idle_thresholds(summary: Mapping[str, Any]) -> str | None:
    """Name the thresholds that leave out next to nothing."""
    windows = summary["windows"]
    named = []
    for name, counts in windows.items():
        kept = counts["train"] / windows["tiled"]["train"]
        if name.startswith("threshold") and name != "threshold0" and kept > NEARLY_ALL:
            named.append(f"{name} ({100 * kept:.1f}\N{NO-BREAK SPACE}%)")
    return named and (
        f"Nearly all tiled windows of training are in {listed(named)}; a threshold that selects is "
        "higher in these data."
    )


def _sequence_and_records(summary: Mapping[str, Any]) -> Iterable[str | None]:
    """Say what of the sequence and the region files was read as something else, or not."""
    ambiguous = sum(c["ambiguous_letters"] for c in summary["chromosomes"])
    yield ambiguous and (
        f"The sequence has {ambiguous:,} letters for more than one base (R, Y, ...), which count "
        "as N."
    )
    twice = summary["duplicate_peaks"]
    yield twice and (
        f"{twice:,} {'record repeats' if twice == 1 else 'records repeat'} another one of the same "
        "peak file; each region is used once."
    )
    for file, counts in summary["unknown_chromosomes"].items():
        count = sum(counts.values())
        yield (
            f"{count:,} {'record' if count == 1 else 'records'} of {file.rpartition('/')[2]} "
            f"{'was' if count == 1 else 'were'} left out, on chromosomes that the reference "
            f"sequence does not have ({listed(list(counts))})."
        )


def listed(names: list[str]) -> str:
    """Write a list in words, cut short after some names."""
    if len(names) > _LISTED:
        names = [*names[: _LISTED - 1], f"{len(names) - _LISTED + 1} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _positions(count: int) -> str:
    return f"{count:,} position{'' if count == 1 else 's'}"
