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
        {{ to_number('domain_score') }} as semrush_as,
        {{ to_number('backlinks') }} as links,
        false as is_lost,
        {{ to_day('first_seen') }} as first_seen_on,
        {{ to_day('last_seen') }} as last_seen_on
    from source

)

select * from renamed
