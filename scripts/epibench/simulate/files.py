"""Name the files of a simulated study (light: read at parse time)."""

from pathlib import Path

SHORTEST_CHROMOSOME = 100_000
"""Length in bp below which gaps and elements leave too little."""


def simulated_files(folder: str | Path, cell_types: tuple[str, ...] | list[str]) -> dict:
    """Name the files that `simulate` writes.

    Parameters
    ----------
    folder : str or Path
    cell_types : sequence of str

    Returns
    -------
    dict
        Paths (str) under "fasta", "unmappable", "elements", "motifs" and "mutagenesis", and under
        "targets", by cell type, "track", "replicate2", "peaks" and "truth".
    """
    folder = Path(folder)
    targets = {
        cell: {
            "track": str(folder / f"{cell}.rep1.bw"),
            "replicate2": str(folder / f"{cell}.rep2.bw"),
            "peaks": str(folder / f"{cell}.narrowPeak"),
            "truth": str(folder / f"{cell}.truth.bw"),
        }
        for cell in cell_types
    }
    return {
        "fasta": str(folder / "genome.fa.gz"),
        "unmappable": str(folder / "unmappable.bed"),
        "elements": str(folder / "truth_elements.tsv"),
        "motifs": str(folder / "truth_motifs.tsv"),
        "mutagenesis": str(folder / "truth_mutagenesis.tsv"),
        "targets": targets,
    }
