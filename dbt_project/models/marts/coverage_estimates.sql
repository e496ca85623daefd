with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where is_current and export_kind in ('backlinks', 'referring_domains')

),

coverage as (

    select * from {{ ref('int_coverage') }}
    where not is_truncated

),

evidence as (

    select * from {{ ref('int_evidence') }}
    where is_linked_for_sure

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

-- providers that gave all they have of a site
whole_lists as (

    select distinct
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.site,
        exports_in_effect.provider,
        cast(1 as integer) << exports_in_effect.provider_rank as provider_bit
    from exports_in_effect
    inner join coverage
        on exports_in_effect.client_id = coverage.client_id
        and exports_in_effect.refreshed_on = coverage.refreshed_on
        and exports_in_effect.site = coverage.site
        and exports_in_effect.provider = coverage.provider
        and exports_in_effect.export_kind = coverage.export_kind

),

compared_sites as (

    select
        client_id,
        refreshed_on,
        site,
        bit_or(provider_bit) as provider_bits
    from whole_lists
    group by client_id, refreshed_on, site
    having count(*) >= 2

),

seen_domains as (

    select
        evidence.client_id,
        evidence.refreshed_on,
        evidence.site,
        evidence.referring_domain,
        evidence.shown_provider_bits,
        domain_metrics.authority_metric,
        {{ authority_band('domain_metrics.authority') }} as authority_band
    from evidence
    inner join compared_sites
        on evidence.client_id = compared_sites.client_id
        and evidence.refreshed_on = compared_sites.refreshed_on
        and evidence.site = compared_sites.site
        and evidence.shown_provider_bits & compared_sites.provider_bits != 0
    left join domain_metrics
        on evidence.client_id = domain_metrics.client_id
        and evidence.refreshed_on = domain_metrics.refreshed_on
        and evidence.referring_domain = domain_metrics.referring_domain

),

provider_domains as (

    select
        whole_lists.client_id,
        whole_lists.refreshed_on,
        whole_lists.site,
        whole_lists.provider,
        whole_lists.provider_bit,
        compared_sites.provider_bits,
        count(seen_domains.referring_domain) as domains
    from whole_lists
    inner join compared_sites
        on whole_lists.client_id = compared_sites.client_id
        and whole_lists.refreshed_on = compared_sites.refreshed_on
        and whole_lists.site = compared_sites.site
    left join seen_domains
        on whole_lists.client_id = seen_domains.client_id
        and whole_lists.refreshed_on = seen_domains.refreshed_on
        and whole_lists.site = seen_domains.site
        and seen_domains.shown_provider_bits & whole_lists.provider_bit != 0
    group by all

),

-- the provider with most domains against all others together: no pair is chosen by what it would estimate
sides as (

    select
        client_id,
        refreshed_on,
        site,
        list(provider order by domains desc, provider) as providers,
        list(provider_bit order by domains desc, provider)[1] as largest_bit,
        provider_bits & ~list(provider_bit order by domains desc, provider)[1] as other_bits
    from provider_domains
    group by client_id, refreshed_on, site, provider_bits

),

sighted as (

    select
        seen_domains.client_id,
        seen_domains.refreshed_on,
        seen_domains.site,
        seen_domains.authority_band,
        seen_domains.authority_metric,
        seen_domains.shown_provider_bits & sides.largest_bit != 0 as is_in_largest,
        seen_domains.shown_provider_bits & sides.other_bits != 0 as is_in_others
    from seen_domains
    inner join sides
        on seen_domains.client_id = sides.client_id
        and seen_domains.refreshed_on = sides.refreshed_on
        and seen_domains.site = sides.site

),

metric_counts as (

    select
        client_id,
        refreshed_on,
        site,
        authority_metric,
        count(*) filter (not is_in_others) as only_in_largest,
        count(*) filter (not is_in_largest) as only_in_others,
        count(*) filter (is_in_largest and is_in_others) as in_both
    from sighted
    group by all

),

metric_shares as (

    select
        client_id,
        refreshed_on,
        site,
        authority_metric,
        100 * only_in_largest >= {{ var('one_metric_pct') }} * sum(only_in_largest) over site_of_refresh
        and 100 * only_in_others >= {{ var('one_metric_pct') }} * sum(only_in_others) over site_of_refresh
        and 100 * in_both >= {{ var('one_metric_pct') }} * sum(in_both) over site_of_refresh as is_of_all
    from metric_counts
    window site_of_refresh as (partition by client_id, refreshed_on, site)

),

-- where each side rates its own finds, a domain's band tells who found it, and bands must not be compared
yardsticks as (

    select
        client_id,
        refreshed_on,
        site,
        coalesce(bool_or(is_of_all and authority_metric is not null), false) as is_stratified
    from metric_shares
    group by client_id, refreshed_on, site

),

bands as (

    select
        sighted.client_id,
        sighted.refreshed_on,
        sighted.site,
        sighted.authority_band,
        yardsticks.is_stratified,
        count(*) as domains_seen,
        count(*) filter (sighted.is_in_largest) as domains_largest,
        count(*) filter (sighted.is_in_others) as domains_others,
        count(*) filter (sighted.is_in_largest and sighted.is_in_others) as domains_both
    from sighted
    inner join yardsticks
        on sighted.client_id = yardsticks.client_id
        and sighted.refreshed_on = yardsticks.refreshed_on
        and sighted.site = yardsticks.site
    group by all

),

-- bands that share too few domains are estimated as one
strata as (

    select
        client_id,
        refreshed_on,
        site,
        case
            when not is_stratified then 'all'
            when domains_both >= {{ var('least_shared_domains') }} then authority_band
            else 'thin'
        end as stratum,
        cast(sum(domains_largest) as bigint) as domains_largest,
        cast(sum(domains_others) as bigint) as domains_others,
        cast(sum(domains_both) as bigint) as domains_both
    from bands
    group by all

),

whole_sites as (

    select
        client_id,
        refreshed_on,
        site,
        cast(sum(domains_largest) as bigint) as domains_largest,
        cast(sum(domains_others) as bigint) as domains_others,
        cast(sum(domains_both) as bigint) as domains_both,
        -- in a fixed order: a sum of doubles depends on it
        sum({{ chapman_unseen('domains_largest', 'domains_others', 'domains_both') }} order by stratum) as unseen,
        sum({{ chapman_variance('domains_largest', 'domains_others', 'domains_both') }} order by stratum) as variance
    from strata
    group by client_id, refreshed_on, site

),

estimated as (

    select
        client_id,
        refreshed_on,
        site,
        authority_band,
        is_stratified,
        domains_seen,
        domains_largest,
        domains_others,
        domains_both,
        is_stratified and domains_both >= {{ var('least_shared_domains') }} as has_estimate,
        {{ chapman_unseen('domains_largest', 'domains_others', 'domains_both') }} as unseen,
        {{ chapman_variance('domains_largest', 'domains_others', 'domains_both') }} as variance
    from bands

    union all

    select
        sides.client_id,
        sides.refreshed_on,
        sides.site,
        'all' as authority_band,
        coalesce(yardsticks.is_stratified, false) as is_stratified,
        coalesce(whole_sites.domains_largest + whole_sites.domains_others - whole_sites.domains_both, 0)
            as domains_seen,
        coalesce(whole_sites.domains_largest, 0) as domains_largest,
        coalesce(whole_sites.domains_others, 0) as domains_others,
        coalesce(whole_sites.domains_both, 0) as domains_both,
        coalesce(whole_sites.domains_both >= {{ var('least_shared_domains') }}, false) as has_estimate,
        whole_sites.unseen,
        whole_sites.variance
    from sides
    left join yardsticks
        on sides.client_id = yardsticks.client_id
        and sides.refreshed_on = yardsticks.refreshed_on
        and sides.site = yardsticks.site
    left join whole_sites
        on sides.client_id = whole_sites.client_id
        and sides.refreshed_on = whole_sites.refreshed_on
        and sides.site = whole_sites.site

),

bounded as (

    select
        *,
        case when has_estimate then domains_seen + unseen end as middle,
        case when has_estimate then domains_seen + unseen / {{ lognormal_factor('unseen', 'variance') }} end as low,
        case when has_estimate then domains_seen + unseen * {{ lognormal_factor('unseen', 'variance') }} end as high
    from estimated

)

select
    bounded.client_id,
    bounded.refreshed_on,
    bounded.site,
    bounded.authority_band,
    sides.providers[1] as largest_provider,
    sides.providers[2:] as other_providers,
    bounded.is_stratified,
    bounded.domains_seen,
    bounded.domains_largest,
    bounded.domains_others,
    bounded.domains_both,
    -- whole domains, the interval never narrower than it is
    cast(round(bounded.middle) as bigint) as estimated_domains,
    cast(floor(bounded.low) as bigint) as estimated_low,
    cast(ceil(bounded.high) as bigint) as estimated_high,
    round(100 * bounded.domains_seen / bounded.middle, 2) as seen_pct,
    round(100 * bounded.domains_seen / bounded.high, 2) as seen_low_pct,
    round(100 * bounded.domains_seen / bounded.low, 2) as seen_high_pct
from bounded
inner join sides
    on bounded.client_id = sides.client_id
    and bounded.refreshed_on = sides.refreshed_on
    and bounded.site = sides.site
