"""The version of what each rule computes (light: read at parse time)."""

PROTOCOL = {
    "simulate": 1,
    "write_peaks": 1,
    "store": 3,
    "select_targets": 1,
    "train_run": 2,
    "evaluate_run": 3,
    "evaluate_reference": 1,
    "score_variation": 2,
    "write_tracks": 1,
    "write_measured": 1,
    "choose_loci": 1,
    "read_loci": 1,
    "read_variants": 1,
    "score_variants": 1,
    "read_out_variants": 1,
    "run_experiment": 2,
    "compare_runs": 1,
    "rank_predictors": 1,
    "write_report": 4,
}
"""Version of what each rule computes: raised when its results change, so that a corrected formula
reruns what depends on it while an edited comment reruns nothing."""
