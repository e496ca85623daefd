{{ config(materialized='view') }}

select
    client_id,
    refreshed_on,
    source_url,
    referring_domain,
    title,
    matched_term,
    matched_in,
    snippet,
    absence,
    outreach_status,
    competitor_sites,
    providers,
    file_id,
    row_number,
    authority,
    is_domain_linking,
    first_seen_on as first_seen
from {{ ref('int_mentions') }}
where mention_outcome = 'unlinked'
