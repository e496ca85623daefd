with source as (

    select * from {{ source('landed', 'semrush_indexed_pages') }}

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
        last_seen as last_seen_on
    from source

)

select * from renamed
