{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with gaps as (

    select * from {{ ref('int_gaps') }}

),

gap_scores as (

    select * from {{ ref('int_gap_scores') }}

),

gap_links as (

    select * from {{ ref('int_gap_links') }}

),

evidence as (

    select * from {{ ref('int_evidence_seen_before') }}

),

client_losses as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        max(lost_on) as client_lost_on
    from {{ ref('int_links_merged') }}
    where is_own_site and is_accepted and not is_live
    group by all

)

select
    gaps.client_id,
    gaps.refreshed_on,
    gaps.referring_domain,
    gaps.now_perhaps,
    gaps.now_for_sure,
    gaps.gap_status,
    coalesce(gap_links.client_link_grade, 'C') as client_link_grade,
    gap_scores.score,
    gaps.client_links > 0 as is_client_linked,
    -- false where a competitor link comes from a (site, provider, kind) that was fully seen one refresh earlier
    coalesce(evidence.is_unseen_before, false) as is_unseen_before,
    gaps.client_first_seen_on,
    client_losses.client_lost_on
from gaps
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
left join client_losses
    on gaps.client_id = client_losses.client_id
    and gaps.refreshed_on = client_losses.refreshed_on
    and gaps.referring_domain = client_losses.referring_domain
