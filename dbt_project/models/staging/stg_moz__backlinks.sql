with source as (

    select * from {{ source('landed', 'moz_backlinks') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        cast('' as varchar) as target_header,
        -- Moz writes URLs without a scheme
        source_url,
        target_url,
        title,
        anchor,
        case
            when is_redirect or regexp_matches(link_type, '(?i)redirect|\b30[12378]\b') then 'redirect'
            when regexp_matches(link_type, '(?i)canonical') then 'canonical'
            when regexp_matches(link_type, '(?i)image') then 'image'
            when regexp_matches(link_type, '(?i)text') then 'text'
        end as link_type,
        http_status,
        domain_authority as moz_da,
        external_links,
        -- until 2018 a number of 17 flags, in files that tell follow links in columns of their own; then a percentage
        case
            when coalesce(nofollow_only, follow_only, followable) is not null then spam_score * 100 / 17
            else spam_score
        end as spam_score,
        -- the newest of the ways in which Moz has said it
        coalesce(
            case
                when regexp_matches(link_type, '(?i)no-?follow') then true
                when regexp_matches(link_type, '(?i)follow') then false
            end,
            nofollow_only,
            not follow_only,
            not followable
        ) as is_nofollow,
        lost is not null or coalesce(regexp_matches(link_state, '(?i)lost|delet|remov|gone'), false) as is_lost,
        first_seen as first_seen_on,
        last_seen as last_seen_on,
        lost as lost_on
    from source

)

select * from renamed
