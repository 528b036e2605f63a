/**
 * A small calculator for sensors that follow a formula: `20 + 5*sin(t/10) + noise`. A parser of its own, because the
 * page's policy forbids `eval`, and rightly so. Pure; knows numbers, + - * / % ^, brackets, names and a few functions.
 */

export type Names = Readonly<Record<string, number>>;

const FUNCTIONS: Readonly<Record<string, (...given: number[]) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  abs: Math.abs,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  floor: Math.floor,
  round: Math.round,
  sign: Math.sign,
  min: Math.min,
  max: Math.max,
};

/** The value of `text` with these names; throws an `ExpressionError` that says where it stopped making sense. */
export function evaluate(text: string, names: Names): number {
  const reader = new Reader(text, { pi: Math.PI, ...names });
  const value = reader.sum();
  if (!reader.atEnd()) reader.fail();
  return value;
}

export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  constructor(readonly at: number) {
    super(`stops making sense at character ${at + 1}`);
  }
}

/** Reads by precedence: sums of products of powers of atoms. */
class Reader {
  private readonly tokens: readonly { readonly text: string; readonly at: number }[];
  private next = 0;

  constructor(
    text: string,
    private readonly names: Names,
  ) {
    const found = [...text.matchAll(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|[a-z_]\w*|\S/gi)];
    this.tokens = [
      ...found.map((match) => ({ text: match[0], at: match.index })),
      { text: '', at: text.length },
    ];
  }

  atEnd(): boolean {
    return this.peek() === '';
  }

  fail(): never {
    throw new ExpressionError(this.tokens[Math.min(this.next, this.tokens.length - 1)]?.at ?? 0);
  }

  sum(): number {
    let value = this.product();
    for (;;) {
      if (this.take('+')) value += this.product();
      else if (this.take('-')) value -= this.product();
      else return value;
    }
  }

  private product(): number {
    let value = this.signed();
    for (;;) {
      if (this.take('*')) value *= this.signed();
      else if (this.take('/')) value /= this.signed();
      else if (this.take('%')) value %= this.signed();
      else return value;
    }
  }

  private signed(): number {
    return this.take('-') ? -this.signed() : this.power();
  }

  private power(): number {
    const base = this.atom();
    return this.take('^') ? base ** this.signed() : base;
  }

  private atom(): number {
    const token = this.peek();
    if (this.take('(')) {
      const value = this.sum();
      return this.take(')') ? value : this.fail();
    }
    if (/^[\d.]/.test(token) && !Number.isNaN(Number(token))) {
      this.next += 1;
      return Number(token);
    }
    return /^[a-z_]/i.test(token) ? this.named(token) : this.fail();
  }

  private named(name: string): number {
    const call = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    const value = Object.hasOwn(this.names, name) ? this.names[name] : undefined;
    if (call === undefined && value === undefined) return this.fail();
    this.next += 1;
    if (call === undefined) return value as number;
    if (!this.take('(')) this.fail();
    const given = [this.sum()];
    while (this.take(',')) given.push(this.sum());
    return this.take(')') ? call(...given) : this.fail();
  }

  private peek(): string {
    return this.tokens[this.next]?.text ?? '';
  }

  private take(wanted: string): boolean {
    if (this.peek() !== wanted) return false;
    this.next += 1;
    return true;
  }
}
