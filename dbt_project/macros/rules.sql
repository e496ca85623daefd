{#
    Quality rules as bits. A row carries the set of all rules that hit it as one number: bit n for `rule_id` n of the
    seed `quality_rules`. Sets of rows, links and domains are then `bit_or`, and a list of names is looked up once per
    distinct set (`int_rule_sets`).
#}

{# Rule names and numbers, read from the seed's file so that a condition can be tied to its number at compile time. #}
{% macro quality_rule_ids() -%}
    {%- set ids = {} -%}
    {%- set quality_rules = ref('quality_rules') -%}
    {%- if execute -%}
        {%- for row in run_query("select rule, rule_id from " ~ quality_rules) -%}
            {%- do ids.update({row[0]: row[1] | int}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(ids) }}
{%- endmacro %}

{# The bits of all rules of the given conditions (rule name → SQL condition) that are true. #}
{% macro rule_bits(conditions) -%}
    {%- set ids = quality_rule_ids() -%}
    cast(0
    {%- for rule, condition in conditions.items() %}
        + case when {{ condition }} then {{ 2 ** ids.get(rule, 0) }} else 0 end
    {%- endfor %}
    as bigint)
{%- endmacro %}

{# The bits of all rules with the given outcome, and scope if one is named. #}
{% macro rules_with(outcome=none, scope=none) -%}
    (
        select coalesce(bit_or(cast(1 as bigint) << cast(rule_id as bigint)), 0)
        from {{ ref('quality_rules') }}
        where true
        {%- if outcome %} and outcome = '{{ outcome }}'{% endif -%}
        {%- if scope %} and scope = '{{ scope }}'{% endif %}
    )
{%- endmacro %}
