"""Mini-batches: order, crops, strands, bins, all from seed and epoch."""

import hashlib

import numpy as np
import pytest
from small_store import INPUT, LENGTH, load, small_store

from epibench.data.loader import half_to_single, mean_bins
from epibench.errors import InputError


@pytest.fixture
def store():
    return small_store()


def starts(batches, epoch=0):
    """Give the first position of every input of an epoch, whatever its strand."""
    return np.concatenate([y[:, :, 0].min(axis=1) for _, y in batches.epoch(epoch)]).astype(int)


def flipped(batches, epoch=0):
    """Tell which inputs of an epoch are reverse-complemented, a list a batch."""
    return [(y[:, 0, 0] > y[:, -1, 0]).tolist() for _, y in batches.epoch(epoch)]


def test_shapes_and_types(store):
    batches = load(store, bin_size=4)
    found = list(batches.epoch(0))
    assert len(batches) == len(found) == 7
    assert batches.targets == 3
    assert [x.shape for x, _ in found] == [(8, 24)] * 6 + [(1, 24)]
    assert [y.shape for _, y in found] == [(8, 6, 3)] * 6 + [
        (1, 6, 3)
    ]  # pitfall 21: keeps its axis
    assert found[0][0].dtype == np.uint8
    assert found[0][1].dtype == np.float32


@pytest.mark.parametrize(("window", "expected"), [(24, 0), (25, 0), (27, 1), (40, 8)])
def test_without_shift_the_centre_is_taken(store, window, expected):
    # Pitfalls 39 and 40: derived from the lengths, nothing is hard-coded.
    offsets = np.array([100, 300])
    found = starts(load(store, offsets, window_length=window))
    np.testing.assert_array_equal(found, offsets + expected)


def test_inputs_are_those_of_the_store(store):
    (x, y), *_ = load(store).epoch(0)
    for i, start in enumerate(range(8, 328, LENGTH)):
        np.testing.assert_array_equal(x[i], store.sequence[start : start + INPUT])
        np.testing.assert_array_equal(y[i], store.coverage[start : start + INPUT])


def test_shift_draws_every_offset_both_ends_included(store):
    # Pitfall 2: cropping 6 from 8 never drew the offset 2.
    offsets = np.zeros(3000, np.int64)
    batches = load(
        store, offsets, window_length=8, input_length=6, augmentation="shift", batch_size=500
    )
    share = np.bincount(starts(batches), minlength=3) / 3000
    assert share.shape == (3,)
    np.testing.assert_allclose(share, 1 / 3, atol=0.04)


def test_shift_is_fresh_for_each_sequence_and_epoch(store):
    # Pitfall 1: one vector of offsets served the whole training.
    batches = load(store, augmentation="shift")
    drawn = np.stack([starts(batches, epoch) - batches.offsets for epoch in range(20)])
    assert len({tuple(row) for row in drawn}) == 20
    assert len({tuple(column) for column in drawn.T}) == drawn.shape[1]
    assert (drawn.min(), drawn.max()) == (0, LENGTH - INPUT)


def test_rc_flips_half_of_each_batch(store):
    # Pitfall 3: one coin flipped whole batches.
    batches = load(store, augmentation="rc", drop_last=True)
    chosen = [row for epoch in range(30) for row in flipped(batches, epoch)]
    assert {sum(row) for row in chosen} == {4}
    np.testing.assert_allclose(np.mean(chosen, axis=0), 0.5, atol=0.15)
    assert len({tuple(row) for row in chosen}) > 40


def test_half_of_an_odd_batch_is_rounded_both_ways(store):
    batches = load(store, augmentation="rc", batch_size=7)
    counts = [sum(row) for epoch in range(30) for row in flipped(batches, epoch)]
    assert set(counts) == {3, 4}
    assert np.mean(counts) == pytest.approx(3.5, abs=0.15)


def test_reverse_complement_turns_positions_bases_and_strand_pairs(store):
    plain = list(load(store).epoch(0))
    turned = list(load(store, augmentation="rc").epoch(0))
    swap = {0: 3, 1: 2, 2: 1, 3: 0, 4: 4}  # pitfall 18: N stays N
    seen = 0
    for (x, y), (rx, ry) in zip(plain, turned, strict=True):
        for i in range(len(x)):
            if np.array_equal(y[i], ry[i]):
                np.testing.assert_array_equal(x[i], rx[i])
                continue
            seen += 1
            assert rx[i].tolist() == [swap[c] for c in x[i][::-1].tolist()]
            np.testing.assert_array_equal(ry[i], y[i][::-1][:, [0, 2, 1]])
    assert seen >= 24
    assert (store.sequence == 4).any()


