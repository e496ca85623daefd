{# Schemas are named as the stage alone, so that `marts.gaps` is `marts.gaps` in the working file as in the published one. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
