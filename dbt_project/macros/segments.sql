{#
    Segment rules as SQL. Each field is asked once whether any of its rules can hit; only texts that say yes are asked
    rule by rule. A rule's code is weight × 1000 + 999 − rule_id, so that the largest code is the heaviest rule, and of
    equal ones the first.
#}

{% macro segment_rules_of(field) -%}
    {%- set rules = [] -%}
    {%- set segment_rules = ref('segment_rules') -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select rule_id, pattern, weight from " ~ segment_rules
            ~ " where field = '" ~ field ~ "' order by weight desc, rule_id"
        ) -%}
        {%- for row in found -%}
            {%- do rules.append({'code': (row[2] | int) * 1000 + 999 - (row[0] | int), 'pattern': row[1] | replace("'", "''")}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{# The code of the heaviest rule of a field that hits a text; 0 for none. #}
{% macro segment_code(field, text) -%}
    {%- set rules = segment_rules_of(field) -%}
    {%- if not rules -%}
        0
    {%- else -%}
        case
            when {{ text }} is null then 0
            when not regexp_matches({{ text }}, '{{ rules | map(attribute="pattern") | join("|") }}') then 0
            {%- for rule in rules %}
            when regexp_matches({{ text }}, '{{ rule.pattern }}') then {{ rule.code }}
            {%- endfor %}
            else 0
        end
    {%- endif -%}
{%- endmacro %}
