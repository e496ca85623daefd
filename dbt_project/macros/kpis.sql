{#
    The KPIs that a model's yml defines, in its order: name, data_type, meaning (its description), label, unit, table, sql.
    Every column with a `table` in its meta is one. While dbt parses there are none.
#}
{% macro kpi_definitions(node) -%}
    {% set found = [] %}
    {% for column in (node.columns or {}).values() if column.config.meta.table %}
        {% do found.append({
            'name': column.name,
            'data_type': column.data_type,
            'meaning': column.description.split() | join(' '),
            'label': column.config.meta.label,
            'unit': column.config.meta.unit,
            'table': column.config.meta.table,
            'sql': column.config.meta.sql,
        }) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}
