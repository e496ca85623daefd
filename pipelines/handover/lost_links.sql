-- One row per lost link of the latest refresh worth asking back, the first to ask first; domains that are not to be
-- contacted are left out.
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
    lost_links.rank,
    lost_links.referring_domain as website,
    lost_links.source_url as page_url,
    lost_links.title as page_title,
    lost_links.anchor,
    lost_links.target_url as own_page_url,
    lost_links.reason,
    lost_links.reason_evidence,
    lost_links.lost_on,
    lost_links.authority,
    lost_links.is_follow,
    lost_links.is_live,
    lost_links.is_domain_still_linking,
    lost_links.outreach_status,
    outreach.last_contacted_on,
    outreach.owner,
    outreach.note,
    lost_links.client_id,
    lost_links.refreshed_on
from marts.lost_links
inner join latest
    on lost_links.client_id = latest.client_id
    and lost_links.refreshed_on = latest.refreshed_on
left join outreach
    on lost_links.client_id = outreach.client_id
    and lost_links.refreshed_on = outreach.refreshed_on
    and lost_links.referring_domain = outreach.referring_domain
where lost_links.rank is not null and coalesce(lost_links.outreach_status, '') != 'do_not_contact'
order by lost_links.client_id, lost_links.rank
