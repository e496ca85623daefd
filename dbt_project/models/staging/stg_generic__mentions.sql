with source as (

    select * from {{ source('landed', 'generic_mentions') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        url as source_url,
        title,
        snippet,
        has_link,
        published as published_on
    from source

)

select * from renamed
