{#- kpis.yml says what each KPI is; here its aggregates are put together, table by table. -#}
{% set relations = {
    'coverage': ref('coverage'),
    'gap_progress': ref('gap_progress'),
    'gap_snapshots': ref('gap_snapshots'),
    'gaps': ref('gaps'),
    'lost_links': ref('lost_links'),
    'opportunities': ref('opportunities'),
    'outreach_results': ref('outreach_results'),
    'refreshes': ref('refreshes'),
    'unlinked_mentions': ref('unlinked_mentions'),
} %}
{% set kpis = kpi_definitions(model) %}
{% set tables = kpis | map(attribute='table') | unique | list %}

with slices as (

    select
        client_id,
        refreshed_on
    from {{ ref('refreshes') }}

)

{% for table in tables %}
, {{ table }}_kpis as (

    select
        slices.client_id,
        slices.refreshed_on
        {%- for kpi in kpis if kpi.table == table %},
        {{ kpi.sql }} as {{ kpi.name }}
        {%- endfor %}
    from slices
    left join {{ relations[table] }} as facts
        on slices.client_id = facts.client_id
        and slices.refreshed_on = facts.refreshed_on
    group by slices.client_id, slices.refreshed_on

)
{% endfor %}

select
    slices.client_id,
    slices.refreshed_on
{%- for kpi in kpis %},
    cast({{ kpi.table }}_kpis.{{ kpi.name }} as {{ kpi.data_type }}) as {{ kpi.name }}
{%- endfor %}
from slices
{% for table in tables %}
inner join {{ table }}_kpis
    on slices.client_id = {{ table }}_kpis.client_id
    and slices.refreshed_on = {{ table }}_kpis.refreshed_on
{% endfor %}
