/**
 * How far this computer's clock is off, as the server of this page tells the time. A token signed by a wrong clock is
 * refused by a hub without a word, so the form for someone's own hub says it beforehand.
 */

/** Less is the time that an answer takes, and the whole seconds of a date header. */
export const NOTEWORTHY_S = 60;

/** Seconds that this clock is ahead (negative: behind); `null` when the server tells no time, or none is there. */
export async function clockAhead(page: URL): Promise<number | null> {
  try {
    const response = await fetch(page, { method: 'HEAD', cache: 'no-store' });
    const theirs = Date.parse(response.headers.get('date') ?? '');
    return Number.isNaN(theirs) ? null : (Date.now() - theirs) / 1_000;
  } catch {
    return null;
  }
}