def test_bins_follow_the_strand(store):
    fine = list(load(store, augmentation="rc+shift", shuffle=True).epoch(3))
    coarse = list(load(store, augmentation="rc+shift", shuffle=True, bin_size=8).epoch(3))
    for (x, y), (same, binned) in zip(fine, coarse, strict=True):
        np.testing.assert_array_equal(x, same)
        np.testing.assert_allclose(binned, y.reshape(-1, 3, 8, 3).mean(axis=2), rtol=1e-6)


def test_shuffle_is_a_full_permutation_of_each_epoch(store):
    # Pitfall 4: what shuffled was a buffer of 32 records.
    offsets = np.arange(1900)
    batches = load(store, offsets, shuffle=True, batch_size=100)
    orders = [starts(batches, epoch) - 8 for epoch in range(3)]
    for order in orders:
        assert sorted(order) == offsets.tolist()
        moved = np.abs(order - np.arange(1900))
        assert moved.mean() == pytest.approx(1900 / 3, rel=0.1)
    assert not np.array_equal(orders[0], orders[1])
    np.testing.assert_array_equal(starts(load(store, offsets, batch_size=100)) - 8, offsets)


def test_an_epoch_is_a_function_of_seed_and_epoch(store):
    keys = {"augmentation": "rc+shift", "shuffle": True, "seed": 5}
    first, second = load(store, **keys), load(store, **keys)
    list(second.epoch(0))  # what was asked for before does not matter
    for (x, y), (other_x, other_y) in zip(first.epoch(4), second.epoch(4), strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)
    assert not np.array_equal(starts(first, 4), starts(first, 5))
    assert not np.array_equal(starts(first, 4), starts(load(store, **(keys | {"seed": 6})), 4))


def assert_same(found, expected):
    for (x, y), (other_x, other_y) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)


def test_the_draws_of_a_seed_stay_as_they_are(store):
    """Other draws are other trainings: `PROTOCOL["train_run"]` would have to be raised."""
    digest = hashlib.sha256()
    batches = load(store, batch_size=7, augmentation="rc+shift", shuffle=True, seed=3)
    for epoch in range(3):
        for arrays in batches.epoch(epoch):
            for array in arrays:
                digest.update(array.tobytes())
    assert digest.hexdigest()[:12] == "8f8ca847799f"


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("start", [0, 1, 4, 6, 7])
def test_the_rest_of_an_epoch_is_that_of_the_whole(store, start, workers):
    keys = {"augmentation": "rc+shift", "shuffle": True, "batch_size": 7, "seed": 2}
    whole = list(load(store, **keys).epoch(2))
    rest = list(load(store, workers=workers, **keys).epoch(2, start=start))
    assert len(rest) == len(whole) - start
    assert_same(rest, whole[start:])


@pytest.mark.parametrize("start", [-1, 8])
def test_a_start_outside_the_epoch_is_refused(store, start):
    with pytest.raises(InputError, match=f"has 7 batches; it cannot start at {start}"):
        load(store).epoch(0, start=start)


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_change_nothing(store, workers):
    keys = {"augmentation": "rc+shift", "shuffle": True, "bin_size": 4, "scale": np.ones(3) * 3}
    for epoch in range(3):
        expected = load(store, **keys).epoch(epoch)
        assert_same(load(store, workers=workers, **keys).epoch(epoch), expected)


def test_batches_can_be_made_in_any_order(store):
    batches = load(store, augmentation="rc+shift", shuffle=True)
    draws, whole = batches.draw(3), list(batches.epoch(3))
    for index in (4, 0, 6, 4):
        assert_same([batches.make(draws, index)], [whole[index]])


def test_the_global_generator_is_left_alone(store):
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    list(load(store, augmentation="rc+shift", shuffle=True).epoch(0))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def as_published(store, **keys):
    settings = {"augmentation": "as_published", "shuffle": True, "seed": 3}
    return load(store, **(settings | keys))


def places(batches, epoch):
    """Give each input's crop by its place in the batch, (batches, places)."""
    draws = batches.draw(epoch)
    crops = draws.starts - batches.offsets[draws.order]
    return crops.reshape(len(batches), -1)


def test_as_published_crops_a_place_in_the_batch_alike_in_all_steps_and_epochs(store):
    # Pitfall 1: 30 steps, 1 vector of offsets.
    batches = as_published(store, offsets=np.arange(48))
    crops = np.concatenate([places(batches, epoch) for epoch in range(5)])
    assert crops.shape == (30, 8)
    assert len({tuple(row) for row in crops}) == 1
    assert len(set(crops[0])) > 4
    other = as_published(store, offsets=np.arange(48), seed=4)
    assert not np.array_equal(places(other, 0)[0], crops[0])
    orders = [tuple(batches.draw(epoch).order) for epoch in range(5)]
    assert len(set(orders)) == 5  # so a window meets other crops in other epochs


