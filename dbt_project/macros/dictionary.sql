{#
    The published models as their ymls tell them, by name: what the table and its columns mean, and what dbt's tests prove of
    them before anything is published. While dbt parses there are none.

    Gives a list of {name, description, primary_key, belongs_to, columns}; a column has name, data_type, description,
    key_position (from 1, or none), is_required, known_values (a list, or none), least and greatest (numbers, or none).
#}
{% macro published_models(nodes) -%}
    {% set laws = {} %}
    {% for node in nodes.values() if node.resource_type == 'test' and node.test_metadata %}
        {% do laws.setdefault(node.attached_node, []).append(node.test_metadata) %}
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
        {% for law in laws.get(node.unique_id, []) %}
            {% set given = law.kwargs %}
            {% if law.name == 'belongs_to' %}
                {% do belongs_to.append(given.to.split("'")[1] ~ ' (' ~ given.columns | join(', ') ~ ')') %}
            {% endif %}
            {% for name in given.columns if law.name != 'belongs_to' %}
                {% set column = columns[name] %}
                {% if law.name == 'present' or (law.name == 'unique_key' and name not in given.get('optional', [])) %}
                    {% do column.update({'is_required': true}) %}
                {% elif law.name == 'one_of' %}
                    {% set list = given.table ~ '__' ~ name if given.table else name %}
                    {% do column.update({'known_values': value_lists()[list]}) %}
                {% elif law.name == 'between' %}
                    {% do column.update({'least': given.from, 'greatest': given.to}) %}
                {% endif %}
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
