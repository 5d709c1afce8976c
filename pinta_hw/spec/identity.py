"""Which accelerator this is."""

import dataclasses
import hashlib
import json

from .config import AcceleratorConfig


def configuration_sha256(config: AcceleratorConfig) -> str:
    """SHA-256 of a configuration's canonical JSON form."""
    return hashlib.sha256(json.dumps(dataclasses.asdict(config), sort_keys=True).encode()).hexdigest()
