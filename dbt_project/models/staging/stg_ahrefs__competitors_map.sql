with source as (

    select * from {{ source('landed', 'ahrefs_competitors_map') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        domain as delivered_domain,
        cast(null as double) as shared_keywords,
        cast(null as double) as keywords,
        cast(null as double) as delivered_overlap,
        traffic
    from source

)

select * from renamed
