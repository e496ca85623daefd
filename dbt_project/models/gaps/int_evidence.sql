with links as (

    select * from {{ ref('int_links_merged') }}

),

domain_sites as (

    select * from {{ ref('int_domain_sites') }}

),

link_evidence as (

    select
        links.client_id,
        links.refreshed_on,
        links.referring_domain,
        links.site,
        count(*) filter (links.is_live) as links,
        count(*) filter (links.is_live and links.is_follow) as follow_links,
        count(*) filter (links.is_live_without_carried) as links_without_carried,
        count(*) filter (links.is_unconfirmed) as unconfirmed_links,
        count(*) filter (links.is_live_with_rejected) as links_with_rejected,
        count(*) filter (links.is_live_with_rejected_without_carried) as links_with_rejected_without_carried,
        count(*) filter (links.is_live_with_rejected and not links.is_live) as rejected_links,
        -- page-level rows that are all rejected speak louder than a domain-level row
        bool_or(links.is_accepted) filter (links.is_delivered) as has_accepted_rows,
        bit_or(links.provider_bits) filter (links.is_live) as provider_bits,
        bit_or(links.live_provider_bits) as live_provider_bits,
        min(links.first_seen_on) filter (links.is_live) as first_seen_on,
        max(links.last_seen_on) filter (links.is_live) as last_seen_on,
        bool_and(links.is_stale) filter (links.is_live) as is_stale,
        bit_or(links.shown_provider_bits) as shown_provider_bits
    from links
    where links.referring_domain is not null
    group by all

),

joined as (

    select
        coalesce(link_evidence.client_id, domain_sites.client_id) as client_id,
        coalesce(link_evidence.refreshed_on, domain_sites.refreshed_on) as refreshed_on,
        coalesce(link_evidence.referring_domain, domain_sites.referring_domain) as referring_domain,
        coalesce(link_evidence.site, domain_sites.site) as site,
        coalesce(link_evidence.links, 0) as links,
        link_evidence.follow_links,
        coalesce(link_evidence.links_without_carried, 0) as links_without_carried,
        coalesce(link_evidence.unconfirmed_links, 0) as unconfirmed_links,
        coalesce(link_evidence.links_with_rejected, 0) as links_with_rejected,
        coalesce(link_evidence.links_with_rejected_without_carried, 0) as links_with_rejected_without_carried,
        coalesce(link_evidence.rejected_links, 0) as rejected_links,
        coalesce(link_evidence.has_accepted_rows, true) as may_rest_on_domain,
        link_evidence.provider_bits,
        coalesce(link_evidence.live_provider_bits, 0) | coalesce(domain_sites.provider_bits, 0) as live_provider_bits,
        link_evidence.first_seen_on,
        link_evidence.last_seen_on,
        coalesce(link_evidence.is_stale, false) as is_stale,
        domain_sites.links as domain_links,
        domain_sites.provider_bits as domain_provider_bits,
        domain_sites.first_seen_on as domain_first_seen_on,
        domain_sites.last_seen_on as domain_last_seen_on,
        coalesce(domain_sites.is_delivered, false) as is_delivered,
        coalesce(domain_sites.is_delivered_now, false) as is_delivered_now,
        coalesce(domain_sites.is_delivered_before, false) as is_delivered_before,
        coalesce(domain_sites.is_delivered_with_rejected, false) as is_delivered_with_rejected,
        coalesce(domain_sites.is_delivered_now_with_rejected, false) as is_delivered_now_with_rejected,
        coalesce(link_evidence.shown_provider_bits, 0) | coalesce(domain_sites.shown_provider_bits, 0)
            as shown_provider_bits
    from link_evidence
    full outer join domain_sites
        on link_evidence.client_id = domain_sites.client_id
        and link_evidence.refreshed_on = domain_sites.refreshed_on
        and link_evidence.referring_domain = domain_sites.referring_domain
        and link_evidence.site = domain_sites.site

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

)

select
    joined.client_id,
    joined.refreshed_on,
    joined.referring_domain,
    joined.site,
    panel_sites.is_own_site,
    case
        when joined.links > 0 then 'link'
        when joined.is_delivered and joined.may_rest_on_domain then 'domain'
    end as evidence,
    case when joined.links > 0 then joined.links else cast(joined.domain_links as bigint) end as links,
    case when joined.links > 0 then joined.follow_links end as follow_links,
    joined.rejected_links,
    case when joined.links > 0 then joined.provider_bits else joined.domain_provider_bits end as provider_bits,
    joined.live_provider_bits,
    -- what stands in the tables; without carried evidence; with unconfirmed evidence; with rejected rows counted
    joined.links > 0 or (joined.is_delivered and joined.may_rest_on_domain) as is_linked,
    joined.links_without_carried > 0 or (joined.is_delivered_now and joined.may_rest_on_domain) as is_linked_for_sure,
    joined.links > 0 or joined.unconfirmed_links > 0
    or ((joined.is_delivered or joined.is_delivered_before) and joined.may_rest_on_domain) as is_linked_perhaps,
    joined.links_with_rejected > 0 or joined.is_delivered_with_rejected as is_linked_with_rejected,
    joined.links_with_rejected_without_carried > 0 or joined.is_delivered_now_with_rejected
        as is_linked_with_rejected_for_sure,
    case when joined.links > 0 then joined.is_stale else not joined.is_delivered_now end as is_stale,
    case when joined.links > 0 then joined.first_seen_on else joined.domain_first_seen_on end as first_seen_on,
    case when joined.links > 0 then joined.last_seen_on else joined.domain_last_seen_on end as last_seen_on,
    joined.shown_provider_bits
from joined
inner join panel_sites
    on joined.client_id = panel_sites.client_id
    and joined.refreshed_on = panel_sites.refreshed_on
    and joined.site = panel_sites.site
