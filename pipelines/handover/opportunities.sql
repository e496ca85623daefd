-- One row per ranked opportunity of the latest refresh, the best first. What is not ranked (do_not_contact, skip) never
-- leaves the warehouse. A new component of the score (`points_…`) comes along by itself.
with latest as (

    select
        client_id,
        max(refreshed_on) as refreshed_on
    from marts.refreshes
    group by client_id

),

outreach as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        max(logged_on) filter (outreach_status = 'contacted') as last_contacted_on,
        max(owner) filter (is_latest) as owner,
        max(note) filter (is_latest) as note
    from marts.outreach_log
    where problem is null
    group by client_id, refreshed_on, referring_domain

),

ranked as (

    select opportunities.*
    from marts.opportunities
    inner join latest
        on opportunities.client_id = latest.client_id
        and opportunities.refreshed_on = latest.refreshed_on
    where
        opportunities.rank is not null
        and opportunities.tactic != 'skip'
        and coalesce(opportunities.outreach_status, '') != 'do_not_contact'

),

-- the title stands with the link that the opportunity shows
titles as (

    select
        ranked.client_id,
        ranked.refreshed_on,
        ranked.referring_domain,
        min(links.title) as title
    from ranked
    inner join marts.links
        on ranked.client_id = links.client_id
        and ranked.refreshed_on = links.refreshed_on
        and ranked.best_source_url = links.source_url
        and ranked.best_target_url is not distinct from links.target_url
    where links.is_live and not links.is_own_site
    group by ranked.client_id, ranked.refreshed_on, ranked.referring_domain

)

select
    ranked.rank,
    ranked.referring_domain as website,
    ranked.best_source_url as page_url,
    titles.title as page_title,
    ranked.anchor,
    ranked.best_target_url as competitor_page_url,
    array_to_string(gaps.competitor_sites, ', ') as competitor_sites,
    ranked.competitors_linked,
    ranked.segment,
    ranked.tactic,
    ranked.tactic_reason as why,
    ranked.tier,
    ranked.score,
    ranked.top_50_pct,
    ranked.win_chance,
    ranked.authority,
    referring_domains.authority_provider,
    ranked.traffic,
    referring_domains.country,
    referring_domains.language,
    ranked.relevance,
    ranked.absence,
    ranked.outreach_status,
    outreach.last_contacted_on,
    outreach.owner,
    outreach.note,
    ranked.client_id,
    ranked.refreshed_on,
    ranked.risk,
    columns('^points_')
from ranked
left join marts.gaps
    on ranked.client_id = gaps.client_id
    and ranked.refreshed_on = gaps.refreshed_on
    and ranked.referring_domain = gaps.referring_domain
left join marts.referring_domains
    on ranked.client_id = referring_domains.client_id
    and ranked.refreshed_on = referring_domains.refreshed_on
    and ranked.referring_domain = referring_domains.referring_domain
left join titles
    on ranked.client_id = titles.client_id
    and ranked.refreshed_on = titles.refreshed_on
    and ranked.referring_domain = titles.referring_domain
left join outreach
    on ranked.client_id = outreach.client_id
    and ranked.refreshed_on = outreach.refreshed_on
    and ranked.referring_domain = outreach.referring_domain
order by ranked.client_id, ranked.rank
