// Draws every board with what a Prometheus answers now:
//   PROMETHEUS=http://127.0.0.1:9090 EVENT_TIME=http://127.0.0.1:8080/prometheus npm run pictures [-- FOLDER]
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askBoard, live } from './ask.js';
import { boards, here, onEventTime } from './dashboards.js';
import { bundle, picture } from './draw.js';

const { PROMETHEUS: scraped, EVENT_TIME: views, LAST: last } = process.env;
if (!scraped) {
  console.error('pictures: PROMETHEUS is not set; it is the address of a Prometheus, e.g. http://127.0.0.1:9090');
  process.exit(2);
}
const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('../../target/pictures', here)));
mkdirSync(folder, { recursive: true });
const bundled = await bundle();
for (const one of boards()) {
  const server = onEventTime(one.board) ? views : scraped;
  if (!server) {
    console.error(`pictures: EVENT_TIME is not set, ${one.name} is left out`);
    continue;
  }
  const asked = await askBoard(one, live(server), { to: Date.now(), last });
  for (const mode of ['light', 'dark']) {
    const png = join(folder, `${one.name}-${mode}.png`);
    const { trouble, cut } = await picture(bundled, asked, mode, png);
    console.log(png);
    for (const text of new Set(cut)) console.log(`  cut: ${text}`);
    for (const text of trouble) console.log(`  wrong: ${text}`);
    if (trouble.length) process.exitCode = 1;
  }
}
bundled.done();
