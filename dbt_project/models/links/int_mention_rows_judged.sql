with mention_rows as (

    select * from {{ ref('int_mention_rows') }}

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

domain_verdicts as (

    select * from {{ ref('int_domain_verdicts') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

page_decisions as (

    select
        client_id,
        refreshed_on,
        page_key,
        decision = 'reject' as hit_rejected_page_by_people,
        decision = 'accept' as hit_accepted_page_by_people
    from {{ ref('int_decisions') }}
    where page_key is not null and decision is not null

),

mention_hosts as (

    select
        mention_rows.client_id,
        mention_rows.refreshed_on,
        mention_rows.source_host,
        mention_rows.source_path,
        bool_or(panel_sites.site is not null) as is_on_panel_site
    from (
        select distinct
            client_id,
            refreshed_on,
            source_host,
            source_path
        from mention_rows
    ) as mention_rows
    left join panel_sites
        on mention_rows.client_id = panel_sites.client_id
        and mention_rows.refreshed_on = panel_sites.refreshed_on
        and {{ is_inside_site(
            'mention_rows.source_host', 'mention_rows.source_path', 'panel_sites.site_host', 'panel_sites.site_path'
        ) }}
    group by all

),

judged as (

    select
        mention_rows.*,
        case when hosts.is_possible and not hosts.is_ip then hosts.referring_domain end as referring_domain,
        mention_hosts.is_on_panel_site,
        coalesce(domain_verdicts.rule_bits, 0)
        | {{ packed_hits(['rejected_page_by_people', 'accepted_page_by_people']) }} as rule_bits
    from mention_rows
    inner join mention_hosts
        on mention_rows.client_id = mention_hosts.client_id
        and mention_rows.refreshed_on = mention_hosts.refreshed_on
        and mention_rows.source_host = mention_hosts.source_host
        and mention_rows.source_path = mention_hosts.source_path
    left join hosts
        on mention_rows.source_host = hosts.host
    left join domain_verdicts
        on mention_rows.client_id = domain_verdicts.client_id
        and mention_rows.refreshed_on = domain_verdicts.refreshed_on
        and hosts.referring_domain = domain_verdicts.referring_domain
    left join page_decisions
        on mention_rows.client_id = page_decisions.client_id
        and mention_rows.refreshed_on = page_decisions.refreshed_on
        and mention_rows.page_key = page_decisions.page_key

)

select
    client_id,
    refreshed_on,
    provider_rank,
    file_number,
    file_id,
    row_number,
    page_key,
    referring_domain,
    source_url,
    title,
    snippet,
    has_link,
    is_on_panel_site,
    {{ rules_that_hold('rule_bits') }} & {{ rules_with(outcome='reject') }} != 0 as is_rejected,
    published_on
from judged
