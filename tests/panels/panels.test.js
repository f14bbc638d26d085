import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { flags, here, transformedPanels, units } from './dashboards.js';
import { VERSIONS, frames, shown } from './frames.js';

const panels = transformedPanels();

function kept(folder, panel) {
  return JSON.parse(readFileSync(new URL(`${folder}/${panel.key}.json`, here)));
}

function golden(panel, fields) {
  const lines = fields.map((field) => `  ${JSON.stringify(field)}`).join(',\n');
  mkdirSync(new URL('golden/', here), { recursive: true });
  writeFileSync(new URL(`golden/${panel.key}.json`, here), `[\n${lines}\n]\n`);
}

// The overrides that give a field the name it is read by.
function named(panel, field) {
  return panel.overrides.some(({ matcher, properties }) => {
    const sets = properties.some(({ id }) => id === 'displayName' || id === 'custom.hidden');
    const [, pattern] = /^\/(.*)\/$/.exec(matcher.options) ?? [];
    return sets && (matcher.id === 'byName' ? matcher.options === field.name : pattern && new RegExp(pattern).test(field.name));
  });
}

test('the boards have panels with transformations', () => {
  assert.ok(panels.length >= 8, `${panels.length}`);
});

for (const panel of panels) {
  test(`${panel.key}: ${panel.title}`, async (t) => {
    const answer = kept('answers', panel);
    assert.equal(answer.query, panel.query, 'the query has changed since its answer was recorded: npm run record');
    assert.equal(panel.targets, 1, 'frames.js knows panels with one query');
    assert.equal(panel.format, 'table');
    const seen = new Map();
    for (const version of VERSIONS) seen.set(version, await frames(version, panel, answer));
    if (process.env.GOLDEN === 'write') golden(panel, seen.get(VERSIONS.at(-1))[0]);
    for (const version of VERSIONS) {
      await t.test(`Grafana ${version}`, () => {
        const [fields, ...others] = seen.get(version);
        assert.equal(others.length, 0, 'one frame');
        assert.deepEqual(fields, kept('golden', panel));
        for (const { name, type, values } of fields) {
          if (type === 'number') assert.ok(values.every((value) => value === null || Number.isFinite(value)), name);
        }
        // A time axis has no name; everything else that a reader sees has a word of its own and no code.
        const codes = fields.filter(({ name, type }) => name.includes('_') && (type !== 'time' || panel.type === 'table'));
        for (const field of codes) assert.ok(named(panel, field), `${field.name} would be read as it is`);
        if (panel.type === 'table') return;
        const [time] = fields;
        assert.equal(time.type, 'time', 'without a time field the panel says that data are missing');
        assert.ok(time.values.every((at, i) => i === 0 || at > time.values[i - 1]), 'the time runs forwards');
      });
    }
  });
}

test('a period is complete or it is not, and is drawn once', () => {
  let drawn = 0;
  for (const panel of panels.filter(({ type }) => type === 'timeseries')) {
    const fields = kept('golden', panel);
    const of = (pattern) => fields.find(({ name }) => pattern.test(name));
    const value = of(/^(joinedup_run_chart_)?(ratio|seconds|weeks|days|hours|minutes|events|people|bed_nights|points|levels|per_100k|per_100|units)$/);
    const unfinished = of(/^(joinedup_run_chart_)?provisional_/);
    assert.ok(value, panel.key);
    // Below a locality, and where small numbers are kept back, the period that runs now is not shown.
    if (!unfinished) continue;
    drawn += 1;
    value.values.forEach((one, at) => {
      assert.ok(one === null || unfinished.values[at] === null, `${panel.key}: ${new Date(fields[0].values[at]).toISOString()}`);
    });
    assert.notEqual(unfinished.values.at(-1), null, 'the newest period is not over');
  }
  assert.ok(drawn > 0, 'no recorded chart has a period that is not over');
});

