with growth as (

    select * from {{ ref('int_site_growth') }}
    where party != '' and authority_band is not null

)

select
    client_id,
    refreshed_on,
    party as site,
    is_own_site,
    authority_band,
    referring_domains,
    unconfirmed_domains,
    gained,
    gained_by_coverage,
    lost,
    gained - lost as net
from growth
