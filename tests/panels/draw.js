// Bundles the page that draws a board, and opens it in Chromium.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { here } from './dashboards.js';

// Debian's name, and that of others.
const PROGRAM = ['chromium', 'chromium-browser'].find((name) => process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, name))));
// Grafana's components fetch their icons from the server that they are part of.
const ICONS = new URL('node_modules/@grafana/ui/dist/public/', here);
const run = promisify(execFile);
const CHROMIUM = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--timeout=45000'];

// One script and one style sheet for all boards.
export async function bundle() {
  const folder = mkdtempSync(join(tmpdir(), 'joinedup-panels-'));
  await build({
    entryPoints: [new URL('drawn/page.jsx', here).pathname],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    // React says what is wrong in words in its development build alone.
    define: { 'process.env.NODE_ENV': '"development"' },
    loader: Object.fromEntries(['.svg', '.woff2', '.woff', '.ttf', '.png'].map((kind) => [kind, 'dataurl'])),
    logLevel: 'error',
  });
  const of = (name) => readFileSync(join(folder, name));
  return { folder, script: of('page.js'), style: of('page.css'), done: () => rmSync(folder, { recursive: true, force: true }) };
}

// How dates are written along axes: as the Grafana of compose.yaml is told to.
const COMPOSE = readFileSync(new URL('../../compose.yaml', here), 'utf8');
const DATES = Object.fromEntries(['HOUR', 'DAY', 'MONTH'].map((name) => [name.toLowerCase(), new RegExp(`GF_DATE_FORMATS_INTERVAL_${name}: (.*)`).exec(COMPOSE)[1]]));

function html(asked, mode) {
  const board = JSON.stringify({ asked, mode, dates: DATES }).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body><div id="root"></div>
<script>window.process = { env: {} }; window.board = ${board};</script><script src="page.js" type="module"></script><img src="wait" alt=""></body></html>`;
}

// Opens a board. Chromium looks at a page when it has loaded, and a page that is drawn by a script has by then hardly
// begun: so an image in it arrives when the script says that all is drawn, and with it the page has loaded.
async function opened({ folder, script, style }, asked, mode, ...options) {
  if (!PROGRAM) throw new Error('there is no chromium (tests/run.sh tools)');
  const said = [];
  let waiting;
  const server = createServer(async (request, response) => {
    const send = (type, body) => response.writeHead(200, { 'content-type': type }).end(body);
    if (request.url === '/page.js') send('text/javascript', script);
    else if (request.url === '/page.css') send('text/css', style);
    else if (request.url.includes('/img/icons/')) send('image/svg+xml', readFileSync(new URL(request.url.replace(/.*img/, 'img'), ICONS)));
    else if (request.url === '/wait') waiting = response;
    else if (request.url === '/drawn') {
      for await (const part of request) said.push(part);
      send('text/plain', '');
      waiting.writeHead(404).end();
    } else send('text/html', html(asked, mode));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const page = `http://127.0.0.1:${server.address().port}/`;
    const chromium = ['60', PROGRAM, ...CHROMIUM, `--user-data-dir=${join(folder, 'profile')}`, ...options, page];
    const { stdout } = await run('timeout', chromium, { maxBuffer: 1 << 26 });
    if (!said.length) throw new Error(`${asked.name}: the page has not said that it is drawn`);
    return { dom: stdout, ...JSON.parse(Buffer.concat(said)) };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function size({ width, panels }) {
  const rows = Math.max(...panels.map(({ panel: { gridPos: at } }) => at.y + at.h));
  return `--window-size=${width + 32},${rows * 38 + 140}`;
}

// Draws a board into a file; answers what went wrong on the page, and which texts are cut.
export function picture(bundled, asked, mode, png) {
  return opened(bundled, asked, mode, size(asked), `--screenshot=${png}`);
}

// The same without a file: answers the page as well.
export function drawn(bundled, asked, mode) {
  return opened(bundled, asked, mode, size(asked), '--dump-dom');
}
