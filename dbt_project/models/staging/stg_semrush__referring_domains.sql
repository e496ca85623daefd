with source as (

    select * from {{ source('landed', 'semrush_referring_domains') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        lower(country) as country,
        domain_score as semrush_as,
        -- a domain on the list links at least once
        coalesce(backlinks, 1) as links,
        false as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on
    from source

)

select * from renamed
