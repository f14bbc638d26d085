// A state timeline. @grafana/ui does not export Grafana's own (it is in the server's front end), only the parts that it is
// made of: the plot, its axes and its legend. The boxes are drawn here; what they say and their colours come from the fields.
import React, { useMemo } from 'react';
import { formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { measureText, UPlotChart, UPlotConfigBuilder, VizLayout, VizLegend } from '@grafana/ui';

// Equal values in a row are one box: from the moment of the first to that of what comes next, or to the end of the panel.
// As in Grafana a box breaks where two points are further apart than the step of the query.
function boxes(field, { values: times, config: { interval } }, end) {
  const found = [];
  let open;
  field.values.forEach((value, index) => {
    const next = times[index + 1] ?? end;
    const to = interval && next - times[index] > interval ? times[index] + 1 : next;
    if (value === null) open = undefined;
    else if (open?.value === value && open.to === times[index]) open.to = to;
    else found.push((open = { value, from: times[index], to, shown: field.display(value) }));
  });
  return found;
}

function paint({ ctx, bbox, valToPos }, lanes, { fillOpacity, showValue, theme }) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const pace = bbox.height / lanes.length;
  ctx.font = `${12 * devicePixelRatio}px ${theme.typography.fontFamily}`;
  ctx.textBaseline = 'middle';
  lanes.forEach(({ boxes }, lane) => {
    const top = bbox.top + lane * pace + pace * 0.05;
    for (const { from, to, shown } of boxes) {
      const left = Math.max(valToPos(from, 'x', true), bbox.left);
      const width = valToPos(to, 'x', true) - left;
      ctx.globalAlpha = fillOpacity / 100;
      ctx.fillStyle = shown.color;
      ctx.fillRect(left, top, width, pace * 0.9);
      ctx.globalAlpha = 1;
      const text = formattedValueToString(shown);
      if (showValue === 'never' || ctx.measureText(text).width > width) continue;
      ctx.fillStyle = theme.colors.getContrastText(shown.color, 3);
      ctx.textAlign = 'center';
      ctx.fillText(text, left + width / 2, top + pace * 0.45);
    }
  });
  ctx.restore();
}

export function Timeline({ panel, frames, asked, theme, range, width, height }) {
  const { config, legend } = useMemo(() => {
    const lanes = frames.flatMap((frame) => {
      const [time, ...fields] = frame.fields;
      return fields.map((field) => ({ field, name: getFieldDisplayName(field, frame, frames), boxes: boxes(field, time, asked.to) }));
    });
    const { fillOpacity = 70 } = lanes[0].field.config.custom;
    const config = new UPlotConfigBuilder(asked.timeZone);
    config.addScale({ scaleKey: 'x', isTime: true, orientation: 0, direction: 1, range: () => [range.from.valueOf(), range.to.valueOf()] });
    config.addScale({ scaleKey: 'y', orientation: 1, direction: 1, range: () => [0, lanes.length] });
    config.addAxis({ scaleKey: 'x', isTime: true, placement: 'bottom', timeZone: asked.timeZone, theme, grid: { show: false } });
    const splits = lanes.map((_, lane) => lanes.length - lane - 0.5);
    const names = lanes.map(({ name }) => name);
    const size = Math.max(...names.map((name) => measureText(name, 12).width)) + 16;
    config.addAxis({ scaleKey: 'y', placement: 'left', theme, grid: { show: false }, splits, values: names, size });
    config.addSeries({ scaleKey: 'y', theme, drawStyle: 'line', lineWidth: 0, showPoints: 'never', pathBuilder: () => null });
    config.addHook('draw', (plot) => paint(plot, lanes, { fillOpacity, showValue: panel.options.showValue, theme }));
    const said = new Map(lanes.flatMap(({ boxes }) => boxes.map(({ shown }) => [shown.text, shown.color])));
    return { config, legend: [...said].map(([label, color]) => ({ label, color, yAxis: 1 })) };
  }, []);
  const { showLegend = true } = panel.options.legend ?? {};
  const under = showLegend ? (
    <VizLayout.Legend placement="bottom">
      <VizLegend placement="bottom" items={legend} displayMode="list" />
    </VizLayout.Legend>
  ) : null;
  return (
    <VizLayout width={width} height={height} legend={under}>
      {(plotWidth, plotHeight) => <UPlotChart config={config} data={[[range.from.valueOf(), range.to.valueOf()], [0, 0]]} width={plotWidth} height={plotHeight} />}
    </VizLayout>
  );
}
