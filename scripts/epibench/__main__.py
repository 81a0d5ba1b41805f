"""The library from the command line: python -m epibench COMMAND."""

import argparse
import sys
from pathlib import Path

from epibench.errors import InputError
from epibench.files import whole


def main() -> int:
    """Run one command; bad input ends with one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m epibench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    docs = commands.add_parser("config-docs", help="write config/README.md from the config's types")
    docs.add_argument("--out", type=Path, default=Path("config/README.md"))
    docs.set_defaults(call=_config_docs)
    runs = commands.add_parser("runs", help="list the runs of a study and what needs them")
    runs.add_argument("config", type=Path)
    runs.set_defaults(call=_runs)
    arguments = parser.parse_args()
    try:
        arguments.call(arguments)
    except InputError as error:
        print(f"epibench: {error}", file=sys.stderr)
        return 1
    return 0


def _config_docs(arguments: argparse.Namespace) -> None:
    from epibench.config.docs import config_docs

    with whole(arguments.out) as path:
        path.write_text(config_docs(), encoding="utf-8")


def _runs(arguments: argparse.Namespace) -> None:
    from epibench.plan import make_plan
    from epibench.typed import read_yaml

    plan = make_plan(read_yaml(arguments.config), [arguments.config])
    for run, experiments in plan.needed.items():
        print(run.name, ",".join(experiments), sep="\t")


if __name__ == "__main__":
    sys.exit(main())
