with source as (

    select * from {{ source('landed', 'moz_referring_domains') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        domain_authority as moz_da,
        spam_score,
        -- a domain on the list links at least once
        coalesce(backlinks, 1) as links,
        lost is not null or coalesce(regexp_matches(link_state, '(?i)lost|delet|remov|gone'), false) as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from source

)

select * from renamed
