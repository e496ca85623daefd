{#
    Provider values → typed values. A value that cannot be read is null.
#}

{% macro to_boolean(value) -%}
    case lower({{ value }})
        when 'true' then true when 'yes' then true when '1' then true
        when 'false' then false when 'no' then false when '0' then false
    end
{%- endmacro %}

{# `inf`, `nan` and numbers beyond all measure, which spreadsheets leave behind, are no numbers. #}
{% macro to_number(value) -%}
    case
        when abs(try_cast(replace({{ value }}, ',', '') as double)) < 1e15
            then try_cast(replace({{ value }}, ',', '') as double)
    end
{%- endmacro %}

{#
    The day of an ISO date or time; the time of day is left alone because providers see a link within hours. Days on
    which there was no web (`0001-01-01` and the like stand for "unknown") are no days.
#}
{% macro to_day(value) -%}
    case
        when try_cast(left({{ value }}, 10) as date) between date '1990-01-01' and date '2078-12-31'
            then try_cast(left({{ value }}, 10) as date)
    end
{%- endmacro %}