def test_as_published_crops_what_is_read(store):
    batches = as_published(store)
    draws = batches.draw(1)
    np.testing.assert_array_equal(starts(batches, 1), draws.starts)
    found = np.concatenate(flipped(batches, 1))
    np.testing.assert_array_equal(found, draws.flipped)


def test_as_published_never_draws_the_last_crop(store):
    # Pitfall 2: crop 6 from 8: offsets 0, 1, never 2.
    keys = {"offsets": np.zeros(3000, np.int64), "window_length": 8, "input_length": 6}
    crops = places(as_published(store, batch_size=3000, **keys), 0)
    assert np.bincount(crops[0]).tolist() == pytest.approx([1500, 1500], abs=150)
    none = as_published(store, window_length=24, offsets=np.arange(48))
    assert (places(none, 0) == 0).all()  # where there is one crop only, as there: no crop


def test_as_published_flips_whole_batches_with_one_coin(store):
    # Pitfall 3: 200 batches: 111 x none, 89 x all.
    batches = as_published(store, offsets=np.arange(320))
    counts = [sum(row) for epoch in range(5) for row in flipped(batches, epoch)]
    assert len(counts) == 200
    assert set(counts) == {0, 8}
    assert 70 <= counts.count(8) <= 130
    coins = [tuple(batches.draw(epoch).flipped) for epoch in range(5)]
    assert len(set(coins)) == 5


def test_as_published_treats_a_smaller_last_batch_as_its_places(store):
    batches = as_published(store)
    draws = batches.draw(0)
    crops = draws.starts - batches.offsets[draws.order]
    assert len(crops) == 49
    assert crops[48] == crops[0]
    assert_same(batches.epoch(2, start=5), list(as_published(store).epoch(2))[5:])


@pytest.mark.parametrize(("name", "same"), [("evoaug", "none"), ("rc+shift+evoaug", "rc+shift")])
def test_evoaug_is_not_the_loaders(store, name, same):
    keys = {"shuffle": True, "seed": 2}
    found = load(store, augmentation=name, **keys).epoch(1)
    assert_same(found, load(store, augmentation=same, **keys).epoch(1))


def test_drop_last_leaves_out_the_smaller_batch(store):
    batches = load(store, drop_last=True)
    assert len(batches) == 6
    assert len(list(batches.epoch(0))) == 6
    with pytest.raises(InputError, match="5 windows do not fill a batch of 8"):
        load(store, np.arange(5), drop_last=True)
    with pytest.raises(InputError, match="0 windows do not fill a batch of 8"):
        load(store, np.zeros(0, np.int64))


def test_scale_divides_each_target(store):
    scale = np.array([2, 4, 0.5], np.float32)
    for (_, y), (_, scaled) in zip(
        load(store).epoch(0), load(store, scale=scale).epoch(0), strict=True
    ):
        np.testing.assert_allclose(scaled, y / scale)
        assert scaled.dtype == np.float32


def test_clip_is_in_units_of_the_scaled_coverage(store):
    scale = np.array([2, 4, 0.5], np.float32)
    plain, clipped = load(store, scale=scale), load(store, scale=scale, clip=300)
    for (_, y), (_, cut) in zip(plain.epoch(0), clipped.epoch(0), strict=True):
        np.testing.assert_array_equal(cut, np.where(y > 300, 300, y))
        assert cut.dtype == np.float32
    assert cut[..., 0].max() == 300


def test_every_finite_float16_converts_exactly():
    values = np.arange(65536, dtype=np.uint16).view(np.float16)
    values = values[np.isfinite(values)]
    np.testing.assert_array_equal(half_to_single(values), values.astype(np.float32))
    assert np.signbit(half_to_single(np.array([-0.0], np.float16)))[0]


@pytest.mark.parametrize("bin_size", [1, 2, 3, 32, 128, 768])
def test_bins_are_means(bin_size):
    coverage = np.random.default_rng(0).gamma(0.5, 20, (5, 768, 4)).astype(np.float32)
    expected = coverage.astype(float).reshape(5, -1, bin_size, 4).mean(axis=2)
    found = mean_bins(coverage, bin_size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-6)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"bin_size": 5}, "bin_size 5 does not divide input_length 24"),
        ({"bin_size": 0}, "bin_size 0 does not divide"),
        ({"input_length": 41}, "input_length 41 must be from 1 to the window length 40"),
        ({"augmentation": "shift+rc"}, r"'shift\+rc'; give one of none, rc, shift, rc\+shift"),
        ({"offsets": np.array([0, 1961])}, "window starts from 0 to 1960"),
        ({"offsets": np.array([-1])}, "window starts from 0 to 1960"),
        ({"offsets": np.zeros((2, 2), int)}, "must be a vector"),
    ],
)
def test_wrong_arguments_are_refused(store, keys, message):
    with pytest.raises(InputError, match=message):
        load(store, **keys)
