"""How likely a letter wins a link, learnt from the outreach log: the function `win_chances` that models ask in SQL.

dbt loads this module as a plugin (`dbt_project/profiles.yml`) and gives it every connection. What is a trait of a gap,
what counts as won, and from how many outcomes a chance is told is said in `dbt_project/models/priorities/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import PythonUDFType

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_SHARES = 7
"""Traits after the assumed chance that are shares, 0 to 1: what a score adds up. The others say which segment it is."""

_PRIOR_DEVIATIONS = {"level": 1.0, "share": 1.5, "segment": 0.5}
"""Standard deviations, in log-odds, of what is believed before the first outcome: an agency may win three times as
often as assumed or a third of it (level), the strongest domain may be five times as hard as the weakest (share), and
what is assumed of a segment may be wrong by half."""


class Plugin(BasePlugin):
    """What dbt-duckdb looks for in this module."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give a connection the function of this module."""
        add_functions(conn)


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Add `win_chances(attempt_traits, wins, gap_traits)` to a connection."""
    # a function of its own, because DuckDB evaluates annotations, and those of Arrow are not imported yet
    connection.create_function(
        "win_chances",
        lambda attempt_traits, wins, gap_traits: _asked(attempt_traits, wins, gap_traits),
        ["DOUBLE[][]", "BOOLEAN[]", "DOUBLE[][]"],
        "DOUBLE[]",
        type=PythonUDFType.ARROW,
    )


def _asked(attempt_traits: pa.Array, wins: pa.Array, gap_traits: pa.Array) -> pa.Array:
    import pyarrow as pa

    def rows(numbers: pa.ListScalar) -> NDArray[np.float64]:
        flat = numbers.values.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(numbers.values), -1)

    return pa.array(
        [
            win_chances(rows(attempts), won.values.to_numpy(zero_copy_only=False).astype(float), rows(gaps))
            for attempts, won, gaps in zip(attempt_traits, wins, gap_traits, strict=True)
        ],
        type=pa.list_(pa.float64()),
    )


def win_chances(
    attempt_traits: NDArray[np.float64], wins: NDArray[np.float64], gap_traits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The chance of winning each of some gaps, by a logistic regression with normal priors on what was tried before.

    The log-odds of what is assumed of the segment are taken for granted, and how far outcomes leave them is learnt. The
    chance is averaged over what the coefficients may be (D. MacKay, The evidence framework applied to classification
    networks, Neural Computation 4, 1992, equation 10), so that few outcomes do not make bold chances.

    Args:
        attempt_traits: One row an attempt: the assumed chance, the shares, and 1 for the segment it is of.
        wins: 1 for each attempt that won a link, else 0.
        gap_traits: One row a gap, as above.

    Returns:
        One chance a gap, between 0 and 1.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit, logit

    def taken_apart(traits: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        level = np.ones((len(traits), 1))
        shares, segments = traits[:, 1 : 1 + _SHARES] - 0.5, traits[:, 1 + _SHARES :]
        return logit(traits[:, 0]), np.hstack([level, shares, segments])

    assumed, inputs = taken_apart(attempt_traits)
    deviations = np.repeat(list(_PRIOR_DEVIATIONS.values()), [1, _SHARES, inputs.shape[1] - 1 - _SHARES])

    def loss(coefficients: NDArray[np.float64]) -> float:
        odds = assumed + inputs @ coefficients
        return float(np.sum(np.logaddexp(0, odds) - wins * odds) + np.sum((coefficients / deviations) ** 2) / 2)

    def slope(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        missed = expit(assumed + inputs @ coefficients) - wins
        return inputs.T @ missed + coefficients / deviations**2

    def curvature(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        chances = expit(assumed + inputs @ coefficients)
        return (inputs.T * (chances * (1 - chances))) @ inputs + np.diag(1 / deviations**2)

    learnt = minimize(loss, np.zeros(inputs.shape[1]), jac=slope, hess=curvature, method="trust-exact").x
    assumed_of_gaps, inputs_of_gaps = taken_apart(gap_traits)
    spread = np.einsum("ij,jk,ik->i", inputs_of_gaps, np.linalg.inv(curvature(learnt)), inputs_of_gaps)
    odds = assumed_of_gaps + inputs_of_gaps @ learnt
    return expit(odds / np.sqrt(1 + np.pi * spread / 8))
