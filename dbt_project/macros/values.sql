{#
    Provider values → typed values. A value that cannot be read is null.
#}

{% macro to_boolean(value) -%}
    case lower({{ value }})
        when 'true' then true when 'yes' then true when '1' then true
        when 'false' then false when 'no' then false when '0' then false
    end
{%- endmacro %}

{% macro to_number(value) -%}
    try_cast(replace({{ value }}, ',', '') as double)
{%- endmacro %}

{# The UTC day of an ISO date or time; the time of day is left alone because providers see a link within hours. #}
{% macro to_day(value) -%}
    try_cast(left({{ value }}, 10) as date)
{%- endmacro %}
