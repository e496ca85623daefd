{#
    The words of the contract, by column. `models/docs/columns.md` says what each means. The reasons of lost links stand in
    the order of what is easiest to mend.
#}
{% macro value_lists() -%}
    {{ return({
        'absence': ['rejected_link', 'proven', 'unproven'],
        'attempt_outcome': ['won', 'declined', 'unanswered', 'pending'],
        'authority_band': ['00-19', '20-39', '40-59', '60-79', '80-100', 'unknown'],
        'change': ['closed', 'lost', 'reopened', 'new_best_gap', 'new_competitor_link'],
        'closed_grade': ['A', 'B', 'C'],
        'closed_kind': ['won', 'already_linked'],
        'content_type': [
            'statistics', 'guide', 'comparison', 'template', 'tool', 'report', 'glossary', 'tutorial', 'roundup', 'home',
            'product', 'other',
        ],
        'evidence': ['link', 'domain'],
        'gap_class': ['best', 'missing', 'weak', 'shared', 'strong'],
        'gap_status': ['open', 'below_minimum', 'covered', 'own'],
        'lost_links__reason': [
            'own_page_broken', 'link_removed', 'redirect', 'page_not_indexed', 'unknown', 'page_gone', 'not_crawled',
        ],
        'matched_in': ['title', 'anchor', 'snippet', 'context', 'provider'],
        'mention_outcome': ['unlinked', 'linked', 'panel_site', 'rejected', 'unreadable'],
        'movement': ['up', 'down', 'unchanged', 'entered', 'dropped', 'unknown'],
        'outcome': ['accepted', 'refused', 'duplicate', 'withdrawn'],
        'outreach_status': ['prospect', 'contacted', 'replied', 'won', 'declined', 'do_not_contact'],
        'overlap_basis': ['competitor_list', 'keyword_lists', 'keyword_gap'],
        'parity': ['reached', 'in sight', 'never', 'unknown'],
        'placement': [
            'content', 'resource_list', 'author_bio', 'comment', 'sidebar', 'footer', 'navigation', 'unknown',
        ],
        'position_band': ['01-03', '04-10', '11-20', '21-50', '51-100'],
        'recommendation': ['add', 'keep', 'watch', 'drop', 'ignore'],
        'segment': [
            'editorial_mention', 'resource_page', 'expert_feature', 'data_reference', 'tool_asset',
            'review_comparison', 'guest_post', 'community', 'education_government', 'association', 'directory',
            'sponsored', 'partner', 'other',
        ],
        'state': ['open', 'closed', 'lost', 'expired', 'set_aside'],
        'tactic': [
            'replicate_asset', 'outreach', 'build_content', 'reclaim_mention', 'refresh_outdated', 'digital_pr',
            'join_community', 'skip',
        ],
        'tier': ['A', 'B', 'C'],
        'transition': [
            'new', 'reopened', 'returned', 'panel_new', 'stayed_open', 'closed', 'stayed_closed', 'regained',
            'expired', 'lost', 'set_aside', 'panel_removed', 'unchanged', 'unobserved',
        ],
    }) }}
{%- endmacro %}
