with source as (

    select * from {{ source('landed', 'semrush_backlinks') }}

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
        cast(null as varchar) as left_context,
        cast(null as varchar) as right_context,
        cast(null as varchar) as page_language,
        cast(null as varchar) as platform,
        cast(null as varchar) as page_type,
        cast(null as varchar) as page_category,
        case
            when {{ to_boolean('is_image') }} then 'image'
            when {{ to_boolean('is_frame') }} then 'frame'
            when {{ to_boolean('is_form') }} then 'form'
            else 'text'
        end as link_type,
        cast(null as varchar) as lost_reason,
        cast(null as double) as http_status,
        cast(null as double) as ahrefs_dr,
        {{ to_number('page_score') }} as semrush_page_as,
        cast(null as double) as domain_traffic,
        {{ to_number('external_links') }} as external_links,
        cast(null as boolean) as is_provider_spam,
        cast(null as boolean) as is_in_content,
        coalesce({{ to_boolean('nofollow') }}, false) as is_nofollow,
        coalesce({{ to_boolean('ugc') }}, false) as is_ugc,
        coalesce({{ to_boolean('sponsored') }}, false) as is_sponsored,
        {{ to_boolean('sitewide') }} as is_sitewide,
        coalesce({{ to_boolean('lost_link') }}, false) as is_lost,
        {{ to_day('first_seen') }} as first_seen_on,
        {{ to_day('last_seen') }} as last_seen_on,
        -- Semrush says that a link is lost, never when
        cast(null as date) as lost_on
    from source

)

select * from renamed
