// Asks a Prometheus what the panels ask, and keeps its answers: PROMETHEUS=http://127.0.0.1:9090 npm run record
import { mkdirSync, writeFileSync } from 'node:fs';
import { here, transformedPanels } from './dashboards.js';

const server = process.env.PROMETHEUS;
if (!server) {
  console.error('record: PROMETHEUS is not set; it is the address of a Prometheus, e.g. http://127.0.0.1:9090');
  process.exit(2);
}
mkdirSync(new URL('answers/', here), { recursive: true });
for (const panel of transformedPanels()) {
  const asked = new URLSearchParams({ query: panel.query });
  const said = await (await fetch(`${server}/api/v1/query?${asked}`)).json();
  const found = said.data?.result ?? [];
  if (said.status !== 'success' || found.length === 0) {
    console.error(`record: ${panel.key}, ${panel.title}: ${said.error ?? 'nothing was answered'}`);
    process.exit(1);
  }
  const labels = [...new Set(found.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = found.map(({ metric, value }) => [...labels.map((label) => metric[label] ?? ''), value[1]]);
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  const text = `{\n  "query": ${JSON.stringify(panel.query)},\n  "at": ${Math.round(found[0].value[0])},\n  "labels": ${JSON.stringify(labels)},\n  "rows": [\n${lines}\n  ]\n}\n`;
  writeFileSync(new URL(`answers/${panel.key}.json`, here), text);
  console.log(`${panel.key}: ${rows.length} rows`);
}
