with source as (

    select * from {{ source('landed', 'gsc_queries') }}

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
        clicks as traffic,
        cast(null as double) as search_volume,
        coalesce(impressions, 0) as impressions
    from source

)

select * from renamed
