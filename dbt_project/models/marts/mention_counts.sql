{{ config(materialized='view') }}

select
    client_id,
    refreshed_on,
    mention_outcome,
    count(*) as pages
from {{ ref('int_mentions') }}
group by client_id, refreshed_on, mention_outcome
