with source as (

    select * from {{ source('landed', 'dataforseo_referring_domains') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        domain as delivered_domain,
        domain_rank as dataforseo_rank,
        spam_score,
        coalesce(backlinks, 1) as links,
        lost is not null as is_lost,
        first_seen as first_seen_on,
        lost as lost_on
    from source

)

select * from renamed
