/**
 * The device id of this tab. Two tabs must be two devices, or they would fight over one link: the id is kept for a
 * reload, but held with a lock, so that a duplicated tab (which copies the session's storage) makes an id of its own.
 */

const KEPT_AS = 'iothub-dashboard.device-id';

export async function tabDeviceId(): Promise<string> {
  const kept = sessionStorage.getItem(KEPT_AS);
  if (kept !== null && (await claimed(kept))) return kept;
  const fresh = freshDeviceId(crypto.getRandomValues(new Uint8Array(4)));
  sessionStorage.setItem(KEPT_AS, fresh);
  await claimed(fresh);
  return fresh;
}

export function freshDeviceId(random: Uint8Array): string {
  return `page-${[...random].map((byte) => byte.toString(36).padStart(2, '0').slice(-1)).join('')}`;
}

/** Whether the id is ours now. The lock is let go when the tab goes. */
function claimed(id: string): Promise<boolean> {
  return new Promise((resolve) => {
    if (!('locks' in navigator)) return resolve(true);
    const forTheLifeOfTheTab = new Promise<void>(() => {});
    void navigator.locks.request(`iothub-dashboard.${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : forTheLifeOfTheTab;
    });
  });
}
