with source as (

    select * from {{ source('landed', 'ahrefs_page_intersect') }}

),

-- a row speaks of one page and as many sites as the file has columns
cells as (

    select
        source.* exclude (targets),
        unnest(map_entries(source.targets)) as cell
    from source

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cell['key'] as target_header,
        source_url,
        -- a cell names the linked page or counts links
        case when regexp_matches(cell['value'], '(?i)^\s*https?://') then trim(cell['value']) end as target_url,
        coalesce({{ to_number("cell['value']") }} != 0, coalesce(trim(cell['value']), '') != '') as is_linked,
        title,
        left(language, 2) as page_language,
        platform,
        {{ ahrefs_link_type('link_type') }} as link_type,
        domain_rating as ahrefs_dr,
        domain_traffic,
        -- nothing but a word in the type tells; its absence says nothing
        case when regexp_matches(link_type, '(?i)nofollow') then true end as is_nofollow,
        case when regexp_matches(link_type, '(?i)\bugc\b') then true end as is_ugc,
        case when regexp_matches(link_type, '(?i)sponsored') then true end as is_sponsored,
        false as is_lost
    from cells

)

select * from renamed
