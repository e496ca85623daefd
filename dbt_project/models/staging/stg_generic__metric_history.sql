with source as (

    select * from {{ source('landed', 'generic_metric_history') }}

),

renamed as (

    select
        file_id,
        row_number,
        unreadable,
        site as delivered_domain,
        provider as delivered_provider,
        metric as delivered_metric,
        date as measured_on,
        value,
        true as is_dated
    from source

)

select * from renamed
