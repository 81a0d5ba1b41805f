from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.run import train_run

    folder = Path(snakemake.output.model).parent

    def beside(kind):
        """Name what belongs to the run and is no output of the workflow."""
        return Path(str(folder).replace("/runs/", f"/{kind}/", 1))

    train_run(
        Store(Path(snakemake.input.store[0]).parent),
        snakemake.params.settings,
        name=snakemake.params.name,
        folder=folder,
        checkpoint=beside("checkpoints").with_suffix(".npz"),
        tensorboard=beside("tensorboard"),
        job=snakemake.config["training_job"],
    )
