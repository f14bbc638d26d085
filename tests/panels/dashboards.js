// The dashboards as they are committed, and what a reader of them has chosen.
import { readFileSync, readdirSync } from 'node:fs';

export const here = new URL('./', import.meta.url);
const folder = new URL('../../grafana/dashboards/', import.meta.url);

const CHOSEN = {
  $__range: '31536000s',
  $measures: 'tr-delayed-share',
  $days: 'tr-ready-now',
  $daily: 'tr-ready-now',
  $measure: 'tr-delayed-share',
  $areas: 'hv-mid-3',
  $area: 'havenshire',
  $outcome: 'se-transfers-without-delay',
  $framework: 'scie',
  $rated: 'havenshire-north',
};

// Every panel that has transformations, with its query as it is asked.
export function transformedPanels() {
  return boards().flatMap(({ name, board }) => {
    return flat(board.panels)
      .filter((panel) => panel.transformations?.length)
      .map((panel) => ({
        key: `${name}-${panel.id}`,
        title: panel.title,
        type: panel.type,
        transformations: panel.transformations,
        overrides: panel.fieldConfig?.overrides ?? [],
        targets: panel.targets.length,
        format: panel.targets[0].format,
        query: asked(panel.targets[0].expr),
        onEventTime: onEventTime(board),
      }));
  });
}

// Every unit that a panel of a board asks for, with the panel's name.
export function units() {
  return boards().flatMap(({ name, board }) =>
    flat(board.panels).flatMap((panel) => {
      const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
      const properties = overrides.flatMap(({ properties }) => properties).filter(({ id }) => id === 'unit');
      const all = [defaults.unit, ...properties.map(({ value }) => value)].filter(Boolean);
      return all.map((unit) => ({ unit, where: `${name}: ${panel.title}` }));
    }),
  );
}

// The flags of every board: what is asked, and how a flag is read.
export function flags() {
  return boards().flatMap(({ name, board }) => board.annotations.list.map((flag) => ({ ...flag, board: name })));
}

// A board that asks joinedup itself, and not the Prometheus that scrapes it.
export function onEventTime(board) {
  return board.templating.list[0].regex === '/event time/';
}

export function boards() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => ({ name: file.replace('.json', ''), board: JSON.parse(readFileSync(new URL(file, folder))) }));
}

export function flat(panels) {
  return panels.flatMap((panel) => [panel, ...flat(panel.panels ?? [])]);
}

function asked(query) {
  return Object.entries(CHOSEN).reduce((text, [name, value]) => text.replaceAll(name, value), query);
}
