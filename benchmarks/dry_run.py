"""Time dry runs of the paper's study, of one ten times as large, and of one experiment of that.

python benchmarks/dry_run.py [--repeats 5]
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
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
    """Print jobs, trainings and the median time of a dry run."""
    command = [sys.executable, "-m", "snakemake", *arguments, "-n", "--quiet", "rules"]
    seconds = []
    for _ in range(repeats):
        started = time.monotonic()
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - started)
    counts = dict(re.findall(r"^(total|train_run) +(\d+)", result.stdout, re.MULTILINE))
    print(
        f"{name}: {counts['total']} jobs, {counts['train_run']} trainings, "
        f"median {statistics.median(seconds):.2f} s of {[round(s, 2) for s in seconds]}"
    )


if __name__ == "__main__":
    main()
