"""Tables of measured variant effects."""

import gzip
import os
from pathlib import Path

import pandas as pd
import pytest

from epibench.errors import InputError
from epibench.variants.elements import CAGI5
from epibench.variants.tables import (
    DELETION,
    FEW_TAGS,
    MEASURED,
    MORE_BASES,
    NO_EFFECT,
    read_tables,
)
from epibench.variants.variant import DUPLICATE, NO_BASES, NO_CHANGE

PUBLIC = [
    *("F9", "FOXE1", "GP1BA", "HBB", "HBG1", "HNF4A", "LDLR.2", "LDLR", "MSMB", "TERT-GBM"),
    *("PKLR-24h", "PKLR-48h", "TERT-GAa", "TERT-GSc", "TERT-HEK", "BCL11A", "IRF4", "IRF6"),
    *("MYCrs11986220", "MYCrs6983267", "RET", "SORT1.2", "SORT1-flip", "SORT1", "TCF7L2"),
    *("UC88", "ZFAND3", "ZRSh-13h2", "ZRSh-13"),
]
"""The 29 experiments as the portal of the public table lists them."""

KIRCHER = "Chrom Pos Ref Alt Barcodes DNA RNA Coefficient pValue Element Release"
CHALLENGE = "#Chrom Pos Ref Alt Value Confidence"


def table(folder, rows, header=KIRCHER, name="table.tsv"):
    """Write a table of rows whose fields are given between blanks."""
    path = folder / name
    text = "".join("\t".join(line.split()) + "\n" for line in [header, *rows])
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def row(pos=101, ref="A", alt="C", tags=20, effect=0.5, element="F9", release="GRCh38", chrom="X"):
    return f"{chrom} {pos} {ref} {alt} {tags} 9 9 {effect} 0.01 {element} {release}"


def shared_table():
    shared = Path(os.environ.get("EPIBENCH_SHARED", Path(__file__).parents[3] / "shared"))
    path = shared / "data" / "variants" / "satmut_5_elements.tsv.gz"
    if not path.is_file():
        pytest.skip(f"no {path}; EPIBENCH_SHARED names the folder of shared data")
    return path


def test_names_of_cagi5_are_those_of_the_public_table():
    assert len(CAGI5) == len(set(CAGI5.values())) == 15
    assert set(CAGI5.values()) <= set(PUBLIC)
    different = {name: public for name, public in CAGI5.items() if name != public}
    assert different == {"GP1BB": "GP1BA", "PKLR": "PKLR-48h", "TERT-HEK293T": "TERT-HEK"}


@pytest.mark.parametrize("name", ["table.tsv", "table.tsv.gz"])
def test_public_table(tmp_path, name):
    rows = [row(), row(pos=99, alt="-", effect="-1e-3"), row(release="GRCh37", pos=7)]
    path = table(tmp_path, rows, name=name)
    found = read_tables([path], assembly="GRCh38", deletions=True)
    expected = [
        ("F9", "X", 100, "A", "C", 0.5, 20, 0.01),
        ("F9", "X", 98, "A", "-", -0.001, 20, 0.01),
    ]
    assert [tuple(each) for each in found.rows.itertuples(index=False)] == expected
    assert list(found.rows) == MEASURED
    assert (len(found.skipped), found.missing, found.without_tags) == (0, [], [])


def test_reasons(tmp_path):
    rows = [
        row(),
        row(),
        row(chrom="chrX", effect=0.7),
        row(alt="-"),
        row(alt="G", tags=9),
        row(alt="G", tags="NA"),
        row(alt="g", tags=10, ref="a"),
        row(alt="A"),
        row(alt="AT"),
        row(ref="N"),
        row(alt="T", effect="NA"),
    ]
    found = read_tables([table(tmp_path, rows)])
    assert found.rows[["ref", "alt"]].agg("".join, axis=1).tolist() == ["AC", "AG"]
    expected = [DUPLICATE, DUPLICATE, DELETION, FEW_TAGS, FEW_TAGS, NO_CHANGE, MORE_BASES]
    assert found.skipped["reason"].tolist() == [*expected, NO_BASES, NO_EFFECT]
    assert found.skipped["start"].unique().tolist() == [100]


def test_measurement_that_does_not_count_leaves_room_for_another(tmp_path):
    found = read_tables([table(tmp_path, [row(tags=3), row(effect=0.9)])])
    assert found.rows["effect"].tolist() == [0.9]
    assert found.skipped["reason"].tolist() == [FEW_TAGS]


def test_files_of_cagi5_have_no_tags_and_make_one_element(tmp_path):
    comments = "# Regulation saturation\n# GRCh37\n"
    for name, pos in (("challenge_GP1BB.tsv", 5), ("release_GP1BB.tsv", 9)):
        path = table(tmp_path, [f"22 {pos} C T -0.25 0.3"], CHALLENGE, name)
        path.write_text(comments + path.read_text())
    paths = sorted(tmp_path.iterdir())
    found = read_tables(paths, elements="cagi5", assembly="GRCh37")
    assert found.rows["element"].tolist() == ["GP1BB", "GP1BB"]
    assert found.rows["start"].tolist() == [4, 8]
    assert found.rows["effect"].tolist() == [-0.25, -0.25]
    assert found.rows[["barcodes", "p_value"]].isna().all(axis=None)
    assert found.without_tags == [str(path) for path in paths]
    assert found.missing == [name for name in CAGI5 if name != "GP1BB"]


