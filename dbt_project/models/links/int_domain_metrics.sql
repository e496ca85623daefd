with link_rows as (

    select * from {{ ref('int_link_rows_judged') }}
    where is_accepted and evidence_role != 'unconfirmed' and referring_domain is not null

),

domain_rows as (

    select * from {{ ref('int_domain_rows_judged') }}
    where is_accepted and evidence_role != 'unconfirmed' and referring_domain is not null

),

hosts as (

    select distinct
        referring_domain,
        parent_domain
    from {{ ref('int_hosts') }}

),

authority_reference as (

    select
        metric,
        precedence,
        value as value_from,
        authority as authority_from,
        lead(value) over (partition by metric order by value) as value_to,
        lead(authority) over (partition by metric order by value) as authority_to
    from {{ ref('authority_reference') }}

),

from_links as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        max(ahrefs_dr) as ahrefs_dr,
        max(semrush_page_as) as semrush_page_as,
        max(domain_traffic) as traffic,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on
    from link_rows
    group by all

),

languages as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        page_language,
        count(*) as pages
    from link_rows
    where page_language is not null
    group by all

),

-- the language of most of its linking pages; of equals the first by name
main_languages as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        arg_min(page_language, (-pages, page_language)) as language
    from languages
    group by all

),

from_domain_rows as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        max(semrush_as) as semrush_as,
        max(country) as country,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on
    from domain_rows
    group by all

),

metrics as (

    select
        coalesce(from_links.client_id, from_domain_rows.client_id) as client_id,
        coalesce(from_links.refreshed_on, from_domain_rows.refreshed_on) as refreshed_on,
        coalesce(from_links.referring_domain, from_domain_rows.referring_domain) as referring_domain,
        from_links.ahrefs_dr,
        from_domain_rows.semrush_as,
        from_links.semrush_page_as,
        from_links.traffic,
        from_domain_rows.country,
        main_languages.language,
        least(from_links.first_seen_on, from_domain_rows.first_seen_on) as first_seen_on,
        greatest(from_links.last_seen_on, from_domain_rows.last_seen_on) as last_seen_on
    from from_links
    full outer join from_domain_rows
        on from_links.client_id = from_domain_rows.client_id
        and from_links.refreshed_on = from_domain_rows.refreshed_on
        and from_links.referring_domain = from_domain_rows.referring_domain
    left join main_languages
        on from_links.client_id = main_languages.client_id
        and from_links.refreshed_on = main_languages.refreshed_on
        and from_links.referring_domain = main_languages.referring_domain

),

-- the first metric by precedence that a domain has, put on the common scale between two points of the reference
measured as (

    select
        metrics.*,
        case
            when ahrefs_dr is not null then 'ahrefs_dr'
            when semrush_as is not null then 'semrush_as'
            when semrush_page_as is not null then 'semrush_page_as'
        end as authority_metric,
        least(100, greatest(0, coalesce(ahrefs_dr, semrush_as, semrush_page_as))) as metric_value
    from metrics

)

select
    measured.client_id,
    measured.refreshed_on,
    measured.referring_domain,
    hosts.parent_domain,
    round(
        authority_reference.authority_from
        + (measured.metric_value - authority_reference.value_from)
        * (authority_reference.authority_to - authority_reference.authority_from)
        / (authority_reference.value_to - authority_reference.value_from),
        1
    ) as authority,
    split_part(measured.authority_metric, '_', 1) as authority_provider,
    measured.authority_metric,
    measured.ahrefs_dr,
    measured.semrush_as,
    measured.semrush_page_as,
    cast(measured.traffic as bigint) as traffic,
    measured.country,
    measured.language,
    measured.first_seen_on,
    measured.last_seen_on
from measured
left join hosts
    on measured.referring_domain = hosts.referring_domain
left join authority_reference
    on measured.authority_metric = authority_reference.metric
    and measured.metric_value >= authority_reference.value_from
    and (
        measured.metric_value < authority_reference.value_to
        or (measured.metric_value = 100 and authority_reference.value_to = 100)
    )
