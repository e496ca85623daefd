"""Thin Dagster shells over plain functions: exports, dbt, publication, report.

What happens in a step stands in the modules they call; which steps there are, and in which order, stands here. Read on
in `pipelines/definitions.py`.
"""
