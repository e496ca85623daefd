with source as (

    select * from {{ source('landed', 'ahrefs_organic_keywords') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast(null as varchar) as target_header,
        keyword,
        url as delivered_url,
        country,
        cast(null as varchar) as device,
        position,
        -- null where the user left the column out
        position_kind,
        traffic,
        volume as search_volume,
        cast(null as double) as impressions
    from source

)

select * from renamed
