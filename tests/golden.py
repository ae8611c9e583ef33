"""`make golden`: write again what every sample reads as. A person reads the diff before it is committed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from billing_sources.registry import ADAPTERS

SAMPLES = Path(__file__).resolve().parent.parent / "billing_sources" / "samples"


def rewrite() -> None:
    for key, adapter in ADAPTERS.items():
        for path in sorted((SAMPLES / key).iterdir()):
            if path.suffix == ".json":
                continue
            with path.open("rb") as stream:
                read = msgspec.json.encode(list(adapter.read(stream, adapter)))
            golden = path.with_name(f"{path.name}.expected.json")
            golden.write_bytes(msgspec.json.format(read, indent=1) + b"\n")
            print(golden.relative_to(SAMPLES))


if __name__ == "__main__":
    rewrite()
