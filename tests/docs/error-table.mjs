/**
 * The table of `docs/errors.md` as data: it drives the tests of the codes in the suites `docs` and `client`.
 */
import fs from 'node:fs';

/** @typedef {{ code: string, retryable: boolean, when: string, says: string }} Row */

/** @returns {Row[]} */
export function readErrorTable() {
  const text = fs.readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('| Code |'), text.indexOf('## Further'));
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      const [, code = '', again, when = '', knows, cure, says = ''] = cells;
      if (!knows || !cure) throw new Error(`a row of docs/errors.md lacks a cell: ${line}`);
      return { code: code.replaceAll('`', ''), retryable: again === 'yes', when, says: says.slice(1, -1) };
    });
}
