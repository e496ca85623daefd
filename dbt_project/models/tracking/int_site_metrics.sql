{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with metric_rows as (

    select * from {{ ref('int_site_metric_rows') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

evidence as (

    select * from {{ ref('int_evidence') }}
    where is_linked

),

-- sites of which a list of links or of linking domains counts in the refresh; of the others no number is known
listed_sites as (

    select distinct
        client_id,
        refreshed_on,
        site
    from {{ ref('int_exports_in_effect') }}
    where describes in ('links', 'domains') and evidence_role != 'unconfirmed'

),

counted as (

    select
        listed_sites.client_id,
        listed_sites.refreshed_on,
        listed_sites.site,
        count(evidence.referring_domain) as referring_domains,
        count(evidence.referring_domain) filter (where evidence.follow_links > 0) as follow_referring_domains,
        coalesce(sum(evidence.links), 0) as backlinks
    from listed_sites
    inner join refreshes
        on listed_sites.client_id = refreshes.client_id
        and listed_sites.refreshed_on = refreshes.refreshed_on
    left join evidence
        on listed_sites.client_id = evidence.client_id
        and listed_sites.refreshed_on = evidence.refreshed_on
        and listed_sites.site = evidence.site
    group by all

),

own_counts as (

    select
        client_id,
        refreshed_on,
        site,
        unnest(map_entries(map {
            'referring_domains': cast(referring_domains as double),
            'follow_referring_domains': cast(follow_referring_domains as double),
            'backlinks': cast(backlinks as double)
        })) as measure
    from counted

),

everything as (

    select
        client_id,
        refreshed_on,
        site,
        provider,
        metric,
        measured_on,
        value,
        is_dated,
        file_id,
        row_number
    from metric_rows

    union all

    select
        client_id,
        refreshed_on,
        site,
        'linkgap' as provider,
        measure['key'] as metric,
        refreshed_on as measured_on,
        measure['value'] as value,
        true as is_dated,
        cast(null as varchar) as file_id,
        cast(null as bigint) as row_number
    from own_counts

),

-- a value with a day of its own before one that has that of its export
ranked as (

    select
        *,
        row_number() over (
            partition by client_id, refreshed_on, site, provider, metric, measured_on
            order by is_dated desc, file_id, row_number, value
        ) as quote_number
    from everything
    where not (provider = 'linkgap' and file_id is not null)

)

select
    client_id,
    refreshed_on,
    site,
    provider,
    metric,
    measured_on,
    file_id,
    value
from ranked
where quote_number = 1
