-- A failure means: a gap counts other links or competitors than the rows of `link_matrix` show, or lacks them.
{{ config(meta={'dagster': {'ref': {'name': 'gaps'}}}) }}

with matrix as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        coalesce(sum(links) filter (is_own_site), 0) as client_links,
        coalesce(sum(links) filter (not is_own_site), 0) as competitor_links,
        count(*) filter (not is_own_site) as competitors_linked
    from {{ ref('link_matrix') }}
    group by client_id, refreshed_on, referring_domain

),

gaps as (

    select * from {{ ref('gaps') }}

)

select
    coalesce(gaps.client_id, matrix.client_id) as client_id,
    coalesce(gaps.refreshed_on, matrix.refreshed_on) as refreshed_on,
    coalesce(gaps.referring_domain, matrix.referring_domain) as referring_domain
from gaps
full outer join matrix
    on gaps.client_id = matrix.client_id
    and gaps.refreshed_on = matrix.refreshed_on
    and gaps.referring_domain = matrix.referring_domain
where
    gaps.client_links is distinct from matrix.client_links
    or gaps.competitor_links is distinct from matrix.competitor_links
    or gaps.competitors_linked is distinct from matrix.competitors_linked
