// Asks what the panels ask, and keeps the answers:
//   PROMETHEUS=http://127.0.0.1:9090 EVENT_TIME=http://127.0.0.1:8080/prometheus npm run record [-- boards | all]
// An answer stays whose query has not changed, and with it what is golden; `boards` asks anew what whole boards ask, `all`
// everything.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { askBoard, FEW, keeping, live } from './ask.js';
import { boards, here, onEventTime, transformedPanels } from './dashboards.js';
import { rows } from './drawn/answers.js';

const { PROMETHEUS: scraped, EVENT_TIME: views } = process.env;
if (!scraped || !views) {
  console.error('record: PROMETHEUS is the address of a Prometheus, EVENT_TIME that of /prometheus on the joinedup that it scrapes');
  process.exit(2);
}
mkdirSync(new URL('answers/', here), { recursive: true });
for (const panel of transformedPanels()) {
  const file = new URL(`answers/${panel.key}.json`, here);
  const kept = existsSync(file) && JSON.parse(readFileSync(file)).query === panel.query;
  if (kept && process.argv[2] !== 'all') continue;
  const asked = new URLSearchParams({ query: panel.query });
  const said = await (await fetch(`${panel.onEventTime ? views : scraped}/api/v1/query?${asked}`)).json();
  const found = said.data?.result ?? [];
  if (said.status !== 'success' || found.length === 0) {
    console.error(`record: ${panel.key}, ${panel.title}: ${said.error ?? 'nothing was answered'}`);
    process.exit(1);
  }
  const answer = rows(found);
  const lines = answer.rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  const at = Math.round((found[0].value ?? found[0].values.at(-1))[0]);
  const text = `{\n  "query": ${JSON.stringify(panel.query)},\n  "at": ${at},\n  "labels": ${JSON.stringify(answer.labels)},\n  "rows": [\n${lines}\n  ]\n}\n`;
  writeFileSync(file, text);
  console.log(`${panel.key}: ${answer.rows.length} rows`);
}

// And what whole boards ask, as the test of their pictures draws them: each repeated panel twice, lines of few points.
mkdirSync(new URL('answers/boards/', here), { recursive: true });
for (const one of boards()) {
  const file = new URL(`answers/boards/${one.name}.json`, here);
  if (existsSync(file) && !['all', 'boards'].includes(process.argv[2])) continue;
  const kept = [];
  const to = Date.now();
  await askBoard(one, keeping(kept, live(onEventTime(one.board) ? views : scraped)), { to, ...FEW });
  const lines = kept.map((answer) => `    ${JSON.stringify(answer)}`).join(',\n');
  writeFileSync(file, `{\n  "to": ${to},\n  "answers": [\n${lines}\n  ]\n}\n`);
  console.log(`${one.name}: ${kept.length} answers`);
}
