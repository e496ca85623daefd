with link_rows as (

    select * from {{ ref('int_link_rows') }}
    -- neither an export of the refresh before nor a row whose cells have shifted bears witness today
    where evidence_role != 'unconfirmed' and rule_bits % 2 = 0

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

quality_settings as (

    select * from {{ ref('int_quality_settings') }}

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

decisions as (

    select
        client_id,
        refreshed_on,
        page_key,
        decision = 'reject' as hit_rejected_page_by_people,
        decision = 'accept' as hit_accepted_page_by_people
    from {{ ref('int_decisions') }}
    where page_key is not null and decision is not null

),

mirrored_paths as (

    select
        mirrored_pages.client_id,
        mirrored_pages.refreshed_on,
        mirrored_pages.path_key,
        mirrored_pages.target_key,
        mirrored_pages.domains
    from {{ ref('int_mirrored_pages') }} as mirrored_pages
    inner join quality_settings
        on mirrored_pages.client_id = quality_settings.client_id
        and mirrored_pages.refreshed_on = quality_settings.refreshed_on
        and mirrored_pages.domains >= quality_settings.threshold_mirrored_page

),

raised_by_text as (

    select
        client_id,
        refreshed_on,
        page_key,
        target_key,
        bit_or(rule_bits & {{ rules_with(scope='link') }}) as rule_bits,
        -- a page that is gone, and what another row of the link saw
        max(live_key // 2) filter (rule_bits & {{ rule_bit('page_gone') }} != 0) as gone_key,
        cast(null as bigint) as domains
    from link_rows
    where rule_bits & {{ rules_with(scope='link') }} != 0
    group by client_id, refreshed_on, page_key, target_key

),

raised_by_mirrors as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        link_rows.page_key,
        link_rows.target_key,
        cast({{ rule_bit('mirrored_page') }} as bigint) as rule_bits,
        cast(null as bigint) as gone_key,
        max(mirrored_paths.domains) as domains
    from link_rows
    inner join mirrored_paths
        on link_rows.client_id = mirrored_paths.client_id
        and link_rows.refreshed_on = mirrored_paths.refreshed_on
        and link_rows.path_key = mirrored_paths.path_key
        and link_rows.target_key = mirrored_paths.target_key
    inner join hosts
        on link_rows.source_host = hosts.host
    left join domain_metrics
        on link_rows.client_id = domain_metrics.client_id
        and link_rows.refreshed_on = domain_metrics.refreshed_on
        and hosts.referring_domain = domain_metrics.referring_domain
    where domain_metrics.authority < {{ var('network_authority') }}
    group by link_rows.client_id, link_rows.refreshed_on, link_rows.page_key, link_rows.target_key

),

raised_by_people as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        link_rows.page_key,
        link_rows.target_key,
        bit_or({{ packed_hits(['rejected_page_by_people', 'accepted_page_by_people']) }}) as rule_bits,
        cast(null as bigint) as gone_key,
        cast(null as bigint) as domains
    from link_rows
    inner join decisions
        on link_rows.client_id = decisions.client_id
        and link_rows.refreshed_on = decisions.refreshed_on
        and link_rows.page_key = decisions.page_key
    group by link_rows.client_id, link_rows.refreshed_on, link_rows.page_key, link_rows.target_key

),

raised as (

    select
        client_id,
        refreshed_on,
        page_key,
        target_key,
        bit_or(rule_bits) as rule_bits,
        max(gone_key) as gone_key,
        max(domains) as mirror_domains
    from (
        select * from raised_by_text
        union all
        select * from raised_by_mirrors
        union all
        select * from raised_by_people
    ) as raised_by_any
    group by client_id, refreshed_on, page_key, target_key

),

-- the latest day on which a row saw a link live that another calls gone with its page
seen_live as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        link_rows.page_key,
        link_rows.target_key,
        max(link_rows.live_key // 2) as live_day
    from link_rows
    inner join raised
        on link_rows.client_id = raised.client_id
        and link_rows.refreshed_on = raised.refreshed_on
        and link_rows.page_key = raised.page_key
        and link_rows.target_key = raised.target_key
    where
        raised.gone_key is not null
        and link_rows.rule_bits & {{ rule_bit('page_gone') }} = 0
        and {{ is_live('link_rows.live_key') }}
    group by link_rows.client_id, link_rows.refreshed_on, link_rows.page_key, link_rows.target_key

)

select
    raised.client_id,
    raised.refreshed_on,
    raised.page_key,
    raised.target_key,
    raised.rule_bits
    & ~case when seen_live.live_day >= raised.gone_key then cast({{ rule_bit('page_gone') }} as bigint) else 0 end
        as rule_bits,
    raised.mirror_domains
from raised
left join seen_live
    on raised.client_id = seen_live.client_id
    and raised.refreshed_on = seen_live.refreshed_on
    and raised.page_key = seen_live.page_key
    and raised.target_key = seen_live.target_key
