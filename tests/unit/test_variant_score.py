"""Scores of variants: shared and cropped work against whole inputs, formulae against loops."""

import keras
import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import expit
from small_models import SMALL, small
from small_sequence import SmallSequence

from epibench.errors import InputError
from epibench.predict import CoverageFunction
from epibench.run_predictor import ModelPredictor, load_predictor
from epibench.sequence import reverse_complement
from epibench.variants.alleles import AllelePredictor
from epibench.variants.formulas import LEAST, over_region
from epibench.variants.score import ScoreSettings, VariantScorer
from epibench.variants.score_table import SCORES
from epibench.variants.variant import Variant
from epibench.variants.window import make_window

LENGTH, WINDOW = 512, 640
SETTINGS = ScoreSettings(window=WINDOW, shifts=4, peak_length=64)
SEQUENCE = SmallSequence()
TARGETS = ["a", "b", "c"]
CENTRE, REGION = (WINDOW - LENGTH) // 2, slice(WINDOW - LENGTH, LENGTH)


def change(position, ref=1, alt=None):
    """Make a variant: another base, or `alt` in place of `ref` bases."""
    alt = SEQUENCE.other(position) if alt is None else alt
    return Variant("chr1", position, SEQUENCE.letters(position, position + ref), alt)


VARIANTS = [
    *(Variant("chr1", p, SEQUENCE.letters(p, p + 1), SEQUENCE.other(p, s))
      for p in (4_000, 4_001, 4_090) for s in (1, 2, 3)),
    change(4_002, 5, ""),
    change(4_003, 1, SEQUENCE.letters(4_003, 4_004) + "ACGT"),
    change(4_004, 2, SEQUENCE.other(4_004) + SEQUENCE.other(4_005)),
]  # fmt: skip
WINDOWS = [make_window(SEQUENCE, variant, WINDOW) for variant in VARIANTS]


def predictor_of(name, **options):
    model = small(name, bin_size=32, input_length=LENGTH, **options)
    of_coverage = len(model.output_shape) == 3
    return ModelPredictor(
        model,
        TARGETS,
        of_coverage=of_coverage,
        scale=[1.0, 2.0, 0.5] if of_coverage else [1, 1, 1],
        known=[True] * 3,
        batch_size=8,
    )


def naive(predictor, codes, offsets, both_strands=False):
    """Predict whole inputs: (inputs, bins, targets), unscaled."""
    function = predictor._predict
    inputs = np.stack([codes[o : o + LENGTH] for o in offsets])
    found = function(inputs).reshape(len(inputs), -1, len(TARGETS))
    if both_strands:
        other = function(reverse_complement(inputs)).reshape(found.shape)
        found = (found + other[:, ::-1]) / 2
    return found


BOTH_STRANDS = ["cnn_32", "bpnet", "basset"]


@pytest.mark.parametrize(
    ("name", "both_strands"),
    [*((name, False) for name in sorted(SMALL)), *((name, True) for name in BOTH_STRANDS)],
)
def test_shared_and_cropped_predictions_are_those_of_whole_inputs(name, both_strands):
    predictor = predictor_of(name)
    offsets = np.array([CENTRE, 0, 17, WINDOW - LENGTH])
    alleles = AllelePredictor(
        predictor.model, 8, layer=predictor.layer, reverse_complement=both_strands
    )
    for _ in range(2):  # the second time references are remembered
        found = alleles(WINDOWS, offsets)
        for window, *sides in zip(WINDOWS, *found, strict=True):
            for codes, side in zip((window.reference, window.alternative), sides, strict=True):
                whole = naive(predictor, codes, offsets, both_strands)
                np.testing.assert_allclose(side, whole, atol=1e-6, rtol=1e-5)


