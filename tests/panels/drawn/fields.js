// From a panel's answers to the frames that its component gets: as the data source makes them, transformed, and with the
// panel's units, names, colours and other settings applied, all by Grafana's own library.
import * as data from '@grafana/data';
import { rows, series, table } from './answers.js';

// What a panel's type draws when its settings say nothing else; in Grafana these are part of the panel, not of @grafana/ui.
const DRAWN = {
  timeseries: { drawStyle: 'line', lineWidth: 1, fillOpacity: 0, pointSize: 5, showPoints: 'auto', spanNulls: false, axisPlacement: 'auto', axisGridShow: true },
  'state-timeline': { fillOpacity: 70, lineWidth: 0 },
  table: { align: 'auto', cellOptions: { type: 'auto' } },
};

const setting = (id, process = (value) => value) => ({ id, path: id, name: id, editor: () => null, process, shouldApply: () => true });
const SETTINGS = [
  setting('displayName', data.displayNameOverrideProcessor),
  setting('unit', data.unitOverrideProcessor),
  setting('mappings', data.valueMappingsOverrideProcessor),
  setting('thresholds', data.thresholdsOverrideProcessor),
  ...['min', 'max', 'decimals'].map((id) => setting(id, data.numberOverrideProcessor)),
  ...['color', 'noValue', 'links', 'filterable'].map((id) => setting(id)),
];
data.standardFieldConfigEditorRegistry.setInit(() => SETTINGS);

// Grafana's table renames this setting when it loads a board that was made for Grafana 11.
function migrated({ id, value }) {
  return { id: id === 'custom.hidden' ? 'custom.hideFrom.viz' : id, value };
}

// Grafana ignores an override that the panel's type does not know; here every custom setting of the board is known.
function registry({ defaults, overrides }) {
  const known = new data.FieldConfigOptionsRegistry(() => SETTINGS.map((one) => ({ ...one })));
  const custom = overrides.flatMap(({ properties }) => properties.map(({ id }) => id)).filter((id) => id.startsWith('custom.'));
  for (const id of new Set([...custom, ...Object.keys(defaults.custom ?? {}).map((name) => `custom.${name}`)])) {
    known.register({ ...setting(id), path: id.slice('custom.'.length), isCustom: true });
  }
  return known;
}

function transformed(transformations, frames) {
  return new Promise((resolve, reject) => {
    data.transformDataFrame(transformations, frames).subscribe({ next: resolve, error: reject });
  });
}

export async function prepared({ panel, answers }, { timeZone }, theme) {
  if (!answers) return [];
  const made = answers.flatMap(({ target, at, result }) =>
    target.format === 'table' ? [table({ at, ...rows(result) })] : series(target, result),
  );
  const frames = await transformed(panel.transformations ?? [], made.map((frame) => data.toDataFrame(frame)));
  const { defaults, overrides } = panel.fieldConfig;
  const fieldConfig = {
    // Grafana colours by threshold unless told otherwise, and lines by a palette.
    defaults: {
      color: { mode: /time/.test(panel.type) ? 'palette-classic' : 'thresholds' },
      thresholds: { mode: 'absolute', steps: [{ color: 'green', value: -Infinity }, { color: 'red', value: 80 }] },
      mappings: [],
      ...defaults,
      custom: { ...DRAWN[panel.type], ...defaults.custom },
    },
    overrides: overrides.map((rule) => ({ ...rule, properties: rule.properties.map(migrated) })),
  };
  for (const step of fieldConfig.defaults.thresholds.steps) step.value ??= -Infinity;
  const done = data.applyFieldOverrides({
    data: frames,
    fieldConfig,
    fieldConfigRegistry: registry(fieldConfig),
    replaceVariables: (text) => text,
    theme,
    timeZone,
  });
  data.cacheFieldDisplayNames(done);
  if (panel.type !== 'timeseries') return done;
  // A line breaks where two points are further apart than the step that the data source said.
  return done.map((frame) => data.applyNullInsertThreshold({ frame }));
}
