{{ config(materialized='view') }}

select
    client_id,
    refreshed_on,
    referring_domain,
    segment,
    links,
    competitors_linked,
    editorial_links,
    is_main
from {{ ref('int_gap_segments') }}
