with evidence as (

    select * from {{ ref('int_evidence') }}
    where is_linked

),

provider_sets as (

    select * from {{ ref('int_provider_sets') }}

)

select
    evidence.client_id,
    evidence.refreshed_on,
    evidence.referring_domain,
    evidence.site,
    evidence.is_own_site,
    evidence.evidence,
    provider_sets.providers,
    cast(evidence.links as bigint) as links,
    cast(evidence.follow_links as bigint) as follow_links,
    evidence.is_stale,
    evidence.first_seen_on as first_seen,
    evidence.last_seen_on as last_seen
from evidence
left join provider_sets
    on evidence.provider_bits = provider_sets.provider_bits
