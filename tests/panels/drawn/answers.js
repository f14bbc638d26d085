// What Grafana's Prometheus data source makes of an answer, restated: the frames that transformations and panels get.

// An answer as rows: the labels in alphabetical order, then the value; and its time, where each has its own.
export function rows(result) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const of = ({ metric }) => labels.map((label) => metric[label] ?? '');
  return { labels, rows: result.flatMap((one) => points(one).map(([at, value]) => [...of(one), value, ...(one.values ? [at] : [])])) };
}

function points({ value, values }) {
  return values ?? [value];
}

// With format Table: one frame; the time, the labels, the value.
export function table({ at, labels, rows }) {
  const column = (index) => rows.map((row) => row[index]);
  return {
    refId: 'A',
    fields: [
      { name: 'Time', type: 'time', values: rows.map((row) => (row[labels.length + 1] ?? at) * 1000), config: {} },
      ...labels.map((name, index) => ({ name, type: 'string', values: column(index), config: {} })),
      { name: 'Value', type: 'number', values: column(labels.length).map(Number), config: {} },
    ],
  };
}

// With format Time series: a frame for each series, named by its legend. The interval is the step, for an instant query
// too: Grafana breaks a line where two points are further apart than that.
export function series({ refId, legendFormat, expr, step }, result) {
  return result.map((one) => {
    const name = legend(legendFormat, expr, one.metric);
    const config = name ? { displayNameFromDS: name } : {};
    return {
      refId,
      name,
      fields: [
        { name: 'Time', type: 'time', values: points(one).map(([at]) => at * 1000), config: { interval: step * 1000 } },
        { name: 'Value', type: 'number', values: points(one).map(([, value]) => Number(value)), labels: one.metric, config },
      ],
    };
  });
}

function legend(format, expr, labels) {
  const { __name__: metric = '', ...others } = labels;
  if (format === '__auto') return Object.keys(labels).length ? '' : expr;
  if (format) return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
  const said = Object.entries(others).sort().map(([label, value]) => `${label}="${value}"`);
  return said.length ? `${metric}{${said.join(', ')}}` : metric || expr;
}
