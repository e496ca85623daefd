with changes as (

    select * from {{ ref('int_changes') }}

),

metrics as (

    select * from {{ ref('int_domain_metrics') }}

)

select
    changes.client_id,
    changes.refreshed_on,
    changes.change,
    changes.referring_domain,
    changes.site,
    metrics.authority,
    changes.score,
    changes.closed_kind,
    changes.is_coverage_change,
    changes.links,
    changes.source_url
from changes
left join metrics
    on changes.client_id = metrics.client_id
    and changes.refreshed_on = metrics.refreshed_on
    and changes.referring_domain = metrics.referring_domain
