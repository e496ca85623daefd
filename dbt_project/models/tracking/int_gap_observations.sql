{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with gaps as (

    select * from {{ ref('int_gaps') }}

),

-- only where the panel changed: what it alone would have opened or ended
under_other_panel as (

    select * from {{ ref('int_gaps_under_other_panel') }}

),

gap_scores as (

    select * from {{ ref('int_gap_scores') }}

),

gap_links as (

    select * from {{ ref('int_gap_links') }}

),

evidence as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        bool_and(is_unseen_before) as is_unseen_before
    from {{ ref('int_evidence_seen_before') }}
    where not is_own_site
    group by all

),

client_links as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        max(lost_on) filter (is_accepted and not is_live) as lost_on,
        bool_or(not is_no_link) filter (is_live_with_rejected and not is_live) as is_set_aside
    from {{ ref('int_links_merged') }}
    where is_own_site
    group by all

),

client_evidence as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        bool_or(is_linked_with_rejected) as is_linked_with_rejected
    from {{ ref('int_evidence') }}
    where is_own_site
    group by all

)

select
    coalesce(gaps.client_id, under_other_panel.client_id) as client_id,
    coalesce(gaps.refreshed_on, under_other_panel.refreshed_on) as refreshed_on,
    coalesce(gaps.referring_domain, under_other_panel.referring_domain) as referring_domain,
    coalesce(gaps.now_perhaps, 'absent') as now_perhaps,
    coalesce(gaps.now_for_sure, 'absent') as now_for_sure,
    gaps.gap_status,
    gaps.gap_class,
    coalesce(gap_links.client_link_grade, 'C') as client_link_grade,
    gap_scores.score,
    coalesce(gaps.client_links > 0, false) as is_client_linked,
    -- false where a competitor link comes from a (site, provider, kind) that was fully seen one refresh earlier
    coalesce(evidence.is_unseen_before, false) as is_unseen_before,
    gaps.client_first_seen_on,
    under_other_panel.is_open_under_panel_before,
    under_other_panel.is_linked_under_panel_before,
    under_other_panel.was_open_under_this_panel,
    client_links.lost_on as client_lost_on,
    -- where rows of pages speak, a list of domains does not
    coalesce(gaps.client_links, 0) = 0
    and coalesce(client_links.is_set_aside, client_evidence.is_linked_with_rejected, false) as is_client_set_aside
from gaps
full outer join under_other_panel
    on gaps.client_id = under_other_panel.client_id
    and gaps.refreshed_on = under_other_panel.refreshed_on
    and gaps.referring_domain = under_other_panel.referring_domain
left join gap_scores
    on gaps.client_id = gap_scores.client_id
    and gaps.refreshed_on = gap_scores.refreshed_on
    and gaps.referring_domain = gap_scores.referring_domain
left join gap_links
    on gaps.client_id = gap_links.client_id
    and gaps.refreshed_on = gap_links.refreshed_on
    and gaps.referring_domain = gap_links.referring_domain
left join evidence
    on gaps.client_id = evidence.client_id
    and gaps.refreshed_on = evidence.refreshed_on
    and gaps.referring_domain = evidence.referring_domain
left join client_links
    on gaps.client_id = client_links.client_id
    and gaps.refreshed_on = client_links.refreshed_on
    and gaps.referring_domain = client_links.referring_domain
left join client_evidence
    on gaps.client_id = client_evidence.client_id
    and gaps.refreshed_on = client_evidence.refreshed_on
    and gaps.referring_domain = client_evidence.referring_domain
