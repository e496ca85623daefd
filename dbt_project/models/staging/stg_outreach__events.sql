with source as (

    select * from {{ source('landed', 'outreach_events') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        nullif(trim(domain), '') as delivered_domain,
        nullif(trim(source_url), '') as source_url,
        -- `Do not contact`, `do-not-contact`
        nullif(regexp_replace(lower(trim(status)), '[\s_-]+', '_', 'g'), '') as status_word,
        nullif(trim(owner), '') as owner,
        nullif(trim(note), '') as note,
        logged_on
    from source

)

select * from renamed
