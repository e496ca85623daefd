with source as (

    select * from {{ source('landed', 'majestic_referring_domains') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        lower(country) as country,
        trust_flow as majestic_tf,
        citation_flow as majestic_cf,
        -- a domain on the list links at least once
        coalesce(backlinks, 1) as links,
        false as is_lost
    from source

)

select * from renamed
