with gaps as (

    select * from {{ ref('int_gaps') }}
    where client_links = 0 and is_in_matrix

),

proving as (

    select * from {{ ref('int_proving_providers') }}

),

-- pages on which somebody looked for a link to the client and found none: the last check decides
checks as (

    select
        client_id,
        refreshed_on,
        page_key,
        max(live_key) % 2 = 0 as is_absent
    from {{ ref('int_link_rows_judged') }}
    where is_check and is_linked and is_accepted and evidence_role != 'unconfirmed'
    group by all

),

-- domains of which every page that links to a competitor was looked at
checked as (

    select
        links.client_id,
        links.refreshed_on,
        links.referring_domain,
        bool_and(coalesce(checks.is_absent, false)) as is_absent
    from {{ ref('int_links_merged') }} as links
    left join checks
        on links.client_id = checks.client_id
        and links.refreshed_on = checks.refreshed_on
        and links.page_key = checks.page_key
    where links.is_live and not links.is_own_site
    group by all

)

select
    gaps.client_id,
    gaps.refreshed_on,
    gaps.referring_domain,
    case
        when gaps.has_rejected_client_link then 'rejected_link'
        when checked.is_absent then 'proven'
        when gaps.competitor_provider_bits & coalesce(proving.provider_bits, 0) != 0 then 'proven'
        else 'unproven'
    end as absence
from gaps
left join checked
    on gaps.client_id = checked.client_id
    and gaps.refreshed_on = checked.refreshed_on
    and gaps.referring_domain = checked.referring_domain
left join proving
    on gaps.client_id = proving.client_id
    and gaps.refreshed_on = proving.refreshed_on
