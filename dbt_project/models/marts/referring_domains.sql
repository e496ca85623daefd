with evidence as (

    select * from {{ ref('int_evidence') }}
    where is_linked

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

provider_sets as (

    select * from {{ ref('int_provider_sets') }}

),

linked as (

    select
        evidence.client_id,
        evidence.refreshed_on,
        evidence.referring_domain,
        sum(evidence.links) as links,
        min(evidence.first_seen_on) as first_seen_on,
        max(evidence.last_seen_on) as last_seen_on,
        list_sort(list_distinct(flatten(list(provider_sets.providers)))) as providers
    from evidence
    left join provider_sets
        on evidence.provider_bits = provider_sets.provider_bits
    group by all

)

select
    linked.client_id,
    linked.refreshed_on,
    linked.referring_domain,
    domain_metrics.parent_domain,
    domain_metrics.authority,
    domain_metrics.authority_provider,
    domain_metrics.authority_metric,
    cast(domain_metrics.ahrefs_dr as double) as ahrefs_dr,
    cast(domain_metrics.semrush_as as double) as semrush_as,
    cast(domain_metrics.semrush_page_as as double) as semrush_page_as,
    cast(domain_metrics.moz_da as double) as moz_da,
    cast(domain_metrics.majestic_tf as double) as majestic_tf,
    cast(domain_metrics.majestic_cf as double) as majestic_cf,
    cast(domain_metrics.dataforseo_rank as double) as dataforseo_rank,
    domain_metrics.traffic,
    domain_metrics.linked_domains,
    domain_metrics.country,
    domain_metrics.language,
    cast(linked.links as bigint) as links,
    linked.providers,
    linked.first_seen_on as first_seen,
    linked.last_seen_on as last_seen
from linked
left join domain_metrics
    on linked.client_id = domain_metrics.client_id
    and linked.refreshed_on = domain_metrics.refreshed_on
    and linked.referring_domain = domain_metrics.referring_domain
