{#
    The published models as their ymls tell them, by name: what the table and its columns mean, and what their expectations prove of
    them before anything is published. While dbt parses there are none.

    Gives a list of {name, description, primary_key, belongs_to, columns}; a column has name, data_type, description,
    key_position (from 1, or none), is_required, known_values (a list, or none), least and greatest (numbers, or none).
#}
{% macro published_models(nodes) -%}
    {% set expectations = {} %}
    {% for node in nodes.values() if node.resource_type == 'test' and node.test_metadata %}
        {% do expectations.update({node.attached_node: node.test_metadata.kwargs}) %}
    {% endfor %}
    {% set found = [] %}
    {% for node in nodes.values() | sort(attribute='name') if node.resource_type == 'model' and node.schema == 'marts' %}
        {% set key = node.config.meta.primary_key %}
        {% set belongs_to, columns = [], {} %}
        {% for column in node.columns.values() %}
            {% do columns.update({column.name: {
                'name': column.name,
                'data_type': column.data_type,
                'description': column.description.strip(),
                'key_position': key.index(column.name) + 1 if column.name in key else none,
                'is_required': false,
                'known_values': none,
                'least': none,
                'greatest': none,
            }}) %}
        {% endfor %}
        {% set expected = expectations.get(node.unique_id, {}) %}
        {% for reference in expected.get('references', []) %}
            {% do belongs_to.append(reference.to.split("'")[1] ~ ' (' ~ reference.columns | join(', ') ~ ')') %}
        {% endfor %}
        {% for name in expected.get('key', []) + expected.get('required', []) %}
            {% if name not in expected.get('optional', []) %}
                {% do columns[name].update({'is_required': true}) %}
            {% endif %}
        {% endfor %}
        {% for list_name in expected.get('known_values', []) %}
            {% do columns[list_name.split('__')[-1]].update({'known_values': value_lists()[list_name]}) %}
        {% endfor %}
        {% for range in expected.get('ranges', []) %}
            {% for name in range.columns %}
                {% do columns[name].update({'least': range.from, 'greatest': range.to}) %}
            {% endfor %}
        {% endfor %}
        {% do found.append({
            'name': node.name,
            'description': node.description.strip(),
            'primary_key': key,
            'belongs_to': belongs_to,
            'columns': columns.values() | list,
        }) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# A text as an SQL literal, or null. #}
{% macro text_or_null(text) -%}
    {{ 'null' if text is none else dbt.string_literal(dbt.escape_single_quotes(text)) }}
{%- endmacro %}

{# A list of texts as an SQL literal, or null. #}
{% macro texts_or_null(texts) -%}
    {%- if texts is none -%} null
    {%- else -%} [{% for text in texts %}{{ text_or_null(text) }}{{ ', ' if not loop.last }}{% endfor %}]
    {%- endif -%}
{%- endmacro %}
