{# A failure means: a row speaks of something that has no row in the table it belongs to. #}
{% test belongs_to(model, columns, to) %}

select {{ columns | join(', ') }}
from {{ model }}
except
select {{ columns | join(', ') }}
from {{ to }}

{% endtest %}
