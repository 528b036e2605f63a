/** Numbers out of what someone pastes: a list, or a CSV file, of which the named or first numeric column is taken. */

export interface Column {
  readonly name: string;
  readonly values: readonly number[];
}

/** Every column of the text that holds numbers. One line of numbers is one column too. */
export function columnsOf(text: string): readonly Column[] {
  const rows = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"|"$/g, '')));
  if (rows.length === 1) return listColumn(rows[0] ?? []);
  const [first = []] = rows;
  const headed = first.some((cell) => numberIn(cell) === null);
  const body = headed ? rows.slice(1) : rows;
  return first.flatMap((cell, index) => {
    const values = body.map((row) => numberIn(row[index] ?? '')).filter((value) => value !== null);
    return values.length === 0 ? [] : [{ name: headed ? cell : String(index + 1), values }];
  });
}

function listColumn(cells: readonly string[]): readonly Column[] {
  const values = cells.map(numberIn).filter((value) => value !== null);
  return values.length === 0 ? [] : [{ name: '', values }];
}

function numberIn(cell: string): number | null {
  return cell === '' || !Number.isFinite(Number(cell)) ? null : Number(cell);
}
