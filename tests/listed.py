"""The operations that the engine lists, read from the same files that its code is generated from."""

import tomllib
from pathlib import Path

CRATES = Path(__file__).resolve().parent.parent / "crates"


def listed():
    """Operation names by botocore's service name."""
    services = {}
    for path in sorted(CRATES.glob("*/src/*/operations.toml")):
        text = tomllib.loads(path.read_text())
        services[text["model"]] = sorted(text["operations"])
    return services
