from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.run import train_run

    name = snakemake.params.name
    folder = Path(snakemake.output.model).parent
    study = Path(str(folder).removesuffix(f"/runs/{name}")).name

    def beside(kind):
        """Name what belongs to the run and is no output: it stays here with remote storage too."""
        return Path("results", study, kind, name)

    train_run(
        Store(Path(snakemake.input.store[0]).parent),
        snakemake.params.settings,
        name=name,
        folder=folder,
        checkpoint=beside("checkpoints").with_suffix(".npz"),
        tensorboard=beside("tensorboard"),
        job=snakemake.config["training_job"],
    )
