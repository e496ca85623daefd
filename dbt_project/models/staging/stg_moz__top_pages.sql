with source as (

    select * from {{ source('landed', 'moz_top_pages') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        page_url,
        title,
        http_status,
        referring_domains,
        cast(null as date) as last_seen_on
    from source

)

select * from renamed
