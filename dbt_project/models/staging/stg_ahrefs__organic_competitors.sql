with source as (

    select * from {{ source('landed', 'ahrefs_organic_competitors') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        domain as delivered_domain,
        shared_keywords,
        -- delivered are those that the client does not rank for: `Share` is common ÷ (its + the target's + common)
        keywords + shared_keywords as keywords,
        cast(null as double) as delivered_overlap,
        traffic
    from source

)

select * from renamed
