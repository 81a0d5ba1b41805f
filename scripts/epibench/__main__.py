"""The library from the command line: python -m epibench COMMAND."""

import argparse
import os
import re
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
    best = commands.add_parser(
        "best", help="print the model entry with the lowest validation loss of an experiment"
    )
    best.add_argument("experiment")
    best.add_argument(
        "--configfile",
        type=Path,
        default=Path("config/config.yaml"),
        help="the study's config (default: %(default)s)",
    )
    best.set_defaults(call=_best)
    again = commands.add_parser(
        "remake", help="write the config that a run was made with, and say how to make it again"
    )
    again.add_argument("run", type=Path, metavar="RUN_FOLDER")
    again.add_argument("out", type=Path, metavar="FOLDER", help="for config.yaml and samples.tsv")
    again.set_defaults(call=_remake)
    _add_estimate(commands)
    _add_encode(commands)
    _add_import_weights(commands)
    _add_variants(commands)
    arguments = parser.parse_args()
    try:
        arguments.call(arguments)
        sys.stdout.flush()
    except InputError as error:
        print(f"epibench: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # what readers do not say themselves: mostly where output should go
        if error.strerror is None:
            raise
        where = error.filename or "the output"
        print(
            f"epibench: {where}: {error.strerror}; check the path and the space on the disk",
            file=sys.stderr,
        )
        return 1
    return 0


def _add_estimate(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "estimate",
        help="say what the trainings of a study will take, before it is run",
        description="Estimate training time and disk from recorded speeds: those of finished runs "
        "of the same model, or of the shipped table (CPU only). Epochs are those that such runs "
        "took, or else the largest number that the recipe allows, which early stopping cuts short. "
        "Hours are those of one device that trains one run at a time; evaluation is not counted.",
    )
    command.add_argument("config", type=Path)
    add = command.add_argument
    add(
        "--windows",
        type=int,
        help="training windows of every set, where no store has been made that knows them",
    )
    add(
        "--examples-per-second",
        action="append",
        default=[],
        metavar="[BUILDER=]NUMBER",
        help="speed of your device, for all models or for one builder",
    )
    add(
        "--results",
        type=Path,
        default=Path("results"),
        help="folder of studies with finished runs (default: %(default)s)",
    )
    add("--tsv", action="store_true", help="tabs between columns, with the source of each speed")
    command.set_defaults(call=_estimate)


def _estimate(arguments: argparse.Namespace) -> None:
    from dataclasses import asdict, fields

    from epibench.estimate import Line, disk, estimate, parse_speeds, table_of
    from epibench.make_plan import make_plan
    from epibench.report.shown import readable_bytes
    from epibench.typed import read_yaml

    plan = make_plan(read_yaml(arguments.config), [arguments.config])
    lines = estimate(
        plan,
        windows=arguments.windows,
        given=parse_speeds(arguments.examples_per_second),
        results=arguments.results,
    )
    if arguments.tsv:
        print("\t".join(field.name for field in fields(Line)))
        for line in lines:
            values = asdict(line).values()
            print("\t".join("unknown" if value is None else str(value) for value in values))
        return
    needs_gpu = plan.study.training.require_gpu is True
    rows = table_of(lines, "GPU-hours" if needs_gpu else "hours")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        print("  ".join(cells))
    print("\nSpeeds and epochs:")
    for source in dict.fromkeys(line.source for line in lines):
        models = dict.fromkeys(line.model for line in lines if line.source == source)
        print(f"  {source}: {', '.join(models)}")
    print("\nDisk:")
    for what, size, source in disk(plan):
        print(f"  {what}: {'unknown' if size is None else readable_bytes(size)} ({source})")


def _add_encode(commands: argparse._SubParsersAction) -> None:
    from epibench.data.choose_files import Wish

    encode = commands.add_parser(
        "encode",
        help="write a samples table of ENCODE experiments to standard output",
        description="Ask ENCODE for the tracks and peaks of experiments and write a samples table, "
        "each file with its md5 and size. What was chosen, is missing or doubtful is said on "
        "standard error.",
    )
    encode.add_argument("accessions", nargs="+", metavar="ENCSR...", help="experiments, a row each")
    add = encode.add_argument
    default = " (default: %(default)s)"
    add("--assembly", default=Wish.assembly, help="genome assembly" + default)
    add("--output-type", default=Wish.output_type, help="kind of track" + default)
    add("--peak-type", default=Wish.peak_type, help="kind of peaks" + default)
    add(
        "--peaks",
        choices=["replicate1", "pooled"],
        default=Wish.peaks,
        help="peaks of the replicate of the track, or of all replicates, which the second one then "
        "is no longer independent of" + default,
    )
    add(
        "--replicates",
        default="1,2",
        help="biological replicates of the track and of the second track" + default,
    )
    add(
        "--target",
        action="append",
        default=[],
        metavar="ENCSR...=NAME",
        help="name of the target of one experiment; otherwise that of the biosample",
    )
    add(
        "--allow-archived",
        action="store_true",
        help="take archived and revoked experiments, analyses and files as well",
    )
    add("--out", type=Path, help="file to write once all is known, in place of standard output")
    encode.set_defaults(call=_encode)


def _encode(arguments: argparse.Namespace) -> None:
    from epibench.data.choose_files import Wish
    from epibench.data.encode import make_samples

    replicates = arguments.replicates.split(",")
    if len(replicates) != 2 or not all(re.fullmatch("[0-9]{1,4}", part) for part in replicates):
        raise InputError(f"--replicates {arguments.replicates}: give two numbers, such as 1,2")
    names = dict(entry.partition("=")[::2] for entry in arguments.target)
    wish = Wish(
        arguments.assembly,
        arguments.output_type,
        arguments.peak_type,
        arguments.peaks,
        (int(replicates[0]), int(replicates[1])),
        arguments.allow_archived,
    )
    table = make_samples(
        arguments.accessions, wish, names, lambda line: print(f"# {line}", file=sys.stderr)
    )
    if not arguments.out:
        print(table, end="")
        return
    with whole(arguments.out) as path:
        path.write_text(table, encoding="utf-8")


def _add_import_weights(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "import-weights",
        help="put the weights of a Keras 2 .h5 file into a model of this library",
        description="Build a model, give it the weights of a Keras 2 file, and save it. Only "
        "arrays are read from the file, no code. Where each weight comes from is printed.",
    )
    add = command.add_argument
    add("file", type=Path, metavar="OLD.h5")
    add("--builder", required=True, help="architecture, as in a config's model entry")
    add("--bin-size", type=int, required=True, help="bin size in bp")
    add("--targets", type=int, required=True, help="number of targets")
    add("--input-length", type=int, default=2048, help="input in bp (default: %(default)s)")
    add(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="option of the builder; may be repeated",
    )
    add("--out", type=Path, required=True, metavar="MODEL.keras")
    command.set_defaults(call=_import_weights)


def _import_weights(arguments: argparse.Namespace) -> None:
    from epibench import device
    from epibench.typed import parse_yaml

    device.quiet()
    from epibench.models.import_weights import import_weights

    if arguments.out.suffix != ".keras":
        raise InputError(f"--out {arguments.out}: the name of a model ends in .keras")
    model = import_weights(
        arguments.file,
        arguments.builder,
        input_length=arguments.input_length,
        bin_size=arguments.bin_size,
        targets=arguments.targets,
        options={
            name: parse_yaml(value, f"--option {name}")
            for name, _, value in (option.partition("=") for option in arguments.option)
        },
    )
    with whole(arguments.out) as path:
        model.save(path)


def _add_variants(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "variants",
        help="score the variants of a VCF file by trained models",
        description="Predict every variant of a VCF file with both alleles and write how much they "
        "differ: a table, or the VCF file with INFO fields. What cannot be scored is listed with "
        "its reason in OUT.skipped.tsv. Several models, such as those of several seeds, give their "
        "mean and standard deviation.",
    )
    add = command.add_argument
    default = " (default: %(default)s)"
    add("models", type=Path, nargs="+", metavar="MODEL.keras", help="models with the same targets")
    add("vcf", type=Path, metavar="VARIANTS.vcf[.gz]", help="VCF, plain or compressed, or BCF")
    add(
        "--fasta",
        type=Path,
        required=True,
        metavar="GENOME.fa[.gz]",
        help="the genome that the VCF file belongs to, plain or bgzip",
    )
    add(
        "--out",
        type=Path,
        required=True,
        metavar="OUT",
        help="table (.tsv), or annotated VCF (.vcf, .vcf.gz)",
    )
    add("--window", type=int, default=3072, help="sequence around a variant in bp" + default)
    add("--shifts", type=int, default=20, help="inputs at random places in it" + default)
    add("--seed", type=int, default=1, help="of these places" + default)
    add(
        "--peak-length",
        type=int,
        default=256,
        help="region around a variant in bp, for the score `peak`" + default,
    )
    add("--reverse-complement", action="store_true", help="average over both strands")
    add(
        "--allow-mismatches",
        action="store_true",
        help="go on where REF of more than 1 %% of the alleles differs from the genome",
    )
    add("--part", default="1/1", metavar="I/N", help="score the I-th of N parts" + default)
    add("--threads", type=int, default=2, help="CPU threads" + default)
    command.set_defaults(call=_variants)


def _variants(arguments: argparse.Namespace) -> None:
    number, _, parts = arguments.part.partition("/")
    counts = all(re.fullmatch("[0-9]{1,9}", part) for part in (number, parts))
    if not counts or not 1 <= int(number) <= int(parts):
        raise InputError(f"--part {arguments.part}: give I/N with I from 1 to N, such as 2/10")
    from epibench import device

    device.quiet()
    from epibench.variants.command import score_vcf
    from epibench.variants.score import ScoreSettings

    device.start(arguments.threads, require=False)
    score_vcf(
        arguments.models,
        arguments.vcf,
        arguments.fasta,
        arguments.out,
        ScoreSettings(
            window=arguments.window,
            shifts=arguments.shifts,
            seed=arguments.seed,
            reverse_complement=arguments.reverse_complement,
            peak_length=arguments.peak_length,
        ),
        part=(int(number), int(parts)),
        allow_mismatches=arguments.allow_mismatches,
    )


def _config_docs(arguments: argparse.Namespace) -> None:
    from epibench.config.docs import config_docs

    with whole(arguments.out) as path:
        path.write_text(config_docs(), encoding="utf-8")


def _runs(arguments: argparse.Namespace) -> None:
    from epibench.make_plan import make_plan
    from epibench.typed import read_yaml

    plan = make_plan(read_yaml(arguments.config), [arguments.config])
    for run, experiments in plan.needed.items():
        print(run.name, ",".join(experiments), sep="\t")


def _best(arguments: argparse.Namespace) -> None:
    from epibench.best import best_entries
    from epibench.make_plan import make_plan
    from epibench.typed import read_yaml

    plan = make_plan(read_yaml(arguments.configfile), [arguments.configfile])
    print(best_entries(plan, arguments.experiment), end="")


def _remake(arguments: argparse.Namespace) -> None:
    from epibench.remake import remake

    print("\n".join(remake(arguments.run, arguments.out)))


if __name__ == "__main__":
    sys.exit(main())