@pytest.mark.parametrize("separator", ["\t", ","])
def test_files_of_the_portal(tmp_path, separator):
    path = tmp_path / "GRCh38_SORT1.csv"
    lines = [
        "Chromosome Position Ref Alt Tags DNA RNA Value P-Value",
        "chr1 30 G A 12 1 2 0.4 0.2",
        "chr1 31 G A 8 1 2 0.4 0.2",
    ]
    path.write_text("".join(separator.join(line.split()) + "\r\n" for line in lines))
    found = read_tables([path])
    assert found.rows.iloc[0].tolist() == ["SORT1", "chr1", 29, "G", "A", 0.4, 12, 0.2]
    assert found.skipped["reason"].tolist() == [FEW_TAGS]


def test_own_table_without_element_and_release(tmp_path):
    path = table(
        tmp_path, ["chr2 3 A G 50 1.5"], "chrom pos ref alt barcodes coefficient", "mine.tsv"
    )
    found = read_tables([path], assembly="GRCh38")
    assert found.rows["element"].tolist() == ["mine"]


def test_elements(tmp_path):
    names = ["GP1BA", "TERT-HEK", "PKLR-24h", "PKLR-48h"]
    path = table(tmp_path, [row(element=name) for name in names])
    assert read_tables([path]).rows["element"].tolist() == names
    found = read_tables([path], elements="cagi5")
    assert found.rows["element"].tolist() == ["GP1BB", "TERT-HEK293T", "PKLR"]
    assert len(found.missing) == 12
    found = read_tables([path], elements=["PKLR-24h", "GP1BB", "TERT-HEK"])
    assert found.rows["element"].tolist() == ["GP1BB", "TERT-HEK", "PKLR-24h"]
    assert found.missing == []
    with pytest.raises(InputError, match=r"'PKLR-12h' is not in .*which has GP1BA, TERT-HEK, PKLR"):
        read_tables([path], elements=["GP1BB", "PKLR-12h"])
    with pytest.raises(InputError, match="GP1BB and GP1BA are the same element"):
        read_tables([path], elements=["GP1BB", "GP1BA"])
    with pytest.raises(InputError, match=r"'F9' is not in .*which has own"):
        read_tables([table(tmp_path, [row(element="own")])], elements="cagi5")


def test_assemblies(tmp_path):
    path = table(tmp_path, [row(pos=5, release="GRCh37"), row(pos=6)])
    for assembly, start in (("GRCh37", 4), ("hg19", 4), ("GRCh38", 5), ("hg38", 5)):
        assert read_tables([path], assembly=assembly).rows["start"].tolist() == [start]
    with pytest.raises(InputError, match=r"rows of GRCh37, GRCh38; set variants\.assembly"):
        read_tables([path])
    with pytest.raises(InputError, match=r"'T2T' \(its column Release has GRCh37, GRCh38\)"):
        read_tables([path], assembly="T2T")
    simulated = table(tmp_path, [row(release="simulated")])
    assert len(read_tables([simulated]).rows) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row(pos=0), "line 2: Pos is '0'"),
        (row(pos="12.0"), "line 2: Pos is '12.0'"),
        (row(effect="high"), "line 2: the effect is 'high'"),
        (row(effect="inf"), "line 2: the effect is 'inf'"),
        (row(tags="many"), "line 2: the number of tags is 'many'"),
        ("X 5 A C", "line 2: has 4 fields, not the 11 or more"),
        (row(tags=1), f"none of 1 rows counts .the first one: {FEW_TAGS}"),
    ],
)
def test_bad_rows(tmp_path, line, message):
    with pytest.raises(InputError, match=f"table.tsv.*{message}"):
        read_tables([table(tmp_path, [line])])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "has no column names"),
        (b"X\t5\tA\tC\t0.1\n", "line 1: comes before column names"),
        (b"Chrom\tPos\tRef\tAlt\n", "there is no column Coefficient"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (gzip.compress(b"Chrom\tPos" * 99)[:-12], "is truncated or no table"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "table.tsv"
    path.write_bytes(text)
    with pytest.raises(InputError, match=f"table.tsv.*{message}"):
        read_tables([path])
    with pytest.raises(InputError, match=r"none\.tsv: there is no such file"):
        read_tables([tmp_path / "none.tsv"])


def test_element_on_two_chromosomes(tmp_path):
    path = table(tmp_path, [row(), row(chrom="8")])
    with pytest.raises(InputError, match="F9 is on chromosome X and on 8"):
        read_tables([path])


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
@pytest.mark.parametrize("deletions", [False, True])
def test_five_elements(assembly, deletions):
    path = shared_table()
    found = read_tables([path], assembly=assembly, elements="cagi5", deletions=deletions)
    whole = pd.read_csv(path, sep="\t", dtype={"Chrom": str}).query("Release == @assembly")
    counted = whole.query("Barcodes >= 10 and (@deletions or Alt != '-')")
    names = {"PKLR-48h": "PKLR"}
    expected = counted["Element"].replace(names).value_counts().to_dict()
    assert found.rows["element"].value_counts().to_dict() == expected
    assert len(found.rows) + len(found.skipped) == len(whole)
    assert found.rows["effect"].tolist() == counted["Coefficient"].tolist()
    assert (found.rows["start"] + 1).tolist() == counted["Pos"].tolist()
    assert set(found.skipped["reason"]) == {FEW_TAGS} | ({DELETION} if not deletions else set())
    assert sorted(found.missing) == sorted(set(CAGI5) - set(expected))
