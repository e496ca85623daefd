with source as (

    select * from {{ source('landed', 'generic_referring_domains') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        lower(country) as country,
        authority as generic_authority,
        domain_traffic,
        coalesce(backlinks, 1) as links,
        coalesce(is_lost, lost is not null) as is_lost,
        is_spam as is_provider_spam,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from source

)

select * from renamed
