with source as (

    select * from {{ source('landed', 'semrush_organic_positions') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast(null as varchar) as target_header,
        keyword,
        url as delivered_url,
        cast(null as varchar) as country,
        cast(null as varchar) as device,
        position,
        position_kind,
        traffic,
        volume as search_volume,
        cast(null as double) as impressions
    from source

)

select * from renamed
