"""Apache Superset for one workspace: everything it writes lies in `warehouse/bi/`, nothing of a client's is kept there.

`bi.serve` sets `LINKGAP_HOME` and points `SUPERSET_CONFIG_PATH` here.
"""

import os
from pathlib import Path
from typing import Any

from superset.utils.log import AbstractEventLogger

_HOME = Path(os.environ["LINKGAP_HOME"]) / "warehouse" / "bi"

SECRET_KEY = (_HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_HOME / 'superset.db'}"
DATA_DIR = str(_HOME)
APP_NAME = "linkgap"

# A published file is replaced while Superset runs: an answer that is kept would be that of the old state.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = CACHE_CONFIG
# Superset would keep in its database what somebody filtered for, a client's name, and `linkgap forget` does not look
# there.
FILTER_STATE_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 1000, "CACHE_DEFAULT_TIMEOUT": 86400}
EXPLORE_FORM_DATA_CACHE_CONFIG = FILTER_STATE_CACHE_CONFIG


class NoEvents(AbstractEventLogger):
    """Keeps no record of who looked at what."""

    def log(self, *arguments: Any, **named: Any) -> None:
        """Do nothing."""


EVENT_LOGGER = NoEvents()

# One machine, one process, nothing sent anywhere.
RATELIMIT_ENABLED = False
# Superset's pages ask a counter of visits for an image: the browser is told to load nothing from elsewhere.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
