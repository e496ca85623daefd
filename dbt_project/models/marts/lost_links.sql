{{ config(materialized='view') }}

select
    client_id,
    refreshed_on,
    rank,
    source_url,
    target_url,
    referring_domain,
    site,
    anchor,
    title,
    reason,
    reason_evidence,
    outreach_status,
    file_id,
    row_number,
    authority,
    is_follow,
    is_live,
    is_domain_still_linking,
    lost_on
from {{ ref('int_lost_links') }}
