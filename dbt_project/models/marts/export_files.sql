select
    client_id,
    refreshed_on,
    path,
    file_id,
    provider,
    export_kind,
    vintage,
    site,
    encoding,
    scope,
    outcome,
    reason,
    rows_read,
    rows_accepted,
    rows_rejected,
    rows_duplicate
from {{ ref('int_export_files') }}
