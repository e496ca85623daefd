with source as (

    select * from {{ source('landed', 'overrides_decisions') }}

),

-- a decision stands in columns of its own, or as a word in `decision` with its value beside it
renamed as (

    select
        file_id,
        row_number,
        unreadable,
        nullif(trim(domain), '') as delivered_domain,
        nullif(trim(source_url), '') as source_url,
        case
            when lower(trim(decision)) in ('accept', 'accepted', 'allow', 'keep', 'ok') then 'accept'
            when lower(trim(decision)) in ('reject', 'rejected', 'block', 'spam') then 'reject'
        end as decision,
        lower(nullif(trim(decision), '')) as decision_word,
        lower(trim(coalesce(segment, case when lower(trim(decision)) = 'segment' then decision_value end))) as segment,
        lower(trim(coalesce(tactic, case when lower(trim(decision)) = 'tactic' then decision_value end))) as tactic,
        coalesce(
            relevance,
            case when lower(trim(decision)) = 'relevance' then {{ to_number('decision_value') }} end
        ) as relevance,
        nullif(trim(decided_by), '') as decided_by,
        decided_on,
        nullif(trim(note), '') as note
    from source

)

select * from renamed
