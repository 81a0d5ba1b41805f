"""Make a samples table from accessions of ENCODE experiments."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from epibench.data.choose_files import ROLES, Choice, Wish, choose_files, is_wanted_kind
from epibench.data.request import PassingError, Patience, open_address, persist
from epibench.data.source import parse_source
from epibench.errors import InputError
from epibench.samples import COLUMNS, TARGET, Target, check_targets

ENCODE = "EPIBENCH_ENCODE"
"""Environment variable: address of a server that answers as ENCODE does."""

_PORTAL = "https://www.encodeproject.org"
_FILE_KEYS = {"accession", "status", "file_format", "output_type", "assembly", "href"}
_FILE_KEYS |= {"biological_replicates", "file_size", "md5sum"}
_ANALYSIS_KEYS = {"status", "date_created", "superseded_by"}
_KINDS = {"SR": "experiment", "BS": "biosample", "FF": "file", "AN": "analysis", "DO": "donor"}


def make_samples(
    accessions: Sequence[str],
    wish: Wish,
    names: Mapping[str, str],
    say: Callable[[str], None],
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
) -> str:
    """Ask ENCODE for experiments and give a samples table of their files.

    Every cell is the address of a file with its md5 and size, so that it is verified when it is
    fetched.

    Parameters
    ----------
    accessions : sequence of str
        Of experiments, `ENCSR...`; a row each, in this order.
    wish : Wish
        Which files to choose.
    names : mapping of str to str
        Target by accession; others are called as the biosample, and where several are called alike,
        by the accession as well.
    say : callable
        Takes a line for every choice and everything that is missing, ambiguous or doubtful.
    patience : Patience
        Time limits, and how often to try again.

    Returns
    -------
    str
        The table as text.

    Raises
    ------
    InputError
        When an experiment cannot be had or lacks a track, or names clash.
    """
    _check_accessions(accessions, names)
    address = os.environ.get(ENCODE, _PORTAL).rstrip("/")
    parse_source(f"{address}/experiments")  # refuses one with a password, which cells would show
    targets = []
    try:
        with requests.Session() as session:
            portal = _Portal(address, session, say, patience)
            found = {name: _look_up(portal, name, wish) for name in accessions}
        for accession, name in _name_targets(found, names).items():
            experiment, choice = found[accession]
            _say_choice(accession, name, experiment, choice, say)
            cells = {role: choice.files[role] and portal.cell(choice.files[role]) for role in ROLES}
            targets.append(Target(name, **cells, experiment=accession))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{address} does not describe experiments as ENCODE does ({error!r}); check {ENCODE} "
            "and the proxy"
        ) from error
    check_targets(targets, "--target")
    rows = [COLUMNS]
    rows += [[t.name, t.track, t.replicate2, t.peaks, t.strand_pair, t.experiment] for t in targets]
    return "".join("\t".join(cell or "" for cell in row) + "\n" for row in rows)


@dataclass(frozen=True)
class _Portal:
    """Asks ENCODE's REST API."""

    address: str
    session: requests.Session
    say: Callable[[str], None]
    patience: Patience

    def ask(self, path: str) -> dict[str, Any]:
        """Give the object at a path such as `/files/ENCFF185TQC/`."""
        address = f"{self.address}{path}?format=json"
        try:
            status, body = persist(
                lambda: self._read(address), self.patience, lambda line: self.say(f"{path}: {line}")
            )
        except PassingError as error:
            raise InputError(
                f"{address} cannot be asked for ({error}); check the connection and HTTPS_PROXY, "
                f"or set {ENCODE} to the address of a mirror"
            ) from None
        if status == 404:
            raise InputError(f"{self.address} has nothing at {path}; correct the accession")
        if status == 403:
            raise InputError(f"{self.address} does not show {path} to the public; take another one")
        if status != 200:
            raise InputError(
                f"{address} answers {status}; correct the accession or try again later"
            )
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InputError(
                f"{address} does not answer with a JSON object; check {ENCODE} and the proxy"
            )
        return found

    def _read(self, address: str) -> tuple[int, bytes]:
        headers = {"Accept": "application/json"}
        with open_address(self.session, address, self.patience, headers) as response:
            try:
                return response.status_code, response.content
            except requests.RequestException as error:
                raise PassingError(f"the answer broke off ({error})") from None

    def cell(self, file: dict[str, Any]) -> str:
        """Give the address of a file with what it is verified by."""
        cell = f"{self.address}{file['href']}#md5={file['md5sum']}&size={file['file_size']}"
        parse_source(cell)
        return cell


def _check_accessions(accessions: Sequence[str], names: Mapping[str, str]) -> None:
    """Refuse what is no accession of an experiment, and names of none that is asked for."""
    for accession, number in Counter(accessions).items():
        found = re.fullmatch(r"ENC([A-Z]{2})[0-9]{3}[A-Z]{3}", accession)
        kind = found and _KINDS.get(found[1])
        if kind != "experiment":
            what = f"the accession of a {kind}" if kind else "no accession"
            raise InputError(f"{accession} is {what}; give experiments (ENCSR...)")
        if number > 1:
            raise InputError(f"{accession} stands {number} times; give it once")
    for accession, name in names.items():
        if accession not in accessions:
            raise InputError(f"--target {accession}={name}: that is not among the experiments")
        if not TARGET.fullmatch(name):
            raise InputError(f"--target {accession}={name}: use letters, digits, '.', '_' and '-'")


