// The component of each panel type. What @grafana/ui does not export is drawn as close as its parts allow, or said in words.
import React from 'react';
import * as data from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { Timeline } from './timeline.jsx';

export function Drawn(props) {
  const { panel, frames } = props;
  const Kind = KINDS[panel.type];
  if (!Kind) return <p>A panel of type {panel.type} is not part of @grafana/ui and is not drawn here.</p>;
  if (!frames.some(({ length }) => length > 0)) return <p className="empty">No data</p>;
  return <Kind {...props} range={range(props)} />;
}

function range({ panel, asked }) {
  const from = panel.from ?? asked.from;
  return { from: data.dateTime(from), to: data.dateTime(asked.to), raw: { from: data.dateTime(from), to: data.dateTime(asked.to) } };
}

function Lines({ panel, frames, asked, range, width, height }) {
  const numbers = frames.map((frame) => ({ ...frame, fields: frame.fields.filter(({ type }) => type === 'time' || type === 'number') }));
  return (
    <TimeSeries
      frames={numbers}
      structureRev={1}
      width={width}
      height={height}
      timeZone={asked.timeZone}
      timeRange={range}
      legend={{ calcs: [], ...panel.options.legend }}
      options={panel.options}
    />
  );
}

function Table({ panel, frames, width, height, range }) {
  const { cellHeight, showHeader } = panel.options;
  return (
    <TableNG
      data={frames[0]}
      width={width}
      height={height}
      noHeader={!showHeader}
      cellHeight={cellHeight}
      timeRange={range}
      fieldConfig={panel.fieldConfig}
      structureRev={1}
      enableVirtualization={false}
      getActions={() => []}
    />
  );
}

function values({ panel, frames, asked, theme }) {
  return data.getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    theme,
    data: frames,
    timeZone: asked.timeZone,
  });
}

function Repeated({ orientation, autoGrid, spacing, limits, children, ...props }) {
  return (
    <VizRepeater
      getValues={() => values(props)}
      getAlignmentFactors={data.getDisplayValueAlignmentFactors}
      renderValue={children}
      width={props.width}
      height={props.height}
      source={props.frames}
      renderCounter={1}
      itemSpacing={spacing}
      autoGrid={autoGrid}
      orientation={orientation ?? data.VizOrientation.Auto}
      {...limits}
    />
  );
}

function Stat(props) {
  const { colorMode, graphMode, textMode, wideLayout } = props.panel.options;
  return (
    <Repeated {...props} autoGrid spacing={3}>
      {({ value, width, height, count, alignmentFactors }) => (
        <BigValue
          value={value.display}
          count={count}
          width={width}
          height={height}
          theme={props.theme}
          colorMode={colorMode}
          graphMode={graphMode}
          justifyMode="auto"
          textMode={textMode}
          wideLayout={wideLayout ?? true}
          alignmentFactors={alignmentFactors}
        />
      )}
    </Repeated>
  );
}

function Bars(props) {
  const { displayMode, orientation, showUnfilled } = props.panel.options;
  // A single bar is named by its panel alone, as in Grafana.
  const named = ({ field, display }, count) => (count === 1 && !field.displayName ? { ...display, title: undefined } : display);
  return (
    <Repeated {...props} orientation={orientation} spacing={10} limits={{ minVizWidth: 8, minVizHeight: 16, maxVizHeight: 300 }}>
      {({ value, width, height, count, orientation, alignmentFactors }) => (
        <BarGauge
          value={named(value, count)}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          width={width}
          height={height}
          theme={props.theme}
          orientation={orientation}
          displayMode={displayMode}
          showUnfilled={showUnfilled}
          itemSpacing={10}
          lcdCellWidth={12}
          alignmentFactors={count > 1 ? alignmentFactors : undefined}
          valueDisplayMode="color"
          namePlacement="auto"
        />
      )}
    </Repeated>
  );
}

const KINDS = { timeseries: Lines, table: Table, stat: Stat, bargauge: Bars, 'state-timeline': Timeline };
