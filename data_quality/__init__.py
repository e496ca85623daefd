"""May this enter, may this be published: Great Expectations suites and how they are run.

Expectations look at profiles (small frames that DuckDB computed), never at rows. Row rules are SQL in `dbt_project`;
what follows from a failed gate is decided in `pipelines.assets`.
"""
