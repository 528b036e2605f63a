import { describe, expect, it } from 'vitest';
import type { TelemetryEvent } from '../hub/hub-event.js';
import { DEFAULT_METHODS } from '../methods/method.js';
import { TEMPLATES } from '../sensors/defaults.js';
import { csv, jsonLines } from './export.js';
import { fromFragment, toFragment } from './link.js';
import { readScenario, scenarioJson } from './scenario.js';

const scenario = { sensors: TEMPLATES, methods: DEFAULT_METHODS };

describe('a scenario', () => {
  it('comes back as it was', () => {
    expect(readScenario(scenarioJson(scenario))).toEqual(scenario);
  });
  it('is not taken from something else', () => {
    for (const text of ['', '[]', '{}', '{"version":2,"sensors":[]}', 'null'])
      expect(readScenario(text)).toBeNull();
  });
  it('loses what makes no sense, and keeps the rest', () => {
    const [good] = TEMPLATES;
    const sensors = [
      good,
      good,
      { ...good, id: 'a b' },
      { ...good, id: 'upside', min: 5, max: 1 },
      { ...good, id: 'nan', level: null },
      { ...good, id: 'odd', generator: 'magic', value: 1e9, key: 'SharedAccessKey=x' },
    ];
    const read = readScenario(
      JSON.stringify({ version: 1, sensors, methods: [{ name: '' }, { name: 'ok', status: 2.5 }] }),
    );
    expect(read?.sensors.map(({ id }) => id)).toEqual([good?.id, 'odd']);
    expect(read?.sensors[1]).toMatchObject({ generator: 'steady', value: good?.max });
    expect(JSON.stringify(read)).not.toContain('SharedAccessKey');
    expect(read?.methods).toEqual([
      { name: 'ok', effect: 'none', status: 200, reply: '', delayMs: 0, failurePercent: 0 },
    ]);
  });
});

describe('a link', () => {
  it('carries any text there and back', async () => {
    const text = scenarioJson(scenario);
    const fragment = await toFragment(text);
    expect(fragment).toMatch(/^#scenario=[\w-]+$/);
    expect(fragment.length).toBeLessThan(text.length);
    expect(await fromFragment(fragment)).toBe(text);
  });
  it('that is broken is no link', async () => {
    expect(await fromFragment('#scenario=!!!')).toBeNull();
    expect(await fromFragment('#scenario=AAAA')).toBeNull();
    expect(await fromFragment('#service')).toBeNull();
  });
  it('that unfolds without end is refused', async () => {
    expect(await fromFragment(await toFragment('x'.repeat(1_000_001)))).toBeNull();
  });
});

describe('an export', () => {
  it('writes a line for each message', () => {
    const event: TelemetryEvent = {
      type: 'telemetry',
      id: '1',
      at: '2026-11-21T14:00:00Z',
      deviceId: 'd',
      moduleId: null,
      body: { text: '{"a":1}' },
      properties: { bare: null },
      systemProperties: {},
    };
    expect(
      jsonLines([event, event])
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toHaveLength(2);
    expect(JSON.parse(jsonLines([event]))).toMatchObject({ body: '{"a":1}', properties: { bare: null } });
  });
  it('writes gaps as empty cells, and no formulas', () => {
    const text = csv({ times: [0, 1], columns: { a: [1, null], '=cmd': [-2, 3] } });
    expect(text).toBe("time,a,'=cmd\r\n1970-01-01T00:00:00.000Z,1,-2\r\n1970-01-01T00:00:01.000Z,,3\r\n");
  });
});
