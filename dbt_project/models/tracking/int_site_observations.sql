{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with evidence as (

    select * from {{ ref('int_evidence') }}
    where is_linked or is_linked_perhaps

),

seen_before as (

    select * from {{ ref('int_evidence_seen_before') }}

),

metrics as (

    select * from {{ ref('int_domain_metrics') }}

)

select
    evidence.client_id,
    evidence.refreshed_on,
    evidence.referring_domain,
    evidence.site,
    evidence.is_linked,
    evidence.is_linked_for_sure,
    evidence.is_linked_perhaps,
    coalesce(seen_before.is_unseen_before, false) as is_unseen_before,
    metrics.authority
from evidence
left join seen_before
    on evidence.client_id = seen_before.client_id
    and evidence.refreshed_on = seen_before.refreshed_on
    and evidence.referring_domain = seen_before.referring_domain
    and evidence.site = seen_before.site
left join metrics
    on evidence.client_id = metrics.client_id
    and evidence.refreshed_on = metrics.refreshed_on
    and evidence.referring_domain = metrics.referring_domain
