import { describe, expect, it } from 'vitest';
import { ExpressionError, evaluate } from './expression.js';

describe('evaluate', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-2 ^ 2', -4],
    ['2 ^ -1', 0.5],
    ['2 ^ 3 ^ 2', 512],
    ['10 % 4 - 1', 1],
    ['1e3 / 4', 250],
    ['.5 + .25', 0.75],
    ['max(1, 2, 3) + abs(-4)', 7],
    ['20 + 5 * sin(pi / 2)', 25],
    ['t + level', 12],
  ])('%s is %d', (text, value) => {
    expect(evaluate(text, { t: 10, level: 2 })).toBeCloseTo(value, 12);
  });

  it.each([
    ['', 0],
    ['1 +', 3],
    ['2 3', 2],
    ['(1', 2],
    ['who', 0],
    ['sin 1', 4],
    ['1 ; 2', 2],
    ['constructor', 0],
    ['toString()', 0],
  ])('says where %j stops making sense', (text, at) => {
    expect(() => evaluate(text, {})).toThrow(ExpressionError);
    try {
      evaluate(text, {});
    } catch (error) {
      expect((error as ExpressionError).at).toBe(at);
    }
  });
});
