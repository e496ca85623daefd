with source as (

    select * from {{ source('landed', 'ahrefs_backlinks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        source_url,
        target_url,
        title,
        anchor,
        left_context,
        right_context,
        left(language, 2) as page_language,
        platform,
        page_type,
        page_category,
        -- 'redirect' and the like; before 2022 one cell held several words ('Text, Nofollow')
        case
            when regexp_matches(link_type, '(?i)redirect') then 'redirect'
            when regexp_matches(link_type, '(?i)canonical') then 'canonical'
            when regexp_matches(link_type, '(?i)alternate') then 'alternate'
            when regexp_matches(link_type, '(?i)image') then 'image'
            when regexp_matches(link_type, '(?i)form') then 'form'
            when regexp_matches(link_type, '(?i)frame') then 'frame'
            else 'text'
        end as link_type,
        lost_status as lost_reason,
        {{ to_number('http_status') }} as http_status,
        {{ to_number('domain_rating') }} as ahrefs_dr,
        cast(null as double) as semrush_page_as,
        {{ to_number('domain_traffic') }} as domain_traffic,
        {{ to_number('external_links') }} as external_links,
        {{ to_boolean('is_spam') }} as is_provider_spam,
        {{ to_boolean('is_content') }} as is_in_content,
        coalesce({{ to_boolean('nofollow') }}, regexp_matches(link_type, '(?i)nofollow'), false) as is_nofollow,
        coalesce({{ to_boolean('ugc') }}, regexp_matches(link_type, '(?i)\bugc\b'), false) as is_ugc,
        coalesce({{ to_boolean('sponsored') }}, regexp_matches(link_type, '(?i)sponsored'), false) as is_sponsored,
        cast(null as boolean) as is_sitewide,
        -- a link is lost where the day of the loss or a reason for it stands
        lost is not null
        or drop_reason is not null
        or coalesce(lower(lost_status) not in ('live', 'active', 'found'), false) as is_lost,
        {{ to_day('first_seen') }} as first_seen_on,
        {{ to_day('last_seen') }} as last_seen_on,
        {{ to_day('lost') }} as lost_on
    from source

)

select * from renamed
