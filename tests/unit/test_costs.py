"""What the jobs of a study took, by rule."""

from epibench.report.costs import costs_of_rules

RUN = "basenji/threshold2/poisson/bin128/rc+shift/seed1"
HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmean_load\tcpu_time\n"


def write(folder, name, *jobs):
    path = folder / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{s}\t0:00:01\t{rss}\t9\t0.5\t{cpu}\n" for s, rss, cpu in jobs]
    path.write_text(HEAD + "".join(lines))


def test_jobs_are_added_up_by_rule(tmp_path):
    write(tmp_path, "store", (2.5, 121.25, 2.0))
    write(tmp_path, f"train_run/{RUN}", (30.0, 800.0, 55.0))
    write(tmp_path, f"train_run/{RUN.replace('seed1', 'seed2')}", (40.0, 700.0, 60.0))
    write(tmp_path, "run_experiment/resolution", (3.0, "NA", "NA"))
    names = {RUN, RUN.replace("seed1", "seed2"), "resolution"}
    train, experiment, store = costs_of_rules(tmp_path, names)
    assert train == {
        "rule": "train_run",
        "jobs": 2,
        "seconds": 70.0,
        "cpu_seconds": 115.0,
        "longest": 40.0,
        "memory": 800.0,
    }
    assert (store["rule"], store["jobs"], store["memory"]) == ("store", 1, 121.25)
    assert (experiment["memory"], experiment["cpu_seconds"]) == (None, None)


def test_jobs_of_a_former_grid_are_left_out(tmp_path):
    write(tmp_path, f"train_run/{RUN}", (30.0, 800.0, 55.0))
    write(tmp_path, "run_experiment/old", (3.0, 80.0, 5.0))
    write(tmp_path, "write_measured/bin64", (3.0, 80.0, 5.0))
    assert costs_of_rules(tmp_path, {"resolution", "bin32"}) == []
    assert costs_of_rules(tmp_path / "none", {RUN}) == []


def test_a_file_without_a_line_counts_for_nothing(tmp_path):
    write(tmp_path, "store")
    assert costs_of_rules(tmp_path, set()) == []


def test_of_a_job_that_was_tried_again_the_last_try_counts(tmp_path):
    write(tmp_path, "store", (9.0, 100.0, 9.0), (2.0, 50.0, 1.0))
    assert costs_of_rules(tmp_path, set())[0]["seconds"] == 2.0