def test_variants_at_the_borders_of_inputs():
    predictor = predictor_of("cnn_32")
    start = 4_000
    windows = [make_window(SEQUENCE, change(start + at), WINDOW, start) for at in (0, 1, 400, 639)]
    offsets = np.array([0, 128])
    found = AllelePredictor(predictor.model, 8)(windows, offsets)[1]
    for window, side in zip(windows, found, strict=True):
        whole = naive(predictor, window.alternative, offsets)
        np.testing.assert_allclose(side, whole, atol=1e-6, rtol=1e-5)


def test_reference_inputs_are_predicted_once(monkeypatch):
    calls = []
    predict = CoverageFunction.__call__
    monkeypatch.setattr(
        CoverageFunction,
        "__call__",
        lambda self, codes: calls.append(codes.shape) or predict(self, codes),
    )
    alleles = AllelePredictor(predictor_of("cnn_32").model, 8)
    offsets = np.array([0, 1, 128])
    snvs = WINDOWS[:6]  # two neighbouring positions: 4,000 and 4,001
    alleles(snvs, offsets)
    starts = {window.start + int(o) for window in snvs for o in offsets}
    cropped = alleles._some.cropped
    assert len(starts) == 5
    assert cropped < LENGTH
    assert calls == [(5, LENGTH), (18, cropped)]
    alleles(snvs[:3], offsets)
    assert calls[2:] == [(9, cropped)]


def test_memory_of_references_is_bounded():
    predictor = predictor_of("cnn_32")
    size = 4 * LENGTH // 32 * len(TARGETS)
    alleles = AllelePredictor(predictor.model, 8, cache_bytes=2 * size)
    offsets = np.array([0, 5, 64, 128])
    for windows in (WINDOWS[:3], WINDOWS[6:9], WINDOWS[:3]):
        found = alleles(windows, offsets)[0]
        assert len(alleles._kept) == 2
        whole = naive(predictor, windows[0].reference, offsets)
        np.testing.assert_allclose(found[0], whole, atol=1e-6, rtol=1e-5)


def by_hand(predictor, window, offsets, targets, both_strands):
    """Score coverage by loops over base resolution: standard, robust, shape, peak."""
    base = [
        np.maximum(
            np.repeat(naive(predictor, codes, offsets, both_strands), 32, axis=1)
            * predictor.scale, LEAST,
        ).astype(float)[..., targets]
        for codes in (window.reference, window.alternative)
    ]  # fmt: skip

    def region(side, start, end):
        values = [side[i, start - o : end - o].mean(axis=0) for i, o in enumerate(offsets) if i]
        return np.mean(values, axis=0).mean()

    def near(side):
        return region(side, window.at - 32, window.at + 32)

    reference, alternative = base
    profiles = [side[0, REGION.start - CENTRE : REGION.stop - CENTRE].mean(axis=1) for side in base]
    return [
        np.log(alternative[0].sum(axis=0).mean() / reference[0].sum(axis=0).mean()),
        np.log2(
            region(alternative, REGION.start, REGION.stop)
            / region(reference, REGION.start, REGION.stop)
        ),
        jensenshannon(*profiles, base=2),
        np.log2(near(alternative) / near(reference)),
    ]


@pytest.mark.parametrize(
    ("name", "both_strands"), [("cnn_32", False), ("cnn_32", True), ("conv_attention", False)]
)
def test_pitfall_36_scores_are_those_of_the_paper(name, both_strands):
    predictor = predictor_of(name)
    settings = ScoreSettings(WINDOW, 20, 5, both_strands, 64)
    scorer = VariantScorer(predictor, settings)
    found = scorer(WINDOWS, {"b and c": ["b", "c"]})
    assert found.shape == (len(WINDOWS), len(SCORES), 1 + 3 + 1)
    offsets = scorer._offsets
    assert len(offsets) == 1 + 20  # the central input and 20 shifts, not 10
    assert offsets[0] == CENTRE
    assert ((offsets >= 0) & (offsets <= WINDOW - LENGTH)).all()
    for window, scores in list(zip(WINDOWS, found, strict=True))[::4]:
        for column, targets in enumerate(([0, 1, 2], [0], [1], [2], [1, 2])):
            wanted = by_hand(predictor, window, offsets, targets, both_strands)
            np.testing.assert_allclose(scores[:4, column], wanted, atol=2e-6, rtol=1e-3)
    assert np.isnan(found[:, 4]).all()
    # Coverage is averaged over targets before the ratio, not the ratios after it.
    assert np.abs(found[:, 1, 0] - found[:, 1, 1:4].mean(axis=1)).max() > 1e-5


