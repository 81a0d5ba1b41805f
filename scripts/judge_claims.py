from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.claims.evidence import Evidence
    from epibench.claims.judge_claims import judge_claims
    from epibench.claims.read_claims import read_claims

    folder = Path(snakemake.output.claims).parent
    table = judge_claims(
        read_claims(snakemake.input.claims),
        Evidence(folder.parent, snakemake.params.settings),
        folder,
    )
    for row in table.itertuples():
        print(f"{row.id}: {row.verdict} ({row.reason})")
