with source as (

    select * from {{ source('landed', 'majestic_bulk_backlinks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        item as delivered_domain,
        trust_flow as majestic_tf,
        citation_flow as majestic_cf,
        backlinks as total_backlinks,
        referring_domains as total_referring_domains
    from source

)

select * from renamed
