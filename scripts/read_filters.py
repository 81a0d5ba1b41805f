from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.interpret.filters import read_filters
    from epibench.interpret.load import load_run

    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    codes = sequences["natural"][: snakemake.params.settings["sequences"]]
    filters = read_filters(predictor.model, codes, predictor.batch_size)
    filters.save(snakemake.output.filters)
    print(f"{len(filters.sites)} filters, {(filters.sites == 0).sum()} without a site")
