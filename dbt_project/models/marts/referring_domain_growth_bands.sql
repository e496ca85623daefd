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
    case when refreshed_before_on is not null then gained end as gained,
    case when refreshed_before_on is not null then gained_by_coverage end as gained_by_coverage,
    case when refreshed_before_on is not null then lost end as lost,
    case when refreshed_before_on is not null then gained - lost end as net
from growth
