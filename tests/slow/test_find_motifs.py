"""TF-MoDISco finds words that were planted in attributions; compiles for a quarter of a minute."""

import h5py
from tests.unit.test_modisco import WORDS, attribution

from epibench.interpret.modisco import find_motifs
from epibench.words import BASES


def test_planted_words_are_found(tmp_path, capsys):
    found = find_motifs(attribution(), "liver", 500)
    assert found.reason == ""
    patterns = found.patterns().values()
    words = ["".join(BASES[base] for base in p.ppm.argmax(axis=1)) for p in patterns]
    turned = [word[::-1].translate(str.maketrans(BASES, "TGCA")) for word in words]
    for planted in WORDS:
        assert any(planted[1:-1] in word for word in (*words, *turned))
    assert all(len(pattern.ppm) < 30 for pattern in patterns)
    found.save(tmp_path / "modisco.h5")
    with h5py.File(tmp_path / "modisco.h5") as file:
        assert len(file["pos_patterns"]) == len(words)
        sizes = [group["seqlets/n_seqlets"][0] for group in file["pos_patterns"].values()]
    assert sorted(sizes) == sorted(pattern.seqlets for pattern in patterns)
