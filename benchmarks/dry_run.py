"""Time dry runs of the paper's study, of one ten times as large, and of one experiment of that.

Tells also what a scheduler gets: jobs that are submitted (not run where `snakemake` runs, and those
of a group together), and the longest chain of jobs that wait for each other.

python benchmarks/dry_run.py [--repeats 5]
"""

import argparse
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PROFILE = ROOT / "workflow" / "profiles" / "default" / "config.yaml"
EXPERIMENT = "gia_flanks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.yaml"
        large.write_text(yaml.safe_dump(ten_times_as_large()), encoding="utf-8")
        cases = {
            "the paper's study": [],
            "ten times as large": ["--configfile", str(large)],
            f"{EXPERIMENT} of that": [EXPERIMENT, "--configfile", str(large)],
        }
        for name, arguments in cases.items():
            report(name, arguments, repeats)


def ten_times_as_large() -> dict[str, Any]:
    """Give the paper's study with ten seeds in place of each."""
    study = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    grids = {id(entry["grid"]): entry["grid"] for entry in study["experiments"].values()}
    for grid in grids.values():
        for part in (grid, *grid.get("include", [])):
            seeds = part.get("seed", 1)
            part["seed"] = list(range(1, 1 + 10 * (len(seeds) if isinstance(seeds, list) else 1)))
    return study


def report(name: str, arguments: list[str], repeats: int) -> None:
    """Print jobs, submissions, the longest chain and the median time of a dry run."""
    seconds = []
    for _ in range(repeats):
        started = time.monotonic()
        call(*arguments, "-n", "--quiet")
        seconds.append(time.monotonic() - started)
    shown = call(*arguments, "-n", "--quiet", "rules").stdout
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", shown, re.MULTILINE)}
    print(
        f"{name}: {counts.pop('total')} jobs, {counts['train_run']} trainings, "
        f"{submissions(counts)} submissions, "
        f"median {statistics.median(seconds):.2f} s of {[round(s, 2) for s in seconds]}"
    )
    print(f"  longest chain: {' > '.join(longest_chain(call(*arguments, '--rulegraph').stdout))}")


def call(*arguments: str) -> subprocess.CompletedProcess:
    """Call snakemake in the repository."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


def submissions(counts: dict[str, int]) -> int:
    """Count what a cluster gets, from the jobs of each rule."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")]
    rules = dict(re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^\S|\Z)", "".join(texts)))
    profile = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    together = dict(entry.split("=") for entry in profile["group-components"])
    submitted = 0
    for rule, count in counts.items():
        text = rules.get(rule, "")
        group = re.search(r'group:\s+"(\w+)"', text)
        if "script:" in text and "localrule: True" not in text:
            submitted += math.ceil(count / int(together[group[1]])) if group else count
    return submitted


def longest_chain(graph: str) -> list[str]:
    """Give the rules of the longest path through a graph of rules in the language dot."""
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    before: dict[str, list[str]] = {}
    for first, then in re.findall(r"(\d+) -> (\d+)", graph):
        before.setdefault(then, []).append(first)

    @cache
    def path(node: str) -> list[str]:
        return [*max(map(path, before.get(node, [])), key=len, default=[]), names[node]]

    return max(map(path, names), key=len)


if __name__ == "__main__":
    main()
