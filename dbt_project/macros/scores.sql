{# Points that a component can give: its share of all weights, out of 100. #}
{% macro share_of_points(component) -%}
    100.0 * sum(weight) filter (component = '{{ component }}') / nullif(sum(weight), 0)
{%- endmacro %}

{# The band an authority falls into, for counts by band: five of twenty points, and `unknown`. Sorts as text. #}
{% macro authority_band(authority) -%}
    case
        when {{ authority }} is null then 'unknown'
        when {{ authority }} < 20 then '00-19'
        when {{ authority }} < 40 then '20-39'
        when {{ authority }} < 60 then '40-59'
        when {{ authority }} < 80 then '60-79'
        else '80-100'
    end
{%- endmacro %}
