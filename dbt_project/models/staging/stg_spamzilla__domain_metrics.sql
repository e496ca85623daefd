with source as (

    select * from {{ source('landed', 'spamzilla_domain_metrics') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        domain as delivered_domain,
        ahrefs_dr,
        moz_da,
        majestic_tf,
        majestic_cf,
        -- Ahrefs' counts, Majestic's where Ahrefs has none
        coalesce(ahrefs_backlinks, majestic_backlinks) as total_backlinks,
        coalesce(ahrefs_referring_domains, majestic_referring_domains) as total_referring_domains,
        ahrefs_traffic as domain_traffic,
        ahrefs_backlinks,
        ahrefs_referring_domains,
        ahrefs_traffic,
        ahrefs_positions as ahrefs_keywords,
        majestic_backlinks,
        majestic_referring_domains,
        semrush_traffic,
        semrush_keywords
    from source

)

select * from renamed
