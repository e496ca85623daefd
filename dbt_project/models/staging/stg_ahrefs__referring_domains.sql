with source as (

    select * from {{ source('landed', 'ahrefs_referring_domains') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        domain_rating as ahrefs_dr,
        domain_traffic,
        follow_linked_domains as linked_domains,
        -- a domain on the list links at least once; of a lost one the count is 0
        coalesce(backlinks, 1) as links,
        lost is not null as is_lost,
        is_spam as is_provider_spam,
        first_seen as first_seen_on,
        lost as lost_on
    from source

)

select * from renamed
