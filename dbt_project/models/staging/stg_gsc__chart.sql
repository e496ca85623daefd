{{ one_row_a_metric('gsc_chart', {
    'clicks': 'clicks',
    'impressions': 'impressions',
    'average_position': 'position',
}) }}
