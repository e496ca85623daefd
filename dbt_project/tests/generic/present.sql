{# A failure means: a row lacks a value that every row must have. #}
{% test present(model, columns) %}

select *
from {{ model }}
where
    {{ columns | join(' is null\n    or ') }} is null

{% endtest %}
