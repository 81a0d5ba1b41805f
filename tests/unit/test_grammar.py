"""The grammar of the simulated study: what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from epibench.errors import InputError
from epibench.simulate.grammar import read_grammar
from epibench.simulate.write import simulate

ROOT = Path(__file__).parents[2]
GRAMMAR = ROOT / "resources" / "demo_grammar.yaml"
CHROMOSOMES = {"chr1": 400_000}


def changed(tmp_path, change):
    content = yaml.safe_load(GRAMMAR.read_text())
    change(content)
    path = tmp_path / "grammar.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


REFUSED = {
    "unknown key": (
        lambda g: g["motifs"]["AP-1"].update(weight=1),
        "motifs.AP-1.weight is not a known key; did you mean 'weights'",
    ),
    "missing key": (lambda g: g.pop("ceiling"), "ceiling is missing"),
    "not an identifier": (
        lambda g: g["motifs"]["AP-1"].update(matrix="FOS"),
        "motifs.AP-1.matrix = 'FOS'",
    ),
    "unknown cell type": (
        lambda g: g["motifs"]["AP-1"]["weights"].update(neural=1),
        "motifs.AP-1.weights: 'neural' is not one of the cell types",
    ),
    "no weight": (
        lambda g: g["motifs"]["AP-1"]["weights"].pop("hepatic"),
        "motifs.AP-1.weights: no weight for cell type 'hepatic'",
    ),
    "unknown motif": (
        lambda g: g["elements"]["kinds"]["insulator"]["motifs"].update(YY1=1),
        "elements.kinds.insulator.motifs: 'YY1' is not under motifs",
    ),
    "cell type twice": (
        lambda g: g.update(cell_types=["hepatic", "hepatic"]),
        "'hepatic' is listed twice",
    ),
    "a base without a factor": (
        lambda g: g["motifs"]["AP-1"]["flanks"]["before"][0].pop("A"),
        r"motifs.AP-1.flanks.before\[0\]: needs one factor for each of A, C, G, T",
    ),
    "unknown motif in a pair": (
        lambda g: g["pairs"][1].update(motifs=["ETS", "YY1"]),
        r"pairs\[1\].motifs: 'YY1' is not under motifs",
    ),
    "unknown cell type of a pair": (
        lambda g: g["pairs"][0]["weights"].update(neural=1),
        r"pairs\[0\].weights: 'neural' is not one of the cell types",
    ),
    "no weight of a pair": (
        lambda g: g["pairs"][2]["weights"].pop("hepatic"),
        r"pairs\[2\].weights: no weight for cell type 'hepatic'",
    ),
    "limit of nothing": (
        lambda g: g["pairs"][0].update(limit=0),
        r"pairs\[0\].limit = 0: input should be greater than 0",
    ),
    "negative softness": (
        lambda g: g["pairs"][0].update(softness=-1),
        r"pairs\[0\].softness = -1",
    ),
    "unknown side": (
        lambda g: g["pairs"][1].update(side="before"),
        r"pairs\[1\].side = 'before': input should be 'both' or 'after'",
    ),
    "a motif behind itself": (
        lambda g: g["pairs"][0].update(side="after"),
        r"pairs\[0\]: two sites of 'AP-1' have no first and second; use side: both",
    ),
    "three motifs in a pair": (
        lambda g: g["pairs"][0].update(motifs=["AP-1", "ETS", "GATA"]),
        r"pairs\[0\].motifs",
    ),
    "unknown key of a pair": (
        lambda g: g["pairs"][0].update(weight=1),
        r"pairs\[0\].weight is not a known key; did you mean 'weights'",
    ),
    "number out of range": (
        lambda g: g["motifs"]["AP-1"].update(threshold=1.5),
        "motifs.AP-1.threshold = 1.5",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_grammar_is_refused_in_one_sentence(tmp_path, case):
    change, message = REFUSED[case]
    path = changed(tmp_path, change)
    with pytest.raises(InputError, match=message) as refusal:
        read_grammar(path)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


REFUSED_LATER = {
    "unknown matrix": (
        lambda g: g["motifs"]["AP-1"].update(matrix="MA9999.1"),
        "motifs.AP-1.matrix: JASPAR2022 has no matrix 'MA9999.1'",
    ),
    "unknown release": (lambda g: g.update(jaspar="JASPAR1999"), "no release 'JASPAR1999'"),
    "core outside the matrix": (
        lambda g: g["motifs"]["AP-1"].update(core=[2, 12]),
        r"motifs.AP-1.core: \[2, 12\] does not lie within the 11 columns",
    ),
}


@pytest.mark.parametrize("case", REFUSED_LATER)
def test_what_jaspar_lacks_is_refused_before_anything_is_written(tmp_path, case):
    change, message = REFUSED_LATER[case]
    grammar = read_grammar(changed(tmp_path, change))
    with pytest.raises(InputError, match=message) as refusal:
        simulate(grammar, tmp_path / "study", seed=1, chromosomes=CHROMOSOMES)
    assert "grammar.yaml" in str(refusal.value)
    assert not (tmp_path / "study").exists()


def test_a_grammar_needs_no_pairs(tmp_path):
    assert read_grammar(changed(tmp_path, lambda g: g.pop("pairs"))).pairs == ()


def test_missing_and_broken_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_grammar(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("motifs: [")
    with pytest.raises(InputError, match="not valid YAML"):
        read_grammar(tmp_path / "broken.yaml")


def test_short_chromosome_is_refused(tmp_path):
    with pytest.raises(InputError, match="'chr1': 5000 bp is too short"):
        simulate(read_grammar(GRAMMAR), tmp_path, seed=1, chromosomes={"chr1": 5_000})


def test_reading_a_grammar_is_light():
    code = (
        "import sys; from epibench.simulate.grammar import read_grammar; "
        f"read_grammar({str(GRAMMAR)!r}); import epibench.simulate.write; "
        "print(sorted({'pandas', 'pyjaspar', 'Bio', 'scipy', 'tensorflow', 'matplotlib'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "scripts",
    )
    assert done.stdout.strip() == "[]"
