"""Bytes → recognised, decoded, landed export.

Pure functions over files: no Dagster, no client, no database but DuckDB's CSV reader and Parquet writer. What a format
looks like is data (`formats/*.yaml`); what its values mean is the business of its staging model in dbt.
"""
