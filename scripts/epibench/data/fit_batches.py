"""Give batches to Keras's `model.fit`; Epibench's own training reads them directly."""

import threading

import keras

from epibench.data.loader import Batch, Batches
from epibench.errors import InputError


class FitBatches(keras.utils.PyDataset):
    """Let `model.fit` read the epochs of `Batches`, on TensorFlow and JAX.

    Epoch e of `fit` sees exactly the batches of `batches.epoch(e)`, whatever `initial_epoch` is:

        data, valid = FitBatches(train_batches), FitBatches(valid_batches, epoch=0)
        model = from_codes(build("bpnet", ...))  # takes base codes; compile it as any other
        model.fit(data, shuffle=False, callbacks=[data.callback], validation_data=valid, epochs=9)

    Keras fetches a few batches before the first epoch, runs the hooks of a data set once too often
    and shuffles the batches unless told not to. So the epoch comes from the callback, a batch is a
    function of epoch and position alone, and a shuffled order is refused.

    Parameters
    ----------
    batches : Batches
        What to read; `batches.workers` threads (on TensorFlow at least 2) make batches ahead.
    epoch : int or None
        Epoch to give at every pass, for validation and `model.evaluate`; default None, the epoch
        that `callback` names.

    Raises
    ------
    InputError
        While fitting, without the callback or with `shuffle=True`. TensorFlow reports it as an
        error of its own that quotes the message.
    """

    def __init__(self, batches: Batches, *, epoch: int | None = None):
        # On TensorFlow, Keras's threads make the batches: with more than one it also switches off
        # the tuning thread of tf.data, which can hold up an epoch's end for as long as the epoch
        # took. Elsewhere our threads do: what Keras's threads fetched before the first epoch stays
        # in its queue, and would be given as the first batches of that epoch.
        self._threads_of_keras = keras.backend.backend() == "tensorflow"
        threads = max(2, batches.workers) if self._threads_of_keras else 1
        super().__init__(workers=threads, max_queue_size=threads + 1)
        self.batches, self._lock = batches, threading.Lock()
        self._needs_callback, self._built, self._fetched = epoch is None, False, None
        self._stream = None
        self._set_epoch(epoch or 0)
        self.callback = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self._begin(epoch),
            on_train_end=lambda logs: self._end(),
        )

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        """Give a batch of the epoch, as `Batches.make` does."""
        with self._lock:
            self._check_order(index)
        if self._threads_of_keras:
            return self.batches.make(self._draws, index)
        if self._stream is None or index != self._position:
            self._stream = self.batches.epoch(self._epoch, start=index)
        self._position = index + 1
        batch = next(self._stream)
        if self._position == len(self):
            self._stream = None  # ends its threads
        return batch

    def on_epoch_end(self) -> None:
        """Learn that the epochs begin: Keras calls this once before the first."""
        self._built = True

    def _set_epoch(self, epoch: int) -> None:
        self._epoch, self._stream = epoch, None
        if self._threads_of_keras:
            self._draws = self.batches.draw(epoch)

    def _begin(self, epoch: int) -> None:
        """Begin an epoch of `fit`: from here every batch is fetched once, in order."""
        self._set_epoch(epoch)
        self._needs_callback, self._fetched = False, 0

    def _end(self) -> None:
        self._stream, self._fetched = None, None

    def _check_order(self, index: int) -> None:
        if self._needs_callback and self._built:
            raise InputError(
                "fit does not say which epoch it is in; give it callbacks=[data.callback], or name "
                "an epoch, FitBatches(batches, epoch=0), for data that is not trained on"
            )
        if self._fetched is None:
            return
        # a thread can be ahead of those that fetch the batches before, never by more
        if index - self._fetched >= self.workers:
            raise InputError("fit shuffles the batches, which are shuffled; give it shuffle=False")
        self._fetched += 1
