with exports_in_effect as (

    select distinct
        client_id,
        refreshed_on,
        site,
        provider,
        export_kind,
        delivered_on,
        is_current
    from {{ ref('int_exports_in_effect') }}
    where evidence_role != 'unconfirmed'

),

coverage as (

    select * from {{ ref('int_coverage') }}

)

select
    exports_in_effect.client_id,
    exports_in_effect.refreshed_on,
    exports_in_effect.site,
    exports_in_effect.provider,
    exports_in_effect.export_kind,
    cast(coverage.row_count as bigint) as rows,
    coverage.is_truncated,
    coverage.truncation_evidence,
    not exports_in_effect.is_current as is_stale,
    exports_in_effect.delivered_on as as_of
from exports_in_effect
inner join coverage
    on exports_in_effect.client_id = coverage.client_id
    and exports_in_effect.delivered_on = coverage.refreshed_on
    and exports_in_effect.site = coverage.site
    and exports_in_effect.provider = coverage.provider
    and exports_in_effect.export_kind = coverage.export_kind
