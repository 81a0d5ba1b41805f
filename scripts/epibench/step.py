"""Compiled training and validation steps, on the Keras backend that runs.

Keras's own `train_on_batch` waits for every loss; these steps give it as a value of the device, so
that the next batch is sent while the device computes.
"""

from contextlib import nullcontext

import keras
import numpy as np

from epibench.errors import InputError


class Steps:
    """Train and score one model, batch by batch.

    Where there are several devices each takes an equal share of the batch, and weights change by
    the mean of their gradients. On TensorFlow (MirroredStrategy) batch normalisation and Pearson's
    r then see one share; on JAX they see the whole batch.

    Parameters
    ----------
    model : keras.Model
        From base codes to what the loss reads; built within `scope` where there are devices.
    loss : callable
        Of truth and prediction.
    optimizer : keras.Optimizer
        Its variables are made here.
    xla : bool
        Whether TensorFlow compiles with XLA; JAX always does.
    devices : Devices
        From `choose_devices`.
    """

    def __new__(cls, *args, **kwargs):
        kinds = {"tensorflow": _TensorFlowSteps, "jax": _JaxSteps}
        return super().__new__(kinds[keras.backend.backend()])

    def __init__(self, model, loss, optimizer, *, xla: bool = False, devices=None):
        self.model, self.loss, self.optimizer, self.xla = model, loss, optimizer, xla
        self.devices = devices or Devices([])
        with self.devices.scope():
            optimizer.build(model.trainable_variables)
        self._prepare()

    @property
    def variables(self) -> list:
        """All that training changes: weights, moments, dropout's and augmentation's seeds."""
        return [*self.model.variables, *self.optimizer.variables]

    def get_state(self) -> list[np.ndarray]:
        """Copy all that training changes."""
        self._pull()
        return [keras.ops.convert_to_numpy(variable) for variable in self.variables]

    def set_state(self, arrays: list[np.ndarray]) -> None:
        """Go back to what `get_state` gave."""
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)
        self._push()

    def get_weights(self, model: keras.Model) -> list[np.ndarray]:
        """Copy the weights of a model that shares them."""
        self._pull()
        return model.get_weights()

    def set_learning_rate(self, rate: float) -> None:
        """Change the optimizer's learning rate."""
        self._pull()
        self.optimizer.learning_rate = rate
        self._push()

    def train(self, sequences: np.ndarray, truth: np.ndarray):
        """Change the weights by one batch; give its loss before, a value of the device."""
        return self._train(*self._place(sequences, truth))

    def test(self, sequences: np.ndarray, truth: np.ndarray):
        """Give loss and predictions of one batch, values of the device."""
        return self._test(sequences, truth)

    def _forward(self, sequences, truth, training):
        """Compute loss, with the penalties that layers add, and predictions."""
        prediction = self.model(sequences, training=training)
        # not `loss(...)`, which Keras would divide by the number of devices
        loss = keras.ops.mean(self.loss.call(truth, prediction))
        return loss + sum(self.model.losses), prediction

    def _prepare(self): ...

    def _place(self, *arrays):
        return arrays

    def _pull(self): ...

    def _push(self): ...


class _TensorFlowSteps(Steps):
    def _prepare(self):
        import tensorflow as tf

        options = {"jit_compile": self.xla, "reduce_retracing": True}
        shares = len(self.devices.names)

        def train(sequences, truth):
            with tf.GradientTape() as tape:
                loss, _ = self._forward(sequences, truth, training=True)
                scaled = self.optimizer.scale_loss(loss / max(1, shares))
            gradients = tape.gradient(scaled, self.model.trainable_variables)
            self.optimizer.apply(gradients)
            return loss

        if shares > 1:
            strategy, one = self.devices.strategy, train

            def train(sequences, truth):
                losses = strategy.run(one, args=(sequences, truth))
                return strategy.reduce(tf.distribute.ReduceOp.MEAN, losses, axis=None)

        self._train = tf.function(train, **options)
        self._test = tf.function(
            lambda sequences, truth: self._forward(sequences, truth, training=False), **options
        )

    def _place(self, *arrays):
        if len(self.devices.names) < 2:
            return arrays
        return [self._share(self.devices.split(array)) for array in arrays]

    def _share(self, parts):
        """Give each device its part."""
        return self.devices.strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group]
        )


class _JaxSteps(Steps):
    """JAX changes nothing in place: the state is handed from step to step."""

    def _prepare(self):
        import jax

        model, optimizer = self.model, self.optimizer

        def forward(trained, other, optimizer_state, sequences, truth, training):
            mapping = list(zip(model.trainable_variables, trained, strict=True))
            mapping += zip(model.non_trainable_variables, other, strict=True)
            mapping += zip(optimizer.variables, optimizer_state, strict=True)
            with keras.StatelessScope(state_mapping=mapping) as scope:
                loss, prediction = self._forward(sequences, truth, training)
                scaled = optimizer.scale_loss(loss)
            changed = [scope.get_current_value(v) for v in model.non_trainable_variables]
            other = [old if new is None else new for new, old in zip(changed, other, strict=True)]
            return scaled, (loss, prediction, other)

        def train(state, sequences, truth):
            differentiate = jax.value_and_grad(forward, has_aux=True)
            (_, (loss, _, other)), gradients = differentiate(*state, sequences, truth, True)
            trained, optimizer_state = optimizer.stateless_apply(state[2], gradients, state[0])
            return loss, (trained, other, optimizer_state)

        self._compiled = jax.jit(train, donate_argnums=0)
        self._scored = jax.jit(lambda *values: forward(*values, False)[1][:2])
        self._push()

    def _train(self, sequences, truth):
        loss, self._state = self._compiled(self._state, sequences, truth)
        return loss

    def _test(self, sequences, truth):
        return self._scored(*self._state, sequences, truth)

    def _place(self, *arrays):
        if len(self.devices.names) < 2:
            return arrays
        import jax

        for array in arrays:
            self.devices.split(array)
        return [jax.device_put(array, self.devices.sharding("batch")) for array in arrays]

    @property
    def _groups(self):
        model = self.model
        return (
            model.trainable_variables,
            model.non_trainable_variables,
            self.optimizer.variables,
        )

    def _pull(self):
        for variables, values in zip(self._groups, self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def _push(self):
        import jax
        import jax.numpy as jnp

        # copies: a step gives the memory of its arguments away
        state = tuple([jnp.array(v.value, copy=True) for v in group] for group in self._groups)
        if len(self.devices.names) > 1:
            state = jax.device_put(state, self.devices.sharding())
        self._state = state


class Devices:
    """The devices of this machine that share every batch; with fewer than two nothing is shared.

    `names` are those of the backend.
    """

    def __init__(self, names: list):
        self.names = names
        self.strategy = None
        if len(names) > 1 and keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            self.strategy = tf.distribute.MirroredStrategy(names)

    def scope(self):
        """Give the context within which a model and its optimizer are built."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def split(self, array: np.ndarray) -> list[np.ndarray]:
        """Cut a batch into equal shares."""
        if len(array) % len(self.names):
            raise InputError(
                f"a batch of {len(array)} cannot be shared by {len(self.names)} devices; "
                "make batch_size a multiple of training.gpus"
            )
        return np.split(array, len(self.names))

    def sharding(self, *axes: str):
        """Say for JAX how arrays lie on the devices: split along the first axis, or everywhere."""
        from jax import sharding

        mesh = sharding.Mesh(np.array(self.names), ("batch",))
        return sharding.NamedSharding(mesh, sharding.PartitionSpec(*axes))
