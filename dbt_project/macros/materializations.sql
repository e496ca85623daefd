{#
    How models become tables: one statement each. dbt's own materializations build beside the old table, rename it, and
    clean up, so that a reader of the old one is never without it. Nobody reads the working database while a run writes
    it, and a run that breaks off is computed again (`warehouse/history.py`), so the six statements are saved.

    dbt's cache of relations is not filled (`--no-populate-cache`), and not asked.

    Contracts are not enforced here: `tests/test_contracts.py` compares the published tables with what their ymls
    declare.
#}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        create or replace table {{ target }} as (
        {{ sql }}
        )
    {%- endcall %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {% call statement('main') -%}
        create or replace view {{ target }} as (
        {{ sql }}
        )
    {%- endcall %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
    What earlier runs computed stays; the hooks before the model delete what this run computes again. A model that reads its
    own table says in `columns_when_new` which columns the table has before the first run.
#}
{% materialization incremental, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- if config.get('columns_when_new') -%}
        {%- do run_query('create table if not exists ' ~ target ~ ' (' ~ config.get('columns_when_new') ~ ')') -%}
    {%- endif -%}
    {% if not is_table(this) %}
        {% call statement('main') -%}
            create table {{ target }} as (
            {{ sql }}
            )
        {%- endcall %}
    {% else %}
        {{ run_hooks(pre_hooks) }}
        {% call statement('main') -%}
            insert into {{ target }} by name (
            {{ sql }}
            )
        {%- endcall %}
    {% endif %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
    A table that several queries fill one after the other, in one node: the first names its columns and types, and
    `next_statement` stands between them.
#}
{% materialization statements, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set queries = sql.split(next_statement()) -%}
    {% call statement('main') -%}
        create or replace table {{ target }} as (
        {{ queries[0] }}
        );
        {%- for query in queries[1:] %}
        insert into {{ target }} by name (
        {{ query }}
        );
        {%- endfor %}
    {%- endcall %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro next_statement() -%}
    -- next statement --
{%- endmacro %}

{# Whether a relation is a table of the database now; false while dbt parses. #}
{% macro is_table(relation) -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set found = run_query(
        "select 1 from duckdb_tables() where schema_name = '" ~ relation.schema ~ "' and table_name = '"
        ~ relation.identifier ~ "'"
    ) -%}
    {{ return(found | length > 0) }}
{%- endmacro %}
