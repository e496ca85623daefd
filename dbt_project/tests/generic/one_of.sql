{#
    A failure means: a row holds a word that the contract does not know, in a column of the same name as the list of
    `macros/value_lists.sql`. Null is left to `present`. A list named `table__column` is that of one table's column alone.
#}
{% test one_of(model, columns, table=none) %}

select *
from {{ model }}
where
    {% for column in columns -%}
    {{ "or " if not loop.first }}{{ column }} not in ('{{ value_lists()[(table ~ '__' ~ column) if table else column] | join("', '") }}')
    {% endfor %}

{% endtest %}
