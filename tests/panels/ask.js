// Asks a Prometheus everything that a board asks, as Grafana would when a reader opens it.
import { flat } from './dashboards.js';
import { library } from './frames.js';

const WIDTH = 1408;
const SCRAPE = 15;
// For answers that are kept: what a Prometheus of some minutes can say, and no more of it than shows that it is drawn.
export const FEW = { last: '10m', most: 2, points: 40 };

// Asks a server.
export function live(server) {
  return async (path, asked) => {
    const said = await (await fetch(`${server}/api/v1/${path}?${new URLSearchParams(asked)}`)).json();
    if (said.status !== 'success') throw new Error(`${asked.query}: ${said.error}`);
    return said.data.result;
  };
}

// Asks, and keeps what was answered in `kept`.
export function keeping(kept, ask) {
  return async (path, asked) => {
    const result = await ask(path, asked);
    kept.push({ path, query: asked.query, result });
    return result;
  };
}

// Answers from what was kept.
export function again(kept) {
  return async (path, { query }) => {
    const found = kept.find((one) => one.path === path && one.query === query);
    if (!found) throw new Error(`no answer to it was recorded, npm run record -- boards: ${query}`);
    return found.result;
  };
}

// What a reader can choose for a variable of the board: its texts and values.
async function choices(ask, { definition, regex }, fill) {
  const [, what, query] = /^(label_values|query_result)\((.*)\)$/.exec(definition);
  if (what === 'label_values') {
    const [, series, label] = /^(.*),\s*(\w+)$/.exec(query);
    const found = await ask('query', { query: fill(`group by (${label}) (${series})`) });
    return found.map(({ metric }) => ({ text: metric[label], value: metric[label] }));
  }
  const found = await ask('query', { query: fill(query) });
  const pattern = new RegExp(/^\/(.*)\/$/.exec(regex)[1]);
  const lines = found.map(({ metric }) => `{${Object.entries(metric).map(([name, value]) => `${name}="${value}"`).join(',')}} 1 1`);
  return lines.map((line) => pattern.exec(line)?.groups).filter(Boolean).map(({ text, value }) => ({ text: text ?? value, value: value ?? text }));
}

function filled(text, chosen, what) {
  return text.replace(/\$\{?(\w+)\}?/g, (all, name) => (chosen[name] ? chosen[name][what] : all));
}

// A board with every answer, as it is at the moment `to`. `last` is how far back panels look that have a time of their
// own, when not as far as they say; `most` is how often a panel is repeated, `points` how many a line has.
export async function askBoard({ name, board }, ask, { to, last, most = Infinity, points }) {
  const { data } = library('13');
  const moment = (text) => data.dateMath.toDateTime(text, { roundUp: false, timezone: board.timezone, now: new Date(to) }).valueOf();
  const from = moment(board.time.from);
  const chosen = {};
  const many = {};
  for (const variable of board.templating.list.slice(1)) {
    const found = await choices(ask, variable, (query) => filled(query, chosen, 'value'));
    if (variable.sort) found.sort((a, b) => a.text.localeCompare(b.text));
    const one = variable.current.value ? found.find(({ value }) => value === variable.current.value) : found[0];
    // A large place and a small one, where places come in the order of their size.
    if (variable.multi) many[variable.name] = found.filter((_, at) => at % Math.max(Math.ceil(found.length / most), 1) === 0);
    else if (one) chosen[variable.name] = { ...one, label: variable.label };
    else throw new Error(`${name}: ${variable.label} cannot be ${variable.current.value}`);
  }
  const answered = async (panel, here) => {
    // What is asked of this moment alone is as old as the panel says, whenever the Prometheus began.
    const shorter = panel.targets.some(({ instant }) => !instant) ? last : undefined;
    const begin = panel.timeFrom ? moment(`now-${shorter ?? panel.timeFrom}`) : from;
    const wide = points ?? (WIDTH * panel.gridPos.w) / 24;
    const step = Math.max(data.rangeUtil.calculateInterval({ from: begin, to }, wide, panel.interval ?? `${SCRAPE}s`).intervalMs / 1000, SCRAPE);
    const seconds = (to - begin) / 1000;
    const answers = panel.targets.map(async (target) => {
      const expr = filled(target.expr, here, 'value')
        .replaceAll('$__rate_interval', `${Math.max(step + SCRAPE, 4 * SCRAPE)}s`)
        .replaceAll('$__range', `${Math.round(seconds)}s`);
      const at = Math.round(to / 1000);
      const result = target.instant
        ? await ask('query', { query: expr, time: at })
        : await ask('query_range', { query: expr, start: Math.floor(begin / 1000 / step) * step, end: at, step });
      return { target: { ...target, expr, step }, at, result };
    });
    const title = filled(panel.title, here, 'text');
    const description = filled(panel.description, here, 'text');
    return { panel: { ...panel, title, description, from: begin }, answers: await Promise.all(answers) };
  };
  const panels = [];
  let down = 0;
  for (const panel of flat(board.panels)) {
    const at = { ...panel.gridPos, y: panel.gridPos.y + down };
    const values = panel.repeat && many[panel.repeat];
    if (panel.type === 'row') {
      panels.push({ panel: { ...panel, gridPos: at, title: filled(panel.title, chosen, 'text') } });
    } else if (values) {
      // Side by side, as many in a row as the panel allows, and what is below moves down.
      const columns = Math.min(panel.maxPerRow, values.length);
      for (const [index, value] of values.entries()) {
        const w = Math.floor(24 / columns);
        const place = { w, h: at.h, x: (index % columns) * w, y: at.y + Math.floor(index / columns) * at.h };
        panels.push(await answered({ ...panel, gridPos: place }, { ...chosen, [panel.repeat]: value }));
      }
      down += (Math.ceil(values.length / columns) - 1) * at.h;
    } else {
      panels.push(await answered({ ...panel, gridPos: at }, chosen));
    }
  }
  const { title, timezone: timeZone, weekStart } = board;
  return { name, title, timeZone, weekStart, width: WIDTH, from, to, choices: Object.values(chosen), panels };
}
