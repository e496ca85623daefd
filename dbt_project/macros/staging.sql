{#
    The rows of several staging models, each with the columns of all of them: what a report does not tell is null. Models
    whose report nobody delivered to the clients of the run are left out, so that a refresh of two reports plans two
    branches and not thirty; DuckDB prepares every branch of a union with all that is computed of its rows.

    staging_models: named for what they read, `stg_<provider>__<report>` the landed table `<provider>_<report>`
    flags: further boolean columns → the models for whose rows they are true
    condition: of the rows that are taken
#}
{% macro rows_of_staging(staging_models, flags={}, condition=none) -%}
    {%- set relations = {} -%}
    {%- for staging_model in staging_models -%}
        {%- do relations.update({staging_model: ref(staging_model)}) -%}
    {%- endfor -%}
    {%- if not execute -%}
        {%- for staging_model, relation in relations.items() %}
    select
        *{% for flag, models in flags.items() %},
        {{ staging_model in models }} as {{ flag }}{% endfor %}
    from {{ relation }}
    {% if condition %}where {{ condition }}{% endif %}
    {% if not loop.last %}union all by name{% endif %}
        {%- endfor -%}
    {%- else -%}
        {%- set delivered = run_query(
            "select distinct export_format from " ~ source('ledger', 'export_files') ~ " where outcome = 'accepted'"
        ).columns[0].values() -%}
        {%- set types, own_columns = {}, {} -%}
        {%- for staging_model, column, type in run_query(
            "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'staging' "
            ~ "and table_name in ('" ~ staging_models | join("', '") ~ "') order by table_name, column_index"
        ) -%}
            {%- if column not in types -%}
                {%- do types.update({column: type}) -%}
            {%- endif -%}
            {%- do own_columns.setdefault(staging_model, []).append(column) -%}
        {%- endfor -%}
        {%- set with_rows = [] -%}
        {%- for staging_model in staging_models -%}
            {%- if staging_model.removeprefix('stg_').replace('__', '_', 1) in delivered -%}
                {%- do with_rows.append(staging_model) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for staging_model in with_rows or [none] %}
    select
            {%- for column, type in types.items() %}
        {{ column if column in own_columns.get(staging_model, []) else 'cast(null as ' ~ type ~ ') as ' ~ column }}
            {{- ',' if not loop.last or flags }}
            {%- endfor %}
            {%- for flag, models in flags.items() %}
        {{ staging_model in models }} as {{ flag }}{{ ',' if not loop.last }}
            {%- endfor %}
    {% if staging_model %}from {{ relations[staging_model] }}
    {% if condition %}where {{ condition }}{% endif %}
    {% else %}where false{% endif %}
    {% if not loop.last %}union all{% endif %}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
