{#
    A failure means: two rows stand for the same thing, or a part of their key is missing.
    `optional` names parts that may be missing; two missing ones are then the same.
#}
{% test unique_key(model, columns, optional=[]) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns if column not in optional -%}
    or {{ column }} is null
    {% endfor %}

{% endtest %}
