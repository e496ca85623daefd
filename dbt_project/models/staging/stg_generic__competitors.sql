with source as (

    select * from {{ source('landed', 'generic_competitors') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        domain as delivered_domain,
        shared_keywords,
        keywords,
        overlap / 100 as delivered_overlap,
        traffic
    from source

)

select * from renamed
