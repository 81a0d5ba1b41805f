import csv

from epibench.files import whole
from epibench.rule import job

with job(snakemake.log[0]):
    rows = snakemake.params.runs
    with whole(snakemake.output[0]) as path, open(path, "w", newline="") as handle:
        table = csv.DictWriter(handle, rows[0], delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
