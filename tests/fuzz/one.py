"""One reader under atheris, until its time is over; the arguments behind its name are libFuzzer's."""

from __future__ import annotations

import sys
import traceback
from contextlib import redirect_stderr
from hashlib import sha256
from io import StringIO
from pathlib import Path
from zlib import crc32

import atheris

_ASIDE = ["billing_sources.generator"]
with redirect_stderr(StringIO()), atheris.instrument_imports(include=["billing_sources"], exclude=_ASIDE):
    from tests.fuzz.forms import mutated
    from tests.fuzz.targets import TARGETS, Target

_PROJECT = str(Path(__file__).resolve().parents[2])


def main() -> None:
    target = TARGETS[sys.argv.pop(1)]
    found = next(Path(flag.partition("=")[2]) for flag in sys.argv if flag.startswith("-artifact_prefix="))
    known: set[str] = set()

    def run(content: bytes) -> None:
        """Each kind of failure is kept once, and the run goes on: many hide behind the first."""
        try:
            target.judge(content)
        except Exception as error:
            name = _name(error)
            if name not in known:
                known.add(name)
                (found / f"{name}-{sha256(content).hexdigest()[:8]}").write_bytes(content)
                traceback.print_exc()

    def change(content: bytes, most: int, seed: int) -> bytes:
        return _changed(target, content, most, seed)

    atheris.Setup(sys.argv, run, custom_mutator=change)
    atheris.Fuzz()


def _changed(target: Target, content: bytes, most: int, seed: int) -> bytes:
    """Every third as libFuzzer likes it: bytes at random, and what its own comparisons taught it."""
    if seed % 3 == 0:
        return atheris.Mutate(content, len(content))[:most]  # type: ignore[no-any-return]
    return mutated(target.form, content, most, seed ^ crc32(content))


def _name(error: BaseException) -> str:
    """Its type and the last line of ours on its way."""
    steps = [step for step in traceback.extract_tb(error.__traceback__) if step.filename.startswith(_PROJECT)]
    ours = [step for step in steps if "tests" not in Path(step.filename).parts and ".venv" not in step.filename]
    step = (ours or steps)[-1]
    said = f"-{str(error)[:24]}" if isinstance(error, AssertionError) else ""
    words = f"{type(error).__name__}-{Path(step.filename).stem}-{step.lineno}{said}"
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in words)


if __name__ == "__main__":
    main()
