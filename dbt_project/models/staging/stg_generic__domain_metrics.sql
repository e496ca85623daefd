with source as (

    select * from {{ source('landed', 'generic_domain_metrics') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        domain as delivered_domain,
        ahrefs_dr,
        semrush_as,
        moz_da,
        majestic_tf,
        majestic_cf,
        dataforseo_rank,
        authority as generic_authority,
        domain_traffic,
        linked_domains,
        total_backlinks,
        total_referring_domains
    from source

)

select * from renamed
