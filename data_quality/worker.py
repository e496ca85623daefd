"""The process in which Great Expectations lives; it answers what `data_quality.expectations` writes to it.

Run as a script, so that nothing but Great Expectations and pandas is imported. Both ways carry pickles with their
length before them: in a list of (suite, columns, bounds), out the list of what was not expected of each, or an
exception.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
import sys
from typing import IO, Any

from warehouse.lazy_modules import load_later

LENGTH = struct.Struct("!Q")

Columns = dict[str, list[Any]]
"""The values of each column of a profile, in the order of its rows."""

Bounds = tuple[str, float | None, float | None, bool]
"""Column, smallest and largest allowed value, and whether a value outside is critical."""

Unexpected = tuple[int, int, float]
"""Place of the row in the profile, place in the list of bounds, and the value."""


def send(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(content)) + content)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises:
        EOFError: The other side closed.
    """
    header = stream.read(LENGTH.size)
    if len(header) < LENGTH.size:
        raise EOFError
    return pickle.loads(stream.read(*LENGTH.unpack(header)))


UNUSED = ("scipy.stats", "altair", "boto3", "botocore", "mistune")
"""What Great Expectations imports and bounds do not need: a third of the time that its import takes."""


def main() -> None:
    """Import, and answer until the other side closes."""
    # what a library prints must not get between the messages
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gc.disable()
    load_later(*UNUSED)
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # one for all: whatever a context is given, it writes down
    frames = (
        context.data_sources.add_pandas("profiles")
        .add_dataframe_asset("profiles")
        .add_batch_definition_whole_dataframe("profiles")
    )
    gc.freeze()
    gc.enable()
    while True:
        try:
            suites = receive(sys.stdin.buffer)
        except EOFError:
            # taking a million objects apart takes longer than a small suite
            os._exit(0)
        try:
            send(answers, [_validate(frames, *suite) for suite in suites])
        except Exception as error:
            send(answers, RuntimeError(f"{type(error).__name__}: {error}"))


def _validate(frames: Any, suite: str, columns: Columns, asked: list[Bounds]) -> list[Unexpected]:
    import great_expectations as gx
    import pandas as pd

    profile = pd.DataFrame({column: pd.Series(values, dtype="float64") for column, values in columns.items()})
    batch = frames.get_batch({"dataframe": profile.reset_index(names="profile_row")})
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=column,
            min_value=minimum,
            max_value=maximum,
            severity="critical" if is_critical else "warning",
            meta={"number": number},
        )
        for number, (column, minimum, maximum, is_critical) in enumerate(asked)
    ]
    outcome = batch.validate(
        gx.ExpectationSuite(name=suite, expectations=expectations),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["profile_row"]},
    )
    unexpected: list[Unexpected] = []
    for result in outcome.results:
        if result.success:
            continue
        number = result.expectation_config.meta["number"]
        column = asked[number][0]
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"{suite}: {column} could not be evaluated: {result.exception_info}")
        unexpected.extend((row["profile_row"], number, row[column]) for row in result.result["unexpected_index_list"])
    return unexpected


if __name__ == "__main__":
    main()
