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

{# Years from 1995 on that stand alone in a text, the two of `2019-2020` among them. #}
{% macro years_in(text) -%}
    list_transform(
        list_filter(
            regexp_extract_all({{ text }}, '[0-9]+'),
            lambda written: length(written) = 4 and written between '1995' and '2099'
        ),
        lambda written: cast(written as integer)
    )
{%- endmacro %}
