with source as (

    select * from {{ source('landed', 'gsc_disavow') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        entry,
        nullif(lower(regexp_extract(entry, '^\s*(?i:domain):\s*(\S+)', 1)), '') as disavowed_domain,
        case when not regexp_matches(entry, '^\s*(?i:domain):') then trim(entry) end as disavowed_url
    from source

)

select * from renamed
