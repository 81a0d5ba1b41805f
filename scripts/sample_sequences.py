from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.store import Store
    from epibench.interpret.sample import sample_sequences, save_sequences

    store = Store(Path(snakemake.input.store[0]).parent)
    sequences = sample_sequences(store, snakemake.params.settings)
    save_sequences(sequences, snakemake.output.sequences)
    for kind in ("natural", "shuffled"):
        print(f"{kind}: {len(sequences[kind])} sequences")
