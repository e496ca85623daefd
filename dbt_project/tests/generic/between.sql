{# A failure means: a row holds a number outside its range, both ends included. Null is left to `present`. #}
{% test between(model, columns, from, to) %}

select *
from {{ model }}
where
    {% for column in columns -%}
    {{ "or " if not loop.first }}{{ column }} not between {{ from }} and {{ to }}
    {% endfor %}

{% endtest %}
