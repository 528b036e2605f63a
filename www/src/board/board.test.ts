import { describe, expect, it } from 'vitest';
import { boardOf, FIRST_BOARD, reportOf } from './board.js';

describe('boardOf', () => {
  it('rests when nothing is asked', () => {
    expect(boardOf({})).toEqual(FIRST_BOARD);
  });
  it('does as it is told', () => {
    expect(boardOf({ led: 'red', display: 'Hello', relay: true, telemetryInterval: 5 })).toEqual({
      led: 'red',
      display: 'Hello',
      relay: true,
      telemetryInterval: 5,
    });
  });
  it('takes no notice of what it cannot do', () => {
    expect(boardOf({ led: 'ultraviolet', display: 7, relay: 'maybe', telemetryInterval: 'often' })).toEqual(
      FIRST_BOARD,
    );
    expect(boardOf({ telemetryInterval: 0 }).telemetryInterval).toBe(0.2);
    expect(boardOf({ telemetryInterval: 1e9 }).telemetryInterval).toBe(60);
  });
});

describe('reportOf', () => {
  it('reports what was asked, as it is, also when it was refused', () => {
    expect(
      reportOf(boardOf({ led: 'on', relay: 'maybe', other: 1 }), { led: 'on', relay: 'maybe', other: 1 }),
    ).toEqual({
      led: 'green',
      relay: false,
    });
  });
});
