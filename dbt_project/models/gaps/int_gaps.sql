with evidence as (

    select * from {{ ref('int_evidence') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

counted as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        count(*) filter (is_linked and not is_own_site) as competitors_linked,
        coalesce(list(site order by site) filter (is_linked and not is_own_site), []) as competitor_sites,
        coalesce(sum(links) filter (is_linked and is_own_site), 0) as client_links,
        coalesce(sum(links) filter (is_linked and not is_own_site), 0) as competitor_links,
        coalesce(max(links) filter (is_linked and not is_own_site), 0) as most_links_of_a_competitor,
        bool_or(is_linked) as is_in_matrix,
        bool_or(rejected_links > 0 and is_own_site) as has_rejected_client_link,
        bit_or(live_provider_bits) filter (not is_own_site) as competitor_provider_bits,
        bool_or(is_linked and is_own_site) as is_client_linked,
        bool_or(is_linked_for_sure and is_own_site) as is_client_linked_for_sure,
        bool_or(is_linked_perhaps and is_own_site) as is_client_linked_perhaps,
        bool_or(is_linked_with_rejected and is_own_site) as is_client_linked_with_rejected,
        bool_or(is_linked_with_rejected_for_sure and is_own_site) as is_client_linked_with_rejected_for_sure,
        count(*) filter (is_linked_for_sure and not is_own_site) as competitors_for_sure,
        count(*) filter (is_linked_perhaps and not is_own_site) as competitors_perhaps,
        count(*) filter ((is_linked_with_rejected or is_linked_perhaps) and not is_own_site)
            as competitors_with_rejected,
        count(*) filter (is_linked_with_rejected_for_sure and not is_own_site) as competitors_with_rejected_for_sure,
        min(first_seen_on) filter (is_linked and is_own_site) as client_first_seen_on
    from evidence
    group by all

)

select
    counted.client_id,
    counted.refreshed_on,
    counted.referring_domain,
    counted.competitors_linked,
    counted.competitor_sites,
    cast(counted.client_links as bigint) as client_links,
    cast(counted.competitor_links as bigint) as competitor_links,
    counted.competitors_linked + case when counted.is_client_linked then 1 else 0 end = 1 as is_unique,
    case
        when counted.client_links > 0 and counted.competitors_linked > 0 then 'covered'
        when counted.client_links > 0 then 'own'
        when counted.competitors_linked >= refreshes.min_competitors then 'open'
        else 'below_minimum'
    end as gap_status,
    case
        when counted.client_links > 0 and counted.competitors_linked = 0 then 'strong'
        when counted.client_links > 0 and counted.most_links_of_a_competitor > counted.client_links then 'weak'
        when counted.client_links > 0 then 'shared'
        when counted.competitors_linked = len(refreshes.competitors) then 'best'
        else 'missing'
    end as gap_class,
    counted.is_in_matrix,
    counted.has_rejected_client_link,
    counted.competitor_provider_bits,
    -- what the gap is now, once with doubtful evidence taken as there and once as gone
    {{ gap_now(
        'counted.is_client_linked_perhaps', 'counted.competitors_perhaps',
        'counted.is_client_linked_with_rejected', 'counted.competitors_with_rejected'
    ) }} as now_perhaps,
    {{ gap_now(
        'counted.is_client_linked_for_sure', 'counted.competitors_for_sure',
        'counted.is_client_linked_with_rejected_for_sure', 'counted.competitors_with_rejected_for_sure'
    ) }} as now_for_sure,
    counted.client_first_seen_on
from counted
inner join refreshes
    on counted.client_id = refreshes.client_id
    and counted.refreshed_on = refreshes.refreshed_on
