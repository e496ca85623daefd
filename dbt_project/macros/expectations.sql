{#
    The query of the rows of a published table that break its expectations, as the test in its yml has them: for
    `failed_expectations`. `relations` are the published tables by name.
#}
{% macro expectations_of(table, relations) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'test' and node.attached_node == 'model.linkgap.' ~ table -%}
        {%- set given = node.test_metadata.kwargs -%}
        {%- set references, rules = [], {} -%}
        {%- for one in given.get('references', []) -%}
            {%- do references.append({'columns': one.columns, 'to': relations[one.to.split("'")[1]]}) -%}
        {%- endfor -%}
        {%- for expectation, condition in given.get('rules', {}).items() -%}
            {%- do rules.update({expectation: render(condition)}) -%}
        {%- endfor -%}
        {{ test_expectations(
            relations[table],
            key=given.key,
            optional=given.get('optional', []),
            required=given.get('required', []),
            known_values=given.get('known_values', []),
            ranges=given.get('ranges', []),
            references=references,
            unique=given.get('unique', []),
            rules=rules,
            invariants=given.get('invariants', []),
        ) }}
    {%- endfor -%}
{%- endmacro %}

{# The refresh that a row is about; null in tables that belong to no refresh. #}
{% macro refresh_of(columns) -%}
    {{ 'refreshed_on' if 'refreshed_on' in columns else 'cast(null as date)' }}
{%- endmacro %}

{# A row as a reader can look it up: its key, without client and refresh. #}
{% macro example_of(columns) -%}
    concat_ws(', '
    {%- for column in columns if column not in ('client_id', 'refreshed_on') -%}
    , '{{ column }} ' || {{ column }}
    {%- endfor -%}
    , '')
{%- endmacro %}
