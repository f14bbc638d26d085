import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { JSDOM } from 'jsdom';
import { again, askBoard, FEW } from './ask.js';
import { boards, here } from './dashboards.js';
import { bundle, drawn } from './draw.js';

// What a reader has to be able to read in a panel. What is painted on a canvas, such as the numbers of an axis, is no text.
const READ = {
  operations: {
    Views: /live/,
    'Newest event': / ago$/,
    'Sources late': /\d$/,
    'Rejected data': /\d$/,
    'Longest without data': /\/havenshire\/.*\d days/,
    'Ready for discharge': /\d$/,
    'Over target': /\d$/,
    'Longest wait': /\d\.\d days$/,
    'Over target by pathway': /home with support\d/,
    'Who needs to act': /NHS|Social care|Not recorded/,
    'By place': /North Havenshire\d/,
    'Longest waits for discharge': /PlaceWaiting forWaiting.*Havenshire.*\d\.\d days/,
    'Alerts for operations': /not drawn here/,
    'Ready for discharge over the last 7 days': /No targetOver targetWithin target/,
    'Referrals waiting': /\d$/,
    Overdue: /\d$/,
    'Overdue by service': /reablement within two days\d/,
    'Longest waits of referrals': /PlaceWaiting forWaiting.*the multidisciplinary team/,
  },
  'run-charts': {
    'People who left late in Havenshire (simulated)': /MedianValue/,
    'What the chart says': /Getting better|Getting worse|usual|Unusual|No clear change|Not judged/,
    'What it is': /BetterOutcomePeriodMeasureUnitlowerTransfers without delayweekPeople who left late/,
    'Rules met': /Period fromRuleMet\d+ \w{3} \d{4}.*(yes|no)/,
    Periods: /Period fromValueOut of\d+ \w{3} \d{4}.*\d%/,
    'Latest periods on one side': /(above|below|on) the median\d/,
    Larkmere: /Nobody, or too few/,
    'Ready and waiting now': /Value.*Not yet complete/,
  },
  leaders: {
    'In words': /MeasureWhat the chart says.*People who left late(Getting better|Getting worse|Higher|Lower|Unusual|No clear change|Not judged).*Reasons for delay \(bed nights\)Not judged/,
    'Sure enough to alert': /\d$/,
    'Shares: median at start and now': /MeasureAt startNowLatest periodPeople who left late[\d.]+%/,
    'Times: median at start and now': /From referral to finished assessment, hours[\d.]+/,
    'Ready and waiting now': /Value.*Not yet complete/,
    'Discharge called off': /MedianValueNot yet complete/,
    'Ratings over time': /\d (red|amber|green)/,
    'Level and ambition': /One joint assessment, plan and discharge\d (red|amber|green)/,
  },
  pipeline: {
    State: /live/,
    Lag: /\d m?s$/,
    Heartbeat: / ago$/,
    Positions: /end of the logfoldedon disk/,
    Sources: /SourcePlaceWithout data for.*Havenshire\d+\.\d days/,
    'Periods by state': /Nobody, or too few.*Final.*Nothing reported.*Suppressed: small numbers/,
    Memory: /memory/,
    'How late events come': /a day/,
  },
  history: {
    'People who left late in Havenshire (simulated)': /MedianValue/,
    'Median of the last 26 weeks': /[\d.]+%$/,
    'Median of the 26 weeks a year before': /[\d.]+%$/,
    'Chart rules met': /\d$/,
  },
};

let bundled;
before(async () => {
  bundled = await bundle();
});
after(() => bundled?.done());

for (const one of boards()) {
  test(`${one.name} is drawn with Grafana's own components, and can be read`, async () => {
    const { to, answers } = JSON.parse(readFileSync(new URL(`answers/boards/${one.name}.json`, here)));
    const asked = await askBoard(one, again(answers), { to, ...FEW });
    const { dom, trouble, cut } = await drawn(bundled, asked, 'light');
    assert.deepEqual(trouble, [], 'what went wrong on the page');
    assert.deepEqual(cut, [], 'texts that are cut');
    const found = [...new JSDOM(dom).window.document.querySelectorAll('[data-panel]')];
    const text = new Map(found.map((panel) => [panel.dataset.panel, panel.textContent]));
    assert.ok(found.length >= one.board.panels.length, 'every panel has a place');
    for (const [title, said] of text) {
      assert.ok(said.startsWith(title), `${title} is called ${said}`);
      assert.doesNotMatch(said, /cannot be drawn|No data|undefined|NaN/, title);
      // Codes of the product are not words.
      assert.doesNotMatch(said, /[a-z]_[a-z]/, title);
    }
    for (const [title, what] of Object.entries(READ[one.name])) assert.match(text.get(title) ?? '', what, title);
  });
}
