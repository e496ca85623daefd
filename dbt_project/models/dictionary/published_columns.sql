{% set models = published_models(graph.nodes) if execute else [] %}

with described (
    table_name, column_number, column_name, data_type, description, key_position, is_required, known_values, least,
    greatest
) as (

    values
    {%- for model in models %}
    {%- for column in model.columns %}
    (
        '{{ model.name }}',
        {{ loop.index }},
        '{{ column.name }}',
        '{{ column.data_type }}',
        {{ text_or_null(column.description) }},
        {{ column.key_position or 'null' }},
        {{ column.is_required | lower }},
        {{ texts_or_null(column.known_values) }},
        {{ 'null' if column.least is none else column.least }},
        {{ 'null' if column.greatest is none else column.greatest }}
    ),
    {%- endfor %}
    {%- endfor %}
    (null, null, null, null, null, null, null, cast(null as varchar[]), cast(null as double), cast(null as double))

)

select
    table_name,
    column_number,
    column_name,
    data_type,
    description,
    key_position,
    is_required,
    known_values,
    least,
    greatest
from described
where table_name is not null
