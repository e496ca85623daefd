-- One row per page of the latest refresh that names the client's brand and does not link to it, the strongest domain
-- first; domains that are not to be contacted are left out.
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

)

select
    unlinked_mentions.referring_domain as website,
    unlinked_mentions.source_url as page_url,
    unlinked_mentions.title as page_title,
    unlinked_mentions.matched_term,
    unlinked_mentions.matched_in,
    unlinked_mentions.snippet,
    unlinked_mentions.absence,
    unlinked_mentions.is_domain_linking,
    unlinked_mentions.authority,
    array_to_string(unlinked_mentions.competitor_sites, ', ') as competitor_sites,
    unlinked_mentions.first_seen,
    unlinked_mentions.outreach_status,
    outreach.last_contacted_on,
    outreach.owner,
    outreach.note,
    unlinked_mentions.client_id,
    unlinked_mentions.refreshed_on
from marts.unlinked_mentions
inner join latest
    on unlinked_mentions.client_id = latest.client_id
    and unlinked_mentions.refreshed_on = latest.refreshed_on
left join outreach
    on unlinked_mentions.client_id = outreach.client_id
    and unlinked_mentions.refreshed_on = outreach.refreshed_on
    and unlinked_mentions.referring_domain = outreach.referring_domain
where coalesce(unlinked_mentions.outreach_status, '') != 'do_not_contact'
order by unlinked_mentions.client_id, unlinked_mentions.authority desc nulls last, unlinked_mentions.source_url