def test_pitfall_37_binary_models_are_scored_by_their_logits():
    predictor = predictor_of("basenji_binary")
    scorer = VariantScorer(predictor, SETTINGS)
    found = scorer(WINDOWS)
    for window, scores in zip(WINDOWS, found, strict=True):
        before, after = (
            naive(predictor, codes, scorer._offsets)[:, 0].astype(float)
            for codes in (window.reference, window.alternative)
        )
        np.testing.assert_allclose(scores[0, 0], (after - before)[0].mean(), atol=1e-6)
        np.testing.assert_allclose(scores[1, 0], (after - before)[1:].mean(), atol=1e-6)
        np.testing.assert_allclose(scores[1, 1:], (after - before)[1:].mean(axis=0), atol=1e-6)
        ratio = np.log(expit(after[1:]).mean() / expit(before[1:]).mean())
        np.testing.assert_allclose(scores[4, 0], ratio, atol=1e-6)
    assert np.isnan(found[:, 2:4]).all()


def test_targets_that_were_not_trained_take_no_part():
    predictor = predictor_of("basenji_binary")
    predictor.known[1] = False
    found = VariantScorer(predictor, SETTINGS)(WINDOWS[:2], {"unknown": ["b"]})
    np.testing.assert_allclose(found[:, 1, 0], found[:, 1, [1, 3]].mean(axis=1), atol=1e-7)
    assert np.isnan(found[:, :, [2, 4]]).all()


