-- A failure means: rows of an accepted file were neither accepted nor set aside nor counted as duplicates, or twice.
select *
from {{ ref('export_files') }}
where
    outcome = 'accepted'
    and rows_read is distinct from rows_accepted + rows_rejected + rows_duplicate
