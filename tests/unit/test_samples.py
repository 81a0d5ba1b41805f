"""The samples table."""

import pytest

from epibench.errors import InputError
from epibench.samples import Target, read_samples

HEADER = "target\ttrack\treplicate2\tpeaks\tstrand_pair\n"


def written(tmp_path, rows, header=HEADER):
    path = tmp_path / "samples.tsv"
    path.write_text(header + rows)
    return path


def test_rows_become_targets_in_order(tmp_path):
    path = written(tmp_path, "b\tb.bw\tb2.bw\tb.bed\t\n# a comment\na\ta.bw\t\t\t\n")
    assert read_samples(path) == [Target("b", "b.bw", "b2.bw", "b.bed"), Target("a", "a.bw")]


def test_a_quotation_mark_joins_no_rows(tmp_path):
    path = written(tmp_path, 'a\t"a.bw\nb\tb.bw\n')
    assert [target.track for target in read_samples(path)] == ['"a.bw', "b.bw"]


def test_short_rows_leave_the_rest_empty(tmp_path):
    assert read_samples(written(tmp_path, "a\ta.bw\n")) == [Target("a", "a.bw")]


def test_strand_pairs_are_read(tmp_path):
    path = written(tmp_path, "f\tf.bw\t\t\tr\nr\tr.bw\t\t\tf\n")
    assert [target.strand_pair for target in read_samples(path)] == ["r", "f"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("a\ta.bw\na\tb.bw\n", "'a' stands twice"),
        ("a\ta.bw\nA\tb.bw\n", "'a' and 'A' differ in case only"),
        ("a a.bw\n", "tabs separate columns"),
        ("a\tx.bw\nb\tx.bw\n", "x.bw is both track of 'a' and track of 'b'"),
        ("a\tx.bw\tx.bw\n", "x.bw is both track of 'a' and replicate2 of 'a'"),
        ("../x\ta.bw\n", "'../x' is not a name"),
        ("<script>\ta.bw\n", "'<script>' is not a name"),
        ("a\t\n", "'a' has no track"),
        ("a\ta.bw\t\t\tb\n", "strand_pair of 'a' is 'b'"),
        ("a\ta.bw\t\t\tb\nb\tb.bw\n", "strand_pair of 'a' is 'b'"),
        ("a\ta.bw\t\t\t\textra\n", "'a' has more cells"),
        ("a\t" + "x" * 200_000 + "\n", "the row behind 1 lines cannot be read"),
        ("", "has no row"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, rows, expected):
    with pytest.raises(InputError) as error:
        read_samples(written(tmp_path, rows))
    assert expected in str(error.value)
    assert "samples.tsv" in str(error.value)


def test_wrong_columns_are_named(tmp_path):
    with pytest.raises(InputError, match="has a column 'tracks'"):
        read_samples(written(tmp_path, "a\tb\tc\n", "target\ttrack\ttracks\n"))
    with pytest.raises(InputError, match="lacks the column 'track'"):
        read_samples(written(tmp_path, "a\n", "target\n"))


def test_a_table_in_another_encoding_is_one_sentence(tmp_path):
    (tmp_path / "samples.tsv").write_bytes("target\ttrack\n".encode("utf-16"))
    with pytest.raises(InputError, match=r"samples.tsv: is not a text file in UTF-8"):
        read_samples(tmp_path / "samples.tsv")


def test_a_missing_table_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="there is no such file; check `samples`"):
        read_samples(tmp_path / "none.tsv")
