"""The samples table: which files belong to which target."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Name the files of one target; what a target lacks is None.

    `track` and `replicate2` are bigWig paths, `peaks` is a BED, narrowPeak or bigBed path, and
    `strand_pair` is the name of the target of the opposite strand.
    """

    name: str
    track: str
    replicate2: str | None = None
    peaks: str | None = None
    strand_pair: str | None = None
