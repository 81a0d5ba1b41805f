"""Write the files of a coverage store."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import numpy as np

from epibench.data.intervals import runs
from epibench.data.write_arrays import ArrayFile
from epibench.words import SPLITS
