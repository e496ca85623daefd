"""Superset's own database: brought up to date, with its roles and one user. `bi.serve` runs this.

Reads the user's name and password from standard input, a line each; a known user gets that password.
"""

from __future__ import annotations

import sys

from flask_migrate import upgrade
from superset.app import create_app


def prepare(user: str, password: str) -> None:
    """Create or upgrade the database that `superset_config` names."""
    app = create_app()
    with app.app_context():
        upgrade()
        from superset.extensions import appbuilder, security_manager

        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        known = security_manager.find_user(user)
        if known is None:
            role = security_manager.find_role("Admin")
            security_manager.add_user(user, "linkgap", user, f"{user}@localhost", role, password)
        else:
            security_manager.reset_password(known.id, password)


if __name__ == "__main__":
    prepare(*sys.stdin.read().split("\n", 1))