test('a period without a value is not a gap without words', () => {
  let gaps = 0;
  for (const panel of panels.filter(({ type, key }) => type === 'timeseries' && key.startsWith('run-charts-'))) {
    const fields = kept('golden', panel).filter(({ type }) => type === 'number');
    const why = fields.filter(({ name }) => name.startsWith('why'));
    const values = fields.filter(({ name }) => /^(provisional_)?(ratio|people|days|hours|events)$/.test(name));
    for (const at of fields[0].values.keys()) {
      if (values.some((field) => field.values[at] !== null)) continue;
      gaps += 1;
      assert.equal(why.filter((field) => field.values[at] !== null).length, 1, `${panel.key}: ${at}`);
    }
  }
  assert.ok(gaps > 0, 'no recorded chart has a period without a value');
});

test('charts side by side have one scale, which holds whatever is drawn in any of them', () => {
  const compared = panels.filter(({ query }) => query.includes('"scale_$1"'));
  assert.ok(compared.length > 0);
  for (const panel of compared) {
    assert.match(panel.query, /\(\?:provisional\|goal\|upper_limit\)_\)\?\(.*"scale_\$1"/);
    // Beside a county's sum each of its parts lies flat.
    assert.match(panel.query, /and on \(kind\) joinedup_area_info\{area=/);
    const numbers = kept('golden', panel).filter(({ type }) => type === 'number');
    const highest = (fields) => Math.max(...fields.flatMap(({ values }) => values.filter(Number.isFinite)));
    const scale = numbers.filter(({ name }) => name.startsWith('scale_'));
    assert.ok(highest(scale) >= highest(numbers), panel.key);
  }
});

// A number as every version has to show it in a unit; a unit that is on no board is not listed.
const IN_UNITS = {
  percentunit: [0.2083, /^20\.8%$/],
  'suffix:weeks': [2.5, /^2\.5 weeks$/],
  'suffix:days': [1, /^1\.0 days$/],
  'suffix:hours': [27.392, /^27\.4 hours$/],
  'suffix:minutes': [95, /^95\.0 minutes$/],
  dtdurations: [108000, /^1 day, 6 hours$/],
  s: [0.2, /^200\.0 ms$/],
  bytes: [3 * 1024 * 1024, /^3\.0 MiB$/],
  short: [1500, /^1\.5 K$/i],
  dateTimeFromNow: [Date.now() - 7200000, /^2 hours ago$/],
  'time:D MMM YYYY': [Date.UTC(2026, 6, 5, 23), /^6 Jul 2026$/],
};

test('every unit of every panel is known to every version, and reads as it should', () => {
  const asked = units();
  for (const version of VERSIONS) {
    for (const { unit, where } of asked) {
      assert.ok(unit in IN_UNITS, `${where}: ${unit} is not listed here`);
      const [value, read] = IN_UNITS[unit];
      assert.match(shown(version, unit, value) ?? 'unknown', read, `Grafana ${version}, ${where}: ${unit}`);
    }
  }
  const named = new Set(asked.map(({ unit }) => unit));
  assert.deepEqual(Object.keys(IN_UNITS).filter((unit) => !named.has(unit)), []);
});

test('a flag stands where a change began and not where it was scraped, and is read in words', () => {
  const all = flags();
  assert.ok(all.length >= 2, `${all.length}`);
  for (const flag of all) {
    // The value is the moment, in milliseconds; without this the flag would stand at every scrape.
    assert.equal(flag.useValueForTime, true, flag.board);
    // As they are at the end of the range, or what was corrected since would have a flag beside the right one; of the place
    // and its parts alone.
    assert.match(flag.expr, /^joinedup_improvement_cycle_(start|finish)_timestamp_seconds\{measure=.*?\} @ end\(\) \* 1000 .* and on \(area\) /);
    assert.equal(flag.expr.match(/\{/g).length, flag.expr.match(/\} @ end\(\)/g).length, flag.expr);
    const labels = ['cycle', 'measure', 'place', 'title'];
    const texts = [flag.titleFormat, flag.textFormat, flag.tagKeys.split(',').map((key) => `{{${key}}}`).join('')];
    for (const [, label] of texts.join('').matchAll(/\{\{(.*?)\}\}/g)) assert.ok(labels.includes(label), label);
    assert.ok(texts[0].includes('{{title}}'));
    assert.equal(flag.datasource.uid, '${datasource}');
  }
});
