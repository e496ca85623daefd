with links as (

    select * from {{ ref('int_links_merged') }}
    where is_accepted

),

refreshes as (

    select
        client_id,
        refreshed_on,
        {{ brand_names('brand_terms') }} as brand_names
    from {{ source('ledger', 'refreshes') }}
    -- without a niche there is nothing to be near to
    where is_in_run and (len(niche_terms) > 0 or niche_description != '')

),

-- title and anchor of another row, where the quoted one has neither
texts as (

    select
        links.client_id,
        links.refreshed_on,
        links.file_number,
        links.row_number,
        delivered_rows.title,
        delivered_rows.anchor,
        delivered_rows.left_context,
        delivered_rows.right_context
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    inner join links
        on delivered_rows.client_id = links.client_id
        and delivered_rows.refreshed_on = links.refreshed_on
        and delivered_rows.file_number = links.text_file_number
        and delivered_rows.row_number = links.text_row_number

),

quoted as (

    select
        links.client_id,
        links.refreshed_on,
        links.file_number,
        links.row_number,
        delivered_rows.source_url,
        coalesce(delivered_rows.title, texts.title) as title,
        coalesce(delivered_rows.anchor, texts.anchor) as anchor,
        coalesce(delivered_rows.left_context, texts.left_context) as left_context,
        coalesce(delivered_rows.right_context, texts.right_context) as right_context,
        refreshes.brand_names
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    inner join links
        on delivered_rows.client_id = links.client_id
        and delivered_rows.refreshed_on = links.refreshed_on
        and delivered_rows.file_number = links.file_number
        and delivered_rows.row_number = links.row_number
    inner join refreshes
        on links.client_id = refreshes.client_id
        and links.refreshed_on = refreshes.refreshed_on
    left join texts
        on links.client_id = texts.client_id
        and links.refreshed_on = texts.refreshed_on
        and links.file_number = texts.file_number
        and links.row_number = texts.row_number
    where delivered_rows.evidence_role != 'unconfirmed'

),

spaced as (

    select
        client_id,
        refreshed_on,
        file_number,
        row_number,
        brand_names,
        {{ spaced_words(
            "concat_ws(
                ' ',
                -- the words of the path where there is no title; the host is a name
                coalesce(
                    left(nullif(trim(title), ''), 300),
                    left(regexp_replace(regexp_replace(source_url, '^([a-zA-Z]+:)?//', ''), '^[^/]*', ''), 200)
                ),
                -- an address as anchor tells where the link leads
                case
                    when not regexp_matches(anchor, '^\\s*\\S*(://|www\\.|\\.[a-z]+/)\\S*\\s*$') then left(anchor, 200)
                end,
                right(left_context, 200),
                left(right_context, 200)
            )"
        ) }} as words
    from quoted

),

named as (

    select
        * exclude (brand_names),
        {{ without_names('words', 'brand_names') }} as other_words
    from spaced

),

worded as (

    select
        client_id,
        refreshed_on,
        file_number,
        row_number,
        {{ distinct_words('other_words') }} as words
    from named

)

select
    client_id,
    refreshed_on,
    file_number,
    row_number,
    {{ text_key('words') }} as text_key,
    words
from worded
