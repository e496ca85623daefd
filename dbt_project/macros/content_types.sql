{#
    Rules for the content type of a linked page as SQL. A rule's code is weight × 1000 + 999 − rule_id, so that the largest
    code is the heaviest rule, and of equal ones the first.
#}

{% macro content_type_rule_code() -%}
    weight * 1000 + 999 - rule_id
{%- endmacro %}

{# The code of the heaviest rule of a field that hits a text; 0 for none. #}
{% macro content_type_code(field, text) -%}
    {%- set content_type_rules = ref('content_type_rules') -%}
    {%- if not execute -%}
        0
    {%- else -%}
        case
        {%- for row in run_query(
            "select pattern, " ~ content_type_rule_code() ~ " from " ~ content_type_rules
            ~ " where field = '" ~ field ~ "' order by 2 desc"
        ) %}
            when regexp_matches({{ text }}, '{{ row[0] | replace("'", "''") }}') then {{ row[1] }}
        {%- endfor %}
            else 0
        end
    {%- endif -%}
{%- endmacro %}

{# Years from 1995 on that stand alone in a text. #}
{% macro years_in(text) -%}
    list_filter(
        list_transform(
            regexp_extract_all({{ text }}, '(^|[^0-9])((19|20)[0-9]{2})($|[^0-9])', 2),
            lambda written: cast(written as integer)
        ),
        lambda written: written >= 1995
    )
{%- endmacro %}
