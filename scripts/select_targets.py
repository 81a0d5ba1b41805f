from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.copies import own_copies
    from epibench.data.correlate_targets import correlate_targets
    from epibench.data.settings import CoverageSettings, GenomeFiles, SplitSettings
    from epibench.data.write_selection import write_selection
    from epibench.samples import Target

    results = Path(snakemake.output[0]).parents[2]
    settings = own_copies(snakemake.params.settings, results)
    targets = [Target(**target) for target in settings["targets"]]
    found = correlate_targets(
        targets,
        genome=GenomeFiles(**settings["genome"]),
        splits=SplitSettings(**settings["splits"]),
        coverage=CoverageSettings(**settings["coverage"]),
    )
    folder = Path(snakemake.output.correlation).parent
    write_selection(folder, targets, found, settings["max_correlation"], settings["samples"])
