{# Points that a component can give: its share of all weights, out of 100. #}
{% macro share_of_points(component) -%}
    100.0 * sum(weight) filter (component = '{{ component }}') / nullif(sum(weight), 0)
{%- endmacro %}
