with source as (

    select * from {{ source('landed', 'generic_keywords') }}

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
        device,
        position,
        cast(null as varchar) as position_kind,
        traffic,
        volume as search_volume,
        cast(null as double) as impressions
    from source

)

select * from renamed
