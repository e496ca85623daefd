with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

site_metrics as (

    select site_metrics.*
    from {{ ref('int_site_metrics') }} as site_metrics
    inner join refreshes
        on site_metrics.client_id = refreshes.client_id
        and site_metrics.refreshed_on = refreshes.refreshed_on

),

-- a provider may correct its history: what was delivered last counts
latest as (

    select
        *,
        row_number() over (
            partition by client_id, site, provider, metric, measured_on
            order by refreshed_on desc
        ) as quote_number
    from site_metrics

)

select
    client_id,
    site,
    provider,
    metric,
    measured_on,
    refreshed_on as delivered_on,
    file_id,
    value
from latest
where quote_number = 1
