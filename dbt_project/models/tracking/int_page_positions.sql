{{ config(
    materialized='incremental',
    schema='history',
    pre_hook="{{ delete_slices_of_run() }}",
) }}

with keyword_rows as (

    select * from {{ ref('int_keyword_rows') }}
    where page is not null and keyword is not null and position is not null

),

-- days and views of means are weighed by impressions; of several positions the best classic one counts
by_file as (

    select
        client_id,
        refreshed_on,
        provider,
        file_site,
        site,
        page,
        keyword,
        country,
        device,
        file_id,
        arg_min(delivered_url, row_number) as page_url,
        case
            when sum(impressions) > 0
                then cast(
                    cast(sum(position * cast(impressions as decimal(12, 0))) as double) / sum(impressions)
                    as decimal(9, 2)
                )
            else min(position) filter (where is_classic)
        end as position,
        case
            when sum(impressions) is not null then sum(cast(traffic as decimal(15, 2)))
            else max(cast(traffic as decimal(15, 2))) filter (where is_classic)
        end as traffic,
        max(search_volume) as search_volume
    from keyword_rows
    group by all

)

select
    client_id,
    refreshed_on,
    provider,
    file_site,
    site,
    page,
    keyword,
    country,
    device,
    arg_min(page_url, file_id) as page_url,
    -- null where the page stands in an answer or a block alone
    min(position) as position,
    max(traffic) as traffic,
    max(search_volume) as search_volume
from by_file
group by all
