with source as (

    select * from {{ source('landed', 'ahrefs_best_by_links') }}

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
