with source as (

    select * from {{ source('landed', 'semrush_overview_trend') }}

),

-- one column a month, and the latest value, which has no day of its own
measures as (

    select
        file_id,
        row_number,
        unreadable,
        target,
        metric,
        database,
        summary as value,
        cast(null as varchar) as month
    from source

    union all

    select
        file_id,
        row_number,
        unreadable,
        target,
        metric,
        database,
        {{ to_number("entry['value']") }} as value,
        entry['key'] as month
    from (
        select
            *,
            unnest(map_entries(months)) as entry
        from source
    ) as by_month

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
        try_cast(month || '-01' as date) as measured_on,
        value,
        month is not null as is_dated
    from measures

)

select * from renamed
