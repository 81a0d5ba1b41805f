"""What the input files of a study are (light: read at parse time)."""

from collections.abc import Mapping, Sequence
from typing import Any

from epibench.data.source import parse_source
from epibench.samples import Target


def describe_inputs(
    genome: Mapping[str, Any], targets: Sequence[Target], origins: Mapping[str, str] | None
) -> dict[str, dict[str, Any]]:
    """Say what each input file of the store is used as, and where it came from.

    Parameters
    ----------
    genome : mapping
        `fasta`, `excluded` and, where there is one, `mappability`, with local paths.
    targets : sequence of Target
        With local paths.
    origins : mapping of str to str, or None
        Sources of files that were fetched or converted, by local path; None where everything is
        simulated.

    Returns
    -------
    dict of str to dict
        By local path `uses` (list of str), `source`: an address, the path, or `simulated`, and
        `checksum`, that of the source where it was given, like `md5:...`, or None.
    """
    uses = [(genome["fasta"], "reference sequence")]
    uses += [(path, "excluded regions") for path in genome["excluded"]]
    if mappability := genome.get("mappability"):
        uses.append((mappability["track"], "mappability"))
    for target in targets:
        files = {"track": target.track, "replicate 2": target.replicate2, "peaks": target.peaks}
        uses += [(path, f"{kind} of {target.name}") for kind, path in files.items() if path]
    found: dict[str, dict[str, Any]] = {}
    for path, use in uses:
        described = {"uses": [], "source": "simulated", "checksum": None}
        if origins is not None:
            source = parse_source(origins.get(path, path))
            described["source"] = source.address
            if source.checksum:
                described["checksum"] = f"{source.algorithm}:{source.checksum}"
        found.setdefault(path, described)["uses"].append(use)
    return found
