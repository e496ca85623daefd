with source as (

    select * from {{ source('landed', 'semrush_bulk_comparison') }}

),

-- what was asked for may be a page or a folder: none of that is measured of the domain
asked as (

    select
        *,
        regexp_full_match(target, '\s*(https?://)?[^/?#]+/?\s*')
        and coalesce(not regexp_matches(target_type, '(?i)url|folder|path'), true) as is_whole_domain
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        target as delivered_domain,
        -- of a page or folder the score is that page's or folder's own
        case when is_whole_domain then authority_score end as semrush_as,
        case when is_whole_domain then traffic end as domain_traffic,
        case when is_whole_domain then backlinks end as total_backlinks,
        case when is_whole_domain then referring_domains end as total_referring_domains,
        -- visits of all kinds, by the provider's name
        case when is_whole_domain then traffic end as visits
    from asked

)

select * from renamed
