with source as (

    select * from {{ source('landed', 'ahrefs_batch_analysis') }}

),

-- what was asked for may be a page or a folder: then only what is measured of the domain counts
asked as (

    select
        *,
        regexp_full_match(target, '\s*(https?://)?[^/?#]+/?\s*')
        and coalesce(not regexp_matches(mode, '(?i)url|exact|path|prefix'), true) as is_whole_domain
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        target as delivered_domain,
        domain_rating as ahrefs_dr,
        case when is_whole_domain then traffic end as domain_traffic,
        case when is_whole_domain then coalesce(follow_linked_domains, linked_domains) end as linked_domains,
        case when is_whole_domain then backlinks end as total_backlinks,
        case when is_whole_domain then referring_domains end as total_referring_domains,
        case when is_whole_domain then follow_referring_domains end as total_follow_referring_domains,
        case when is_whole_domain then keywords end as organic_keywords
    from asked

)

select * from renamed
