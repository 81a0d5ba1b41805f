from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.run import train_run

    folder = Path(snakemake.output.model).parent
    train_run(
        Store(Path(snakemake.input.store[0]).parent),
        snakemake.params.settings,
        folder=folder,
        checkpoint=Path(str(folder).replace("/runs/", "/checkpoints/", 1) + ".npz"),
        require_gpu=snakemake.config["require_gpu"],
    )
