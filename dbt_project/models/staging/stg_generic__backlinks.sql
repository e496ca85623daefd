with source as (

    select * from {{ source('landed', 'generic_backlinks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        source_url,
        target_url,
        title,
        anchor,
        left_context,
        right_context,
        lower(left(language, 2)) as page_language,
        case
            when
                lower(link_type) in (
                    'text', 'image', 'frame', 'form', 'redirect', 'canonical', 'alternate', 'mention'
                )
                then lower(link_type)
        end as link_type,
        {{ lost_reason('lost_reason') }} as lost_reason,
        lost_reason as lost_words,
        http_status,
        authority as generic_authority,
        domain_traffic,
        external_links,
        is_spam as is_provider_spam,
        is_in_content,
        nofollow as is_nofollow,
        ugc as is_ugc,
        sponsored as is_sponsored,
        is_sitewide,
        -- a day of the loss says it too, where nothing else does
        coalesce(is_lost, lost is not null) as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from source

)

select * from renamed
