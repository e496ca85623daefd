{#
    The number in a cell of a column that is a site; null where it cannot be read. All other values come typed from the
    landed views. `inf`, `nan` and numbers beyond all measure, which spreadsheets leave behind, are no numbers.
#}
{% macro to_number(value) -%}
    case
        when abs(try_cast(replace({{ value }}, ',', '') as double)) < 1e15
            then try_cast(replace({{ value }}, ',', '') as double)
    end
{%- endmacro %}

{#
    The model of a chart whose columns are metrics: one row a day and metric. `metrics` says which column is which; the
    site is that of the file.
#}
{% macro one_row_a_metric(landed_table, metrics) -%}
with measures as (

    select
        file_id,
        row_number,
        unreadable,
        date as measured_on,
        unnest(map_entries(map {
            {% for metric, column in metrics.items() -%}
            '{{ metric }}': {{ column }}{{ "," if not loop.last }}
            {% endfor %}
        })) as measure
    from {{ source('landed', landed_table) }}

)

select
    file_id,
    row_number,
    unreadable,
    cast(null as varchar) as delivered_domain,
    cast(null as varchar) as delivered_provider,
    measure['key'] as delivered_metric,
    measured_on,
    measure['value'] as value,
    true as is_dated
from measures
{%- endmacro %}