def _look_up(portal: _Portal, accession: str, wish: Wish) -> tuple[dict[str, Any], Choice]:
    """Give an experiment and the choice among its files."""
    experiment = portal.ask(f"/experiments/{accession}/")
    if "Experiment" not in experiment.get("@type", []):
        kind = next(iter(experiment.get("@type", [])), "unknown object")
        raise InputError(f"{accession} is no experiment but: {kind}; give an experiment (ENCSR...)")
    status = experiment.get("status")
    if status not in wish.statuses:
        remedy = " or add --allow-archived" if status in ("archived", "revoked") else ""
        raise InputError(f"the experiment {accession} is {status}; take another one{remedy}")
    if isinstance(experiment.get("biosample_ontology"), str):
        experiment["biosample_ontology"] = portal.ask(experiment["biosample_ontology"])
    listed = {_name(item): item for item in experiment.get("analyses", [])}
    described = [*experiment.get("files", []), *experiment.get("revoked_files", [])]
    files = [_whole_file(portal, file, listed, wish) for file in described]
    names = {name for file in files for name in file["analyses"] if is_wanted_kind(file, wish)}
    analyses = {name: _whole_analysis(portal, name, listed) for name in sorted(names)}
    return experiment, choose_files(accession, files, analyses, wish)


def _name(item: str | dict[str, Any]) -> str:
    """Give the `@id` of something that is embedded or linked to."""
    return item if isinstance(item, str) else item["@id"]


def _whole_file(
    portal: _Portal, file: str | dict[str, Any], listed: dict[str, Any], wish: Wish
) -> dict[str, Any]:
    """Give the description of a file, asked for where the experiment only links to it.

    An experiment has a hundred files; what is seen to be of another kind is left as it is.
    """
    name = _name(file)
    if isinstance(file, str) or "file_format" not in file or "output_type" not in file:
        file = portal.ask(name)
    if is_wanted_kind(file, wish) and not file.keys() >= _FILE_KEYS:
        file = portal.ask(name)
        if lacks := sorted(_FILE_KEYS - file.keys()):
            raise InputError(f"{portal.address}{name} lacks {', '.join(lacks)}; take another file")
    analyses = [_name(item) for item in file.get("analyses", [])]
    for analysis, item in listed.items():
        held = item.get("files", []) if isinstance(item, dict) else []
        if analysis not in analyses and name in map(_name, held):
            analyses.append(analysis)
    return file | {"analyses": analyses}


def _whole_analysis(portal: _Portal, name: str, listed: dict[str, Any]) -> dict[str, Any]:
    """Give the description of an analysis, asked for where the experiment only links to it."""
    item = listed.get(name)
    if isinstance(item, dict) and item.keys() >= _ANALYSIS_KEYS:
        return item
    return portal.ask(name)


def _name_targets(
    found: Mapping[str, tuple[dict[str, Any], Choice]], names: Mapping[str, str]
) -> dict[str, str]:
    """Give the target of each experiment: as asked for, or the biosample's name made safe."""
    safe = {}
    for accession, (experiment, _) in found.items():
        term = experiment.get("biosample_ontology", {}).get("term_name", "")
        safe[accession] = re.sub(r"[^A-Za-z0-9._-]+", "-", term).strip("-._") or accession
    often = Counter(name.lower() for accession, name in safe.items() if accession not in names)
    return {
        accession: names.get(accession)
        or (f"{name}-{accession}" if often[name.lower()] > 1 and name != accession else name)
        for accession, name in safe.items()
    }


def _say_choice(
    accession: str,
    name: str,
    experiment: dict[str, Any],
    choice: Choice,
    say: Callable[[str], None],
) -> None:
    """Say what was chosen, and all that speaks against it."""
    files = [f"{role} {choice.files[role]['accession']}" for role in ROLES if choice.files[role]]
    what = experiment.get("biosample_summary") or name
    say(f"{accession}: {name} ({experiment.get('assay_title')} of {what}): {', '.join(files)}")
    for remark in choice.remarks:
        say(f"{accession}: {remark}")
    if experiment["status"] != "released":
        say(f"{accession}: the experiment is {experiment['status']}")
    if newer := experiment.get("superseded_by"):
        say(f"{accession}: the experiment is superseded by {', '.join(map(_name, newer))}")
    for role in ROLES:
        file = choice.files[role]
        if file and file["status"] != "released":
            say(f"{accession}: {file['accession']} is {file['status']}")
    for level in ("ERROR", "NOT_COMPLIANT"):
        categories = {
            audit["category"]: None for audit in experiment.get("audit", {}).get(level, [])
        }
        if categories:
            say(f"{accession}: ENCODE's audit says {level}: {', '.join(categories)}")
