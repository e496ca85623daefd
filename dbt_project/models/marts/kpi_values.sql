{% set kpis = kpi_definitions(graph.nodes['model.linkgap.kpis']) if execute else [] %}

with kpis as (

    select * from {{ ref('kpis') }}

),

valued as (

    select
        client_id,
        refreshed_on,
        unnest([
            {%- for kpi in kpis %}
            struct_pack(
                kpi := '{{ kpi.name }}',
                label := {{ dbt.string_literal(dbt.escape_single_quotes(kpi.label)) }},
                unit := '{{ kpi.unit }}',
                meaning := {{ dbt.string_literal(dbt.escape_single_quotes(kpi.meaning)) }},
                kpi_number := {{ loop.index }},
                kpi_value := cast({{ kpi.name }} as double)
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ], recursive := true)
    from kpis

)

select
    client_id,
    refreshed_on,
    kpi,
    label,
    unit,
    meaning,
    kpi_number,
    kpi_value
from valued
