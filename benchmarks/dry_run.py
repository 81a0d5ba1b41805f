"""Time `snakemake -n --quiet rules` on the paper's study: python benchmarks/dry_run.py."""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPEATS = 5


def main() -> None:
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules"]
    seconds = []
    for _ in range(REPEATS):
        started = time.monotonic()
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - started)
    jobs = re.search(r"^total +(\d+)", result.stdout + result.stderr, re.MULTILINE)
    print(f"jobs {jobs[1] if jobs else '?'}")
    print(
        f"median {statistics.median(seconds):.2f} s of {REPEATS}: {[round(s, 2) for s in seconds]}"
    )


if __name__ == "__main__":
    main()
