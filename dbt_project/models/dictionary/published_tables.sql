{% set models = published_models(graph.nodes) if execute else [] %}

with described (table_name, description, primary_key, belongs_to) as (

    values
    {%- for model in models %}
    (
        '{{ model.name }}',
        {{ text_or_null(model.description) }},
        {{ texts_or_null(model.primary_key) }},
        {{ texts_or_null(model.belongs_to) }}
    ),
    {%- endfor %}
    (null, null, cast(null as varchar[]), cast(null as varchar[]))

)

select
    table_name,
    description,
    primary_key,
    belongs_to
from described
where table_name is not null
