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
        -- 'redirect' and the like; before 2022 one cell held several words ('Text, Nofollow')
        case
            when regexp_matches(link_type, '(?i)redirect') then 'redirect'
            when regexp_matches(link_type, '(?i)canonical') then 'canonical'
            when regexp_matches(link_type, '(?i)alternate') then 'alternate'
            when regexp_matches(link_type, '(?i)image') then 'image'
            when regexp_matches(link_type, '(?i)form') then 'form'
            when regexp_matches(link_type, '(?i)frame') then 'frame'
            when link_type is not null then 'text'
        end as link_type,
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
