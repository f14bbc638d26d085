// The dashboards as they are committed, and what a reader of them has chosen.
import { readFileSync, readdirSync } from 'node:fs';

export const here = new URL('./', import.meta.url);
const folder = new URL('../../grafana/dashboards/', import.meta.url);

const CHOSEN = {
  $measures: 'tr-delayed-share',
  $measure: 'tr-delayed-share',
  $areas: 'havenshire-north',
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
        key: `${name.replace('.json', '')}-${panel.id}`,
        title: panel.title,
        type: panel.type,
        transformations: panel.transformations,
        overrides: panel.fieldConfig?.overrides ?? [],
        targets: panel.targets.length,
        format: panel.targets[0].format,
        query: asked(panel.targets[0].expr),
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

function boards() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ name, board: JSON.parse(readFileSync(new URL(name, folder))) }));
}

function flat(panels) {
  return panels.flatMap((panel) => [panel, ...flat(panel.panels ?? [])]);
}

function asked(query) {
  return Object.entries(CHOSEN).reduce((text, [name, value]) => text.replaceAll(name, value), query);
}
