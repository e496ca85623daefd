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
