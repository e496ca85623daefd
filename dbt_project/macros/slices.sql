{#
    History tables keep what earlier runs computed. A run replaces whole (client, refresh) slices: it first deletes the
    slices it is about to compute, so that a slice that is empty now does not keep its old rows.
#}
{% macro delete_slices_of_run() -%}
    delete from {{ this }}
    where
        (client_id, refreshed_on) in (
            select client_id, refreshed_on from {{ source('ledger', 'refreshes') }} where is_in_run
        )
{%- endmacro %}
