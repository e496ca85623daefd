{{ config(materialized='view') }}

select
    client_id,
    refreshed_on,
    site,
    shared_keywords,
    keywords,
    overlap,
    overlap_basis,
    traffic,
    providers,
    is_broad,
    is_configured,
    recommendation,
    reason
from {{ ref('int_competitor_candidates') }}
