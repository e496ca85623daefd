"""What runs, and in which order.

Imports `data_quality` and `warehouse`; nobody imports it. How rows become gaps stands in `dbt_project`.
"""
