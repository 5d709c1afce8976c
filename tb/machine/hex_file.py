"""Files of ``$writememh``."""

from pathlib import Path

import numpy as np
import numpy.typing as npt


def hex_words(path: Path, size: int) -> npt.NDArray[np.uint8]:
    """The words, shape (words, size in bytes), the highest byte first."""
    words = [line for line in path.read_text().split("\n") if line and not line.startswith("//")]
    return np.frombuffer(bytes.fromhex("".join(words)), dtype=np.uint8).reshape(-1, size)
