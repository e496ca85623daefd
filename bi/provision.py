"""Puts the published file, the datasets, the charts and the dashboard of `dashboard.yaml` into a running Superset.

Everything goes in through Superset's REST API and is found again by name, so that a second call changes what differs
and leaves what people made beside it alone. What the dashboard shows is told in `dashboard.yaml`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests
import yaml

DATABASE_NAME = "linkgap"
DEFINITION = Path(__file__).parent / "dashboard.yaml"


class ProvisioningError(RuntimeError):
    """Superset refused something; the message names it and Superset's reason."""


class Superset:
    """Superset's REST API, as one user."""

    def __init__(self, address: str, user: str, password: str) -> None:
        """Log in.

        Args:
            address: Where Superset answers, without a slash at the end.
            user: Who may create databases and dashboards.
            password: The user's.

        Raises:
            ProvisioningError: The login was refused.
        """
        self._address = address
        self._session = requests.Session()
        login = {"username": user, "password": password, "provider": "db", "refresh": False}
        token = self.call("post", "security/login", json=login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["Referer"] = address
        self._session.headers["X-CSRFToken"] = self.call("get", "security/csrf_token/")["result"]

    def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """One request; the answer as Superset's JSON.

        Raises:
            ProvisioningError: Superset answered with an error.
        """
        answer = self._session.request(method, f"{self._address}/api/v1/{path}", timeout=120, **arguments)
        if not answer.ok:
            raise ProvisioningError(f"Superset refused {method} {path}: {answer.status_code} {answer.text[:1000]}")
        found: dict[str, Any] = answer.json()
        return found

    def ensure(self, kind: str, column: str, body: dict[str, Any], only_new: tuple[str, ...] = ()) -> int:
        """Create the `kind` whose `column` has the body's value, or bring it up to the body; gives its id.

        Keys of `only_new` count when it is created and are left out when it is changed.
        """
        query = json.dumps({"filters": [{"col": column, "opr": "eq", "value": body[column]}]})
        found = self.call("get", f"{kind}/", params={"q": query})["result"]
        if not found:
            return int(self.call("post", f"{kind}/", json=body)["id"])
        changed = {key: value for key, value in body.items() if key not in only_new}
        self.call("put", f"{kind}/{found[0]['id']}", json=changed)
        return int(found[0]["id"])


def provision(superset: Superset, published: Path) -> str:
    """Make the dashboard what `dashboard.yaml` says.

    Args:
        superset: A running Superset.
        published: The published DuckDB file.

    Returns:
        The dashboard's path below Superset's address.

    Raises:
        ProvisioningError: Superset refused something.
    """
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    database = superset.ensure("database", "database_name", _database(published))
    datasets = {name: _ensure_dataset(superset, database, name, sql) for name, sql in definition["datasets"].items()}
    dashboard = superset.ensure(
        "dashboard",
        "slug",
        {"slug": definition["slug"], "dashboard_title": definition["title"], "published": True},
    )
    charts = {
        chart["name"]: superset.ensure("chart", "slice_name", _chart(chart, datasets, dashboard))
        for chart in definition["charts"]
    }
    superset.call("put", f"dashboard/{dashboard}", json=_layout(definition, charts, datasets))
    return f"/superset/dashboard/{definition['slug']}/"


def _database(published: Path) -> dict[str, Any]:
    # Superset opens the file for each query (NullPool is its own choice) and closes it: a file that is replaced shows
    engine = {"connect_args": {"read_only": True, "config": {"enable_external_access": False}}}
    return {
        "database_name": DATABASE_NAME,
        "sqlalchemy_uri": f"duckdb:///{published}",
        "expose_in_sqllab": True,
        "allow_dml": False,
        "extra": json.dumps({"engine_params": engine}),
    }


def _ensure_dataset(superset: Superset, database: int, name: str, sql: str) -> int:
    body = {"table_name": name, "sql": sql, "database": database, "schema": "marts"}
    dataset = superset.ensure("dataset", "table_name", body, only_new=("database", "schema"))
    superset.call("put", f"dataset/{dataset}/refresh")
    return dataset


def _metric(definition: str) -> dict[str, Any]:
    """A metric in Superset's words: the one value there is, a sum, or the count of rows."""
    name, _, label = definition.partition(": ")
    aggregate, _, column = name.rpartition(" ")
    expression = "COUNT(*)" if name == "count" else f"{(aggregate or 'max').upper()}({column})"
    return {"expressionType": "SQL", "sqlExpression": expression, "label": label or name, "hasCustomLabel": True}


def _chart(chart: dict[str, Any], datasets: dict[str, int], dashboard: int) -> dict[str, Any]:
    dataset = datasets[chart["dataset"]]
    params = {
        "viz_type": chart["viz_type"],
        "datasource": f"{dataset}__table",
        "adhoc_filters": [],
        "row_limit": 5000,
        **chart["params"],
    }
    if "metrics" in chart:
        params["metrics"] = [_metric(name) for name in chart["metrics"]]
    elif chart["viz_type"] in ("big_number_total", "waterfall"):
        params["metric"] = _metric(chart["metric"])
    elif "metric" in chart:
        params["metrics"] = [_metric(chart["metric"])]
    return {
        "slice_name": chart["name"],
        "viz_type": chart["viz_type"],
        "datasource_id": dataset,
        "datasource_type": "table",
        "params": json.dumps(params),
        "dashboards": [dashboard],
    }


def _layout(definition: dict[str, Any], charts: dict[str, int], datasets: dict[str, int]) -> dict[str, Any]:
    """Rows of charts, and the filters, in the form that Superset keeps them in."""
    grid: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": definition["title"]}},
    }
    for number, row in enumerate(definition["rows"], start=1):
        row_id = f"ROW-{number}"
        grid["GRID_ID"]["children"].append(row_id)
        children = []
        for name, width in row["charts"].items():
            chart_id = f"CHART-{charts[name]}"
            children.append(chart_id)
            grid[chart_id] = {
                "type": "CHART",
                "id": chart_id,
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row_id],
                # heights are kept in units of eight pixels
                "meta": {"chartId": charts[name], "sliceName": name, "width": width, "height": row["height"] // 8},
            }
        grid[row_id] = {
            "type": "ROW",
            "id": row_id,
            "children": children,
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
    metadata = {
        "native_filter_configuration": [_filter(one, charts, datasets) for one in definition["filters"]],
        "filter_bar_orientation": "HORIZONTAL",
        "cross_filters_enabled": False,
        "color_scheme": "supersetColors",
        "timed_refresh_immune_slices": [],
        "expanded_slices": {},
        "refresh_frequency": 0,
    }
    return {"position_json": json.dumps(grid), "json_metadata": json.dumps(metadata)}


def _filter(one: dict[str, Any], charts: dict[str, int], datasets: dict[str, int]) -> dict[str, Any]:
    is_single = one.get("single", False)
    reached = [charts[name] for name in one.get("charts", charts)]
    return {
        "id": f"NATIVE_FILTER-{one['name'].lower()}",
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "name": one["name"],
        "description": "",
        "targets": [{"datasetId": datasets[one["dataset"]], "column": {"name": one["column"]}}],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        # charts wait for the first client instead of showing all of them mixed
        "requiredFirst": is_single,
        "controlValues": {
            "multiSelect": not is_single,
            "enableEmptyFilter": is_single,
            "defaultToFirstItem": is_single,
            "inverseSelection": False,
            "searchAllOptions": False,
        },
        "cascadeParentIds": [] if is_single else ["NATIVE_FILTER-client"],
        "scope": {
            "rootPath": ["ROOT_ID"],
            "excluded": sorted(set(charts.values()) - set(reached)),
        },
        "chartsInScope": sorted(reached),
        "tabsInScope": [],
    }
