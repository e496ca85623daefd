with source as (

    select * from {{ source('landed', 'semrush_organic_competitors') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        domain as delivered_domain,
        shared_keywords,
        keywords,
        cast(null as double) as delivered_overlap,
        traffic
    from source

)

select * from renamed
