"""Dashboards in Apache Superset; runs in an environment of its own, see README.md."""
