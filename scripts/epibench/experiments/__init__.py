"""The analyses that an experiment of the study can name (light: read at parse time)."""

from epibench.experiments.analysis import Analysis
from epibench.experiments.of_models import OF_MODELS
from epibench.experiments.of_scores import OF_SCORES
from epibench.experiments.of_variants import OF_VARIANTS

ANALYSES: dict[str, Analysis] = OF_SCORES | OF_VARIANTS | OF_MODELS