class _Slope(keras.layers.Layer):
    """Coverage that counts C, from which 100 is taken."""

    def call(self, x):
        summed = keras.ops.sum(keras.ops.reshape(x[..., 1], (-1, LENGTH // 32, 32)), axis=2)
        return keras.ops.stack([summed - 100.0, summed + 1.0], axis=-1)


def test_small_predictions_are_raised_and_counted():
    inputs = keras.Input((LENGTH, 4))
    model = keras.Model(inputs, _Slope()(inputs))
    predictor = ModelPredictor(
        model, ["a", "b"], of_coverage=True, scale=[1, 1], known=[True, True], batch_size=4
    )
    scorer = VariantScorer(predictor, SETTINGS)
    found = scorer(WINDOWS[:2])
    assert scorer.clipped == 2 * 2 * 5 * LENGTH // 32
    assert (found[:, :, 1][:, [0, 1, 3]] == 0).all()
    assert np.isfinite(found[:, :4]).all()
    sums = [(window.reference[CENTRE:][:LENGTH] == 1).sum() + 16 for window in WINDOWS[:2]]
    after = [(window.alternative[CENTRE:][:LENGTH] == 1).sum() + 16 for window in WINDOWS[:2]]
    np.testing.assert_allclose(found[:, 0, 2], np.log(np.array(after) / sums), rtol=1e-6)


def test_a_variant_outside_its_own_element_has_a_peak_where_inputs_lie():
    predictor = predictor_of("cnn_32")
    near_the_end = make_window(SEQUENCE, change(4_600), WINDOW, 4_000)  # beyond 128 to 512
    found = VariantScorer(predictor, SETTINGS)([near_the_end])
    assert np.isfinite(found[0, 3]).all()


def test_windows_are_scored_in_parts_as_at_once(monkeypatch):
    predictor = predictor_of("cnn_32")
    whole = VariantScorer(predictor, SETTINGS)(WINDOWS)
    monkeypatch.setattr("epibench.variants.score.AT_ONCE", 1)
    parts = VariantScorer(predictor, SETTINGS)(WINDOWS)
    np.testing.assert_allclose(parts, whole, atol=1e-12)
    assert VariantScorer(predictor, SETTINGS)([]).shape == (0, len(SCORES), 4)


def test_the_profile_of_a_variant_is_aligned_at_base_resolution():
    predictor = predictor_of("cnn_32")
    scorer = VariantScorer(predictor, SETTINGS)
    found = scorer.profile(WINDOWS[0])
    assert (scorer.region.start, scorer.region.stop) == (REGION.start, REGION.stop)
    offsets = scorer._offsets[1:]
    for side, codes in zip(found, (WINDOWS[0].reference, WINDOWS[0].alternative), strict=True):
        base = np.repeat(naive(predictor, codes, offsets) * predictor.scale, 32, axis=1)
        wanted = [
            row[REGION.start - o : REGION.stop - o] for row, o in zip(base, offsets, strict=True)
        ]
        np.testing.assert_allclose(side, np.mean(wanted, axis=0).mean(axis=1), rtol=1e-5)


def test_means_over_regions_against_repeated_bins():
    rng = np.random.default_rng(2)
    prediction = rng.gamma(2, 1, (3, 4, 8, 2))  # 8 bins of 32 bp
    offsets = np.array([0, 3, 64, 128])
    regions = np.array([[128, 256], [130, 131], [200, 250]])
    found = over_region(prediction, offsets, 32, regions)
    for v, (start, end) in enumerate(regions):
        base = np.repeat(prediction[v], 32, axis=1)
        wanted = [base[i, start - o : end - o].mean(axis=0) for i, o in enumerate(offsets)]
        np.testing.assert_allclose(found[v], np.mean(wanted, axis=0))


@pytest.mark.parametrize("window", [500, 1024])
def test_a_window_that_does_not_fit_says_so(window):
    with pytest.raises(InputError, match=f"window of {window} bp does not fit inputs of 512 bp"):
        VariantScorer(predictor_of("cnn_32"), ScoreSettings(window=window))


def test_a_model_file_by_itself(tmp_path):
    small("cnn_32").save(tmp_path / "some.keras")
    predictor = load_predictor(tmp_path / "some.keras")
    assert predictor.targets == ["target1", "target2", "target3"]
    assert predictor.bin_size == 32
    small("basset").save(tmp_path / "binary.keras")
    assert not load_predictor(tmp_path / "binary.keras").of_coverage
    with pytest.raises(InputError, match=r"none.keras: there is no such file"):
        load_predictor(tmp_path / "none.keras")
    inputs = keras.Input((7,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "table.keras")
    with pytest.raises(InputError, match="not one-hot sequences"):
        load_predictor(tmp_path / "table.keras")


def saved(model, path):
    model.save(path)
    return path


def test_a_model_file_whose_bins_cannot_be_placed_is_refused(tmp_path):
    inputs = keras.Input((LENGTH, 4))
    pooled = keras.layers.MaxPooling1D(32)(keras.layers.Conv1D(2, 5, padding="same")(inputs))
    inner = keras.Model(inputs, keras.layers.Cropping1D(2)(pooled))
    with pytest.raises(InputError, match="12 bins do not fill its input of 512 bp"):
        load_predictor(saved(inner, tmp_path / "cropped.keras"))
    flat = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(pooled))
    with pytest.raises(InputError, match="no layer `logits`"):
        load_predictor(saved(flat, tmp_path / "flat.keras"))
    with pytest.raises(InputError, match="has 2 outputs"):
        load_predictor(saved(keras.Model(inputs, [pooled, pooled + 1]), tmp_path / "two.keras"))


def test_a_peak_longer_than_what_inputs_cover_is_refused():
    with pytest.raises(InputError, match="a region of 385 bp around a variant is longer than the"):
        VariantScorer(predictor_of("cnn_32"), ScoreSettings(window=WINDOW, peak_length=385))
