with source as (

    select * from {{ source('landed', 'semrush_overview_trend') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        target as delivered_domain,
        cast(null as varchar) as delivered_provider,
        -- a database is a country
        concat_ws(' ', metric, nullif(nullif(lower(trim(database)), 'worldwide'), 'all')) as delivered_metric,
        cast(null as date) as measured_on,
        summary as value,
        false as is_dated
    from source

)

select * from renamed
