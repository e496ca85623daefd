{#
    A failure means: a row holds a word that the contract does not know, in a column of the same name as the list of
    `macros/value_lists.sql`. Null is left to `present`.
#}
{% test one_of(model, columns) %}

select *
from {{ model }}
where
    {% for column in columns -%}
    {{ "or " if not loop.first }}{{ column }} not in ('{{ value_lists()[column] | join("', '") }}')
    {% endfor %}

{% endtest %}
