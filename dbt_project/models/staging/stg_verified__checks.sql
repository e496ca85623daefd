with source as (

    select
        *,
        -- the page answers that it is gone: whatever it linked to, it does so no more
        coalesce(http_status in (404, 410), false) as is_page_gone
    from {{ source('landed', 'verified_checks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        '' as target_header,
        source_url,
        cast(http_status as double) as http_status,
        true as is_check,
        is_page_gone,
        is_page_gone or not coalesce(links_to_client, false) as is_lost,
        -- neither a link nor its absence was seen
        is_page_gone or links_to_client is not null as is_linked,
        case when links_to_client and not is_page_gone then checked_on end as last_seen_on,
        case when is_page_gone or not coalesce(links_to_client, false) then checked_on end as lost_on
    from source

)

select * from renamed
