"""The demo's config with a key changed."""

from pathlib import Path

import yaml

DEMO = Path(__file__).parents[2] / "config" / "demo.yaml"


def changed(path: str, value) -> dict:
    """Give the demo's config with one key set; `path` is dotted."""
    config = yaml.safe_load(DEMO.read_text())
    *parents, last = path.split(".")
    section = config
    for key in parents:
        section = section.setdefault(key, {})
    section[last] = value
    return config
