"""The one-node SLURM of the cluster tests, for the faults that it is put through."""

from ..cluster.conftest import slurm

__all__ = ["slurm"]
