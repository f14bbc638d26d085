// From an answer of Prometheus to what a panel gets, through Grafana's own library.
import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';
import { table } from './drawn/answers.js';

export const VERSIONS = ['11', '12', '13'];

// The library is made for a browser and looks for one when it is loaded.
const { window } = new JSDOM('<!doctype html>', { url: 'http://localhost/' });
window.matchMedia ??= () => ({ matches: false, addEventListener() {}, removeEventListener() {} });
Object.assign(globalThis, { window, document: window.document });
for (const name of ['localStorage', 'navigator', 'HTMLElement', 'Element', 'Node', 'DOMParser']) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}

const require = createRequire(import.meta.url);
const libraries = new Map();

export function library(version) {
  if (!libraries.has(version)) {
    // The newest is the one that draws, under its own name: see pictures.js.
    const data = require(version === VERSIONS.at(-1) ? '@grafana/data' : `grafana-data-${version}`);
    // Some versions list a transformer under two names; the registry takes each id once.
    const byId = new Map(Object.values(data.standardTransformers).map((one) => [one.id, one]));
    data.standardTransformersRegistry.setInit(() =>
      [...byId.values()].map((one) => ({
        id: one.id,
        name: one.name,
        editor: () => null,
        // From 13 on transformers are loaded when they are needed.
        transformation: Number(version) >= 13 ? async () => one : one,
      })),
    );
    libraries.set(version, { data, known: new Set(byId.keys()) });
  }
  return libraries.get(version);
}

// What a reader sees of a value in a unit; nothing where the unit is unknown, for then Grafana shows the bare number.
export function shown(version, unit, value) {
  const { data } = library(version);
  const known = data.getValueFormats().some(({ submenu }) => submenu.some((one) => one.value === unit));
  if (!known && !/^(time|suffix):/.test(unit)) return undefined;
  const { prefix = '', text, suffix = '' } = data.getValueFormat(unit)(value, 1, undefined, 'Europe/London');
  return prefix + text + suffix;
}

// The frames of a panel: the name, type and values of each field.
export async function frames(version, panel, answer) {
  const { data, known } = library(version);
  const missing = panel.transformations.filter(({ id }) => !known.has(id));
  if (missing.length) throw new Error(`Grafana ${version} has no transformation ${missing.map(({ id }) => id)}`);
  const frame = data.toDataFrame(table(answer));
  const done = await new Promise((resolve, reject) => {
    data.transformDataFrame(panel.transformations, [frame]).subscribe({ next: resolve, error: reject });
  });
  return done.map(({ fields }) =>
    fields.map(({ name, type, values }) => ({ name, type, values: Array.from(values, (value) => value ?? null) })),
  );
}
