"""Perturbed sequences: what is drawn, and what becomes of it, against plain lists of bases."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from epibench.errors import InputError
from epibench.models import evoaug
from epibench.models.evoaug import PERTURBATIONS, Changes, EvoAug
from epibench.models.layers import OneHot, load_model

LENGTH, MANY = 40, 12000
# few different shapes, since JAX compiles every operation for each
NOTHING = {
    "deletion_max": 0,
    "insertion_max": 0,
    "translocation_max": 0,
    "inversion_max": 0,
    "mutation": 0.0,
    "noise": 0.0,
}
ALONE = {
    "deletion": {**NOTHING, "deletion_max": 15},
    "insertion": {**NOTHING, "insertion_max": 15},
    "translocation": {**NOTHING, "translocation_max": 40},
    "inversion": {**NOTHING, "inversion_max": 40},
    "mutation": {**NOTHING, "mutation": 0.3},
    "noise": {**NOTHING, "noise": 0.3},
    "all": {"max_augs": 6, "deletion_max": 40, "insertion_max": 40},
}
"""Settings with which one perturbation changes every sequence, and with which all do."""


def numpy(values):
    return ops.convert_to_numpy(values)


def codes(text):
    return np.array([["ACGTN".index(base) for base in text]], np.uint8)


def one_hot(bases):
    return numpy(OneHot()(bases))


def read(sequences):
    """Give the text of one sequence, which must consist of bases and N."""
    rows = {(1, 0, 0, 0): "A", (0, 1, 0, 0): "C", (0, 0, 1, 0): "G", (0, 0, 0, 1): "T"}
    rows[(0.25,) * 4] = "N"
    return "".join(rows[tuple(row)] for row in numpy(sequences)[0].tolist())


def random_codes():
    return np.random.default_rng(4).integers(0, 5, (300, LENGTH), dtype=np.uint8)


def changed_codes(bases, c, i):
    """Second implementation: the changes of sequence i, noise apart, on a list of base codes."""
    length = len(bases)
    start, size, dna = c.deletion_start[i, 0], c.deletion_size[i, 0], c.deletion_dna[i].tolist()
    half = size // 2
    bases = dna[:half] + bases[:start] + bases[start + size :] + dna[length - size + half :]
    start, size, dna = c.insertion_start[i, 0], c.insertion_size[i, 0], c.insertion_dna[i].tolist()
    half = size // 2
    padded = [None] * half + dna + [None] * size  # what is trimmed does not matter
    bases = bases[:start] + padded[start : start + size] + bases[start:]
    bases = bases[half : half + length]
    shift = c.shift[i, 0] % length
    bases = bases[length - shift :] + bases[: length - shift]
    start, end = c.inversion_start[i, 0], c.inversion_start[i, 0] + c.inversion_size[i, 0]
    segment = [base if base == 4 else 3 - base for base in bases[start:end]]
    bases = bases[:start] + segment[::-1] + bases[end:]
    steps = c.mutation[i].tolist()
    return [b if b == 4 else (b + step) % 4 for b, step in zip(bases, steps, strict=True)]


@pytest.mark.parametrize("name", ALONE)
def test_changes_are_those_of_lists_of_bases(name):
    layer, before = EvoAug(seed=3, **ALONE[name]), random_codes()
    drawn = layer.draw(*before.shape)
    c = Changes(*map(numpy, drawn))
    found = numpy(evoaug.change(one_hot(before), drawn))
    expected = np.array([changed_codes(x, c, i) for i, x in enumerate(before.tolist())])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, one_hot(expected.astype(np.uint8)) + c.noise)
    differs = (found != one_hot(before)).any(axis=(1, 2))
    assert differs.mean() > 0.85
    assert all((array == 0).all() for array in unused(name, c))


def unused(name, c):
    """Give the arrays that have to be 0 when `name` is the only perturbation."""
    arrays = (c.deletion_size, c.insertion_size, c.shift, c.inversion_size, c.mutation, c.noise)
    named = zip(PERTURBATIONS, arrays, strict=True)
    return [array for other, array in named if name not in (other, "all")]


TEXT, THYMINES = "AACCGGTN", codes("TTTTTTTT")


@pytest.mark.parametrize(
    ("start", "size", "expected"),
    [(2, 3, "TAAGTNTT"), (0, 2, "TCCGGTNT"), (6, 2, "TAACCGGT"), (5, 0, TEXT), (0, 8, "T" * 8)],
)
def test_a_deletion_closes_up_and_random_dna_fills_both_ends(start, size, expected):
    assert read(evoaug.delete(one_hot(codes(TEXT)), start, size, THYMINES)) == expected


@pytest.mark.parametrize(
    ("start", "size", "expected"),
    [(3, 2, "ACTTCGGT"), (0, 3, "TTAACCGG"), (8, 3, "ACCGGTNT"), (5, 0, TEXT), (4, 8, "T" * 8)],
)
def test_an_insertion_pushes_bases_over_both_ends(start, size, expected):
    assert read(evoaug.insert(one_hot(codes(TEXT)), start, size, THYMINES)) == expected


@pytest.mark.parametrize(
    ("shift", "expected"), [(3, "GTNAACCG"), (-1, "ACCGGTNA"), (0, TEXT), (8, TEXT)]
)
def test_a_translocation_swaps_two_parts(shift, expected):
    moved = evoaug.translocate(one_hot(codes(TEXT)), shift)
    assert read(moved) == expected
    assert read(evoaug.translocate(moved, -shift)) == TEXT


@pytest.mark.parametrize(
    ("start", "size", "expected"),
    [(1, 3, "AGGTGGTN"), (5, 3, "AACCGNAC"), (0, 8, "NACCGGTT"), (4, 0, TEXT)],
)
def test_an_inversion_reverse_complements_and_undoes_itself(start, size, expected):
    inverted = evoaug.invert(one_hot(codes(TEXT)), start, size)
    assert read(inverted) == expected
    assert read(evoaug.invert(inverted, start, size)) == TEXT


@pytest.mark.parametrize(
    ("step", "expected"), [(0, TEXT), (1, "CCGGTTAN"), (2, "GGTTAACN"), (3, "TTAACCGN")]
)
def test_a_mutation_gives_another_base_and_leaves_n(step, expected):
    steps = np.full((1, 8), step, np.int32)
    assert read(evoaug.mutate(one_hot(codes(TEXT)), steps)) == expected


def test_without_noise_every_position_stays_a_base_or_n():
    before = random_codes()
    after = numpy(EvoAug(seed=1, max_augs=5, noise=0)(one_hot(before), training=True))
    assert set(np.unique(after, axis=0).ravel().tolist()) == {0.0, 0.25, 1.0}
    np.testing.assert_array_equal(after.sum(axis=2), 1)
    assert ((after == 0.25).all(axis=2) | (after == 1).any(axis=2)).all()
    # random DNA has no N: 20 % at first, of which some went over an end or were deleted
    assert 0.1 < (after[..., 0] == 0.25).mean() < (before == 4).mean()


def test_each_sequence_gets_two_of_six_perturbations_and_every_pair_is_as_likely():
    chosen = numpy(EvoAug(seed=2).choose(MANY))
    assert chosen.shape == (MANY, 6)
    assert (chosen.sum(axis=1) == 2).all()
    pairs = np.unique(chosen, axis=0, return_counts=True)[1]
    assert len(pairs) == 15
    assert stats.chisquare(pairs).pvalue > 1e-5


def test_soft_numbers_are_drawn_from_one_to_the_maximum():
    chosen = numpy(EvoAug(seed=2, max_augs=3, hard=False).choose(MANY))
    numbers = np.bincount(chosen.sum(axis=1), minlength=4)
    assert numbers[0] == 0
    assert stats.chisquare(numbers[1:]).pvalue > 1e-5


def test_what_has_no_size_is_never_chosen():
    layer = EvoAug(seed=2, max_augs=4, deletion_max=0, mutation=0.0, noise=0.0)
    assert (numpy(layer.choose(MANY)) == [False, True, True, True, False, False]).all()


def uniform(values, count):
    """Tell whether integers look as if drawn from 0 ... count - 1 with equal probability."""
    assert values.min() >= 0
    return stats.chisquare(np.bincount(values.ravel(), minlength=count)).pvalue > 1e-5


@pytest.fixture(scope="module")
def many():
    """Draws in which every sequence gets every perturbation."""
    sizes = {"deletion_max": 6, "insertion_max": 5, "translocation_max": 4, "inversion_max": 7}
    layer = EvoAug(seed=7, max_augs=6, mutation=0.2, noise=0.5, **sizes)
    return Changes(*map(numpy, layer.draw(MANY, LENGTH)))


def test_sizes_are_uniform_from_zero_to_the_largest(many):
    assert uniform(many.deletion_size, 7)
    assert uniform(many.insertion_size, 6)
    assert uniform(np.abs(many.shift), 5)
    assert uniform(many.inversion_size, 8)
    assert np.mean(many.shift[many.shift != 0] > 0) == pytest.approx(0.5, abs=0.02)


def test_places_are_uniform_with_both_ends(many):
    assert uniform(many.insertion_start, LENGTH + 1)
    for start, size in (
        (many.deletion_start, many.deletion_size),
        (many.inversion_start, many.inversion_size),
    ):
        assert all(uniform(start[size == s], LENGTH - s + 1) for s in range(7))


def test_random_dna_is_uniform_and_each_has_its_own(many):
    assert uniform(many.deletion_dna, 4)
    assert uniform(many.insertion_dna, 4)
    assert np.mean(many.deletion_dna == many.insertion_dna) == pytest.approx(0.25, abs=0.01)


def test_mutation_and_noise_are_as_strong_as_told(many):
    assert np.mean(many.mutation > 0) == pytest.approx(0.2, abs=0.005)
    assert uniform(many.mutation[many.mutation > 0] - 1, 3)
    assert many.noise.shape == (MANY, LENGTH, 4)
    assert stats.kstest(many.noise.ravel()[:20000], stats.norm(0, 0.5).cdf).pvalue > 1e-5


def test_nothing_changes_unless_training():
    sequences = one_hot(random_codes())
    layer = EvoAug(seed=1)
    inputs = keras.Input((LENGTH, 4))
    model = keras.Model(inputs, layer(inputs))
    state = numpy(layer.seed_generator.state)
    np.testing.assert_array_equal(numpy(layer(sequences)), sequences)
    np.testing.assert_array_equal(numpy(model(sequences, training=False)), sequences)
    np.testing.assert_array_equal(numpy(layer.seed_generator.state), state)
    assert not np.array_equal(numpy(model(sequences, training=True)), sequences)


def test_draws_follow_from_seed_and_state():
    sequences = one_hot(random_codes())
    first, same, other = EvoAug(seed=1), EvoAug(seed=1), EvoAug(seed=2)
    once = numpy(first(sequences, training=True))
    np.testing.assert_array_equal(numpy(same(sequences, training=True)), once)
    assert not np.array_equal(numpy(other(sequences, training=True)), once)
    (state,) = first.variables
    kept = numpy(state)
    then = numpy(first(sequences, training=True))
    assert not np.array_equal(then, once)
    state.assign(kept)
    np.testing.assert_array_equal(numpy(first(sequences, training=True)), then)


def test_a_saved_layer_draws_as_a_new_one_of_its_seed(tmp_path):
    sequences = one_hot(random_codes())
    settings = {"seed": 9, "max_augs": 3, "hard": False, "deletion_max": 7, "noise": 0.2}
    inputs = keras.Input((LENGTH, 4))
    keras.Model(inputs, EvoAug(**settings)(inputs)).save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    new = EvoAug(**settings)
    own = {name: value for name, value in new.get_config().items() if name != "name"}
    assert own.items() <= loaded.layers[1].get_config().items()
    expected = numpy(new(sequences, training=True))
    np.testing.assert_array_equal(numpy(loaded(sequences, training=True)), expected)


def compiled(layer, traces):
    """Compile a training call; `traces` grows whenever the layer is traced."""

    def step(sequences):
        traces.append(sequences.shape)
        return layer(sequences, training=True)

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(step, input_signature=[tf.TensorSpec((None, LENGTH, 4), "float32")])
    import jax

    def stateless(state, sequences):
        with keras.StatelessScope([(variable, state)]) as scope:
            return step(sequences), scope.get_current_value(variable)

    variable, jitted = layer.seed_generator.state, jax.jit(stateless)

    def call(sequences):
        changed, state = jitted(variable.value, sequences)
        variable.assign(state)
        return changed

    return call


def test_compiled_once_it_draws_anew_for_each_batch():
    sequences, traces = one_hot(random_codes()), []
    layer, eager = EvoAug(seed=4), EvoAug(seed=4)
    call = compiled(layer, traces)
    found = [numpy(call(sequences)) for _ in range(4)]
    assert len(traces) == 1
    assert all(not np.array_equal(found[0], later) for later in found[1:])
    for batch in found:
        np.testing.assert_allclose(batch, numpy(eager(sequences, training=True)), atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_sequences_stay_float32_under_mixed_precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        layer = EvoAug(seed=1)
        assert layer.compute_dtype == "float32"
        assert numpy(layer(one_hot(random_codes()), training=True)).dtype == np.float32
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    "settings",
    [{"max_augs": 0}, {"deletion_max": -1}, {"mutation": 1.1}, {"noise": -0.1}, NOTHING],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(InputError, match="EvoAug cannot use max_augs"):
        EvoAug(seed=1, **settings)


def test_sequences_shorter_than_a_perturbation_are_refused():
    with pytest.raises(InputError, match="changes up to 30 bp, which inputs of 29 bp do not have"):
        EvoAug(seed=1).build((None, 29, 4))
    EvoAug(seed=1).build((None, 30, 4))
