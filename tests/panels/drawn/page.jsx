// A board as one page: its panels in its own grid of 24 columns, each drawn with Grafana's components.
import 'uplot/dist/uPlot.min.css';
import React from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { createTheme, EventBusSrv, setWeekStart, standardTransformersRegistry, standardTransformers, systemDateFormats, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { prepared } from './fields.js';
import { Drawn } from './panels.jsx';

// Grafana's own measures of a board: a row's height, and the gap between panels.
const ROW = 30;
const GAP = 8;

const { asked, mode, dates } = window.board;
systemDateFormats.update({ ...systemDateFormats, interval: { ...systemDateFormats.interval, ...dates } });
const theme = createTheme({ colors: { mode } });
// The page stands at the moment of the answers, so that "an hour ago" is read as it was then.
const late = Date.now() - asked.to;
const clock = Date.now;
Date.now = () => clock() - late;

// What went wrong, for those who look at no console.
const trouble = [];
window.addEventListener('error', ({ message }) => trouble.push(message));
window.addEventListener('unhandledrejection', ({ reason }) => trouble.push(String(reason)));

// A panel that cannot be drawn says so, in words that the picture and the test show.
class Safe extends React.Component {
  state = {};
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    trouble.push(`${this.props.title}: ${error.message}`);
  }
  render() {
    return this.state.error ? <pre className="broken">{`cannot be drawn: ${this.state.error.stack}`}</pre> : this.props.children;
  }
}

function Place({ at, children }) {
  const column = (asked.width + GAP) / 24;
  const box = { left: at.x * column, top: at.y * (ROW + GAP), width: at.w * column - GAP, height: at.h * (ROW + GAP) - GAP };
  return <div style={{ position: 'absolute', ...box }}>{children(box)}</div>;
}

function Panel({ panel, frames, box }) {
  return (
    <PanelChrome title={panel.title} description={panel.description} width={box.width} height={box.height} padding={panel.type === 'table' ? 'none' : 'md'}>
      {(width, height) => (
        <Safe title={panel.title}>
          <Drawn panel={panel} frames={frames} asked={asked} theme={theme} width={width} height={height} />
        </Safe>
      )}
    </PanelChrome>
  );
}

function Board({ panels }) {
  const height = Math.max(...asked.panels.map(({ panel: { gridPos: at } }) => (at.y + at.h) * (ROW + GAP)));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles hackNoBackdropBlur={false} isExtensionSidebarOpen={false} />
      <PanelContextProvider value={{ eventBus: new EventBusSrv(), eventsScope: 'board', sync: () => 0 }}>
        <div style={{ padding: 16, background: theme.colors.background.canvas, minHeight: height + 100 }}>
          <h2>{asked.title}</h2>
          <p>{asked.choices.map(({ label, text }) => `${label}: ${text}`).join('   ')}</p>
          <div style={{ position: 'relative', height }}>
            {panels.map(({ panel, frames }, index) => (
              <div key={index} data-panel={panel.title}>
                <Place at={panel.gridPos}>
                  {(box) => (panel.type === 'row' ? <h4>{panel.title}</h4> : <Panel panel={panel} frames={frames} box={box} />)}
                </Place>
              </div>
            ))}
          </div>
        </div>
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
}

standardTransformersRegistry.setInit(() => {
  const byId = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  return [...byId.values()].map((one) => ({ id: one.id, name: one.name, editor: () => null, transformation: async () => one }));
});

async function draw() {
  setWeekStart(asked.weekStart);
  await initPluginTranslations('grafana');
  const panels = await Promise.all(asked.panels.map(async (one) => ({ ...one, frames: await prepared(one, asked, theme) })));
  const root = document.getElementById('root');
  flushSync(() => createRoot(root).render(<Board panels={panels} />));
  // Charts and tables measure their place first and draw then.
  await new Promise((resolve) => {
    const wait = () => setTimeout(resolve, 500);
    let waiting = wait();
    const again = () => {
      clearTimeout(waiting);
      waiting = wait();
    };
    new MutationObserver(again).observe(root, { childList: true, subtree: true, attributes: true });
  });
}

// Texts that have less room than they need, tables that are wider and bars that are higher than their panel. That a table
// has more rows than it shows is no fault: it scrolls.
function isCut(element) {
  const { clientWidth, scrollWidth, clientHeight, scrollHeight } = element;
  if (!clientWidth) return false;
  const { textOverflow, overflowY, flexDirection } = getComputedStyle(element);
  const isText = !element.children.length || textOverflow === 'ellipsis';
  const isTable = element.getAttribute('role') === 'grid';
  if ((isText || isTable) && scrollWidth > clientWidth) return true;
  return overflowY === 'auto' && flexDirection === 'column' && scrollHeight > clientHeight + 1;
}

function cut() {
  return [...document.querySelectorAll('[data-panel] *')].filter(isCut).map((element) => {
    return `${element.closest('[data-panel]').dataset.panel}: ${element.textContent.slice(0, 60)}`;
  });
}

await draw().catch((error) => trouble.push(error.stack));
await fetch('drawn', { method: 'POST', body: JSON.stringify({ trouble, cut: cut() }) });
