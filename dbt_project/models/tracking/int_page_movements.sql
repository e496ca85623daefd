with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

positions as (

    select * from {{ ref('int_page_positions') }}
    where client_id in (select client_id from refreshes)

),

keyword_lists as (

    select * from {{ ref('int_keyword_lists') }}
    where client_id in (select client_id from refreshes)

),

providers as (

    select * from {{ ref('providers') }}

),

-- the positions of a refresh and of the one before it, side by side, provider by provider
seen as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        refreshes.refreshed_before_on,
        positions.provider,
        positions.file_site,
        positions.page,
        positions.keyword,
        positions.country,
        positions.device,
        -- what is said of the page now, else before
        arg_max(positions.site, positions.refreshed_on) as site,
        arg_max(positions.page_url, positions.refreshed_on) as page_url,
        arg_max(positions.search_volume, positions.refreshed_on) as search_volume,
        max(positions.position) filter (where positions.refreshed_on < refreshes.refreshed_on) as position_before,
        max(positions.position) filter (where positions.refreshed_on = refreshes.refreshed_on) as position_now,
        max(positions.traffic) filter (where positions.refreshed_on < refreshes.refreshed_on) as traffic_before,
        max(positions.traffic) filter (where positions.refreshed_on = refreshes.refreshed_on) as traffic_now,
        bool_or(positions.refreshed_on < refreshes.refreshed_on) as is_listed_before,
        bool_or(positions.refreshed_on = refreshes.refreshed_on) as is_listed_now
    from refreshes
    inner join positions
        on refreshes.client_id = positions.client_id
        and positions.refreshed_on in (refreshes.refreshed_on, refreshes.refreshed_before_on)
    where refreshes.is_in_run
    group by all

),

scopes as (

    select distinct
        client_id,
        refreshed_on,
        refreshed_before_on,
        provider,
        file_site,
        country,
        device
    from seen

),

-- whether a whole list of that site, provider, country and device was delivered then and now
listed as (

    select
        scopes.client_id,
        scopes.refreshed_on,
        scopes.provider,
        scopes.file_site,
        scopes.country,
        scopes.device,
        bool_or(keyword_lists.is_complete and keyword_lists.refreshed_on < scopes.refreshed_on)
            as has_whole_list_before,
        bool_or(keyword_lists.is_complete and keyword_lists.refreshed_on = scopes.refreshed_on) as has_whole_list_now
    from scopes
    inner join keyword_lists
        on scopes.client_id = keyword_lists.client_id
        and scopes.provider = keyword_lists.provider
        and scopes.file_site = keyword_lists.file_site
        and keyword_lists.refreshed_on in (scopes.refreshed_on, scopes.refreshed_before_on)
        and keyword_lists.list_country in (scopes.country, 'all')
        and keyword_lists.list_device in (scopes.device, 'all')
    group by all

),

judged as (

    select
        seen.*,
        coalesce(providers.quote_rank, 99) as provider_rank,
        case
            when seen.position_now < seen.position_before then 'up'
            when seen.position_now > seen.position_before then 'down'
            when seen.position_now = seen.position_before then 'unchanged'
            when seen.position_now is not null and not seen.is_listed_before and listed.has_whole_list_before
                then 'entered'
            when seen.position_before is not null and not seen.is_listed_now and listed.has_whole_list_now
                then 'dropped'
            when seen.position_now is not null then 'unknown'
        end as movement
    from seen
    left join providers
        on seen.provider = providers.provider
    left join listed
        on seen.client_id = listed.client_id
        and seen.refreshed_on = listed.refreshed_on
        and seen.provider = listed.provider
        and seen.file_site = listed.file_site
        and seen.country = listed.country
        and seen.device = listed.device

),

-- positions of two providers are not compared: the first that knows both is quoted, else the first that knows one
ranked as (

    select
        *,
        row_number() over (
            partition by client_id, refreshed_on, page, keyword, country, device
            order by
                case
                    when movement in ('up', 'down', 'unchanged') then 1
                    when movement in ('entered', 'dropped') then 2
                    else 3
                end,
                provider_rank,
                provider,
                file_site != site,
                file_site
        ) as quote_number
    from judged
    where movement is not null

)

select
    client_id,
    refreshed_on,
    refreshed_before_on,
    site,
    page,
    page_url,
    keyword,
    country,
    device,
    provider,
    movement,
    cast(case when movement != 'unknown' then position_before end as decimal(9, 2)) as position_before,
    position_now,
    case when movement in ('up', 'down', 'unchanged') then position_before - position_now end as change,
    traffic_before,
    traffic_now,
    search_volume
from ranked
where quote_number = 1
