# Experiments whose analysis looks into the models. `snakemake interpret` makes those that the study
# has switched on.


rule interpret:
    input:
        files_of_experiments(PLAN.experiments_of_stage("interpret")),
