/** Messages that are held: acknowledged, or left to come again, when someone decides. One for each running device. */
export class HeldMessages {
  readonly #waiting = new Map<
    string,
    { readonly accept: () => void; readonly refuse: (why: Error) => void }
  >();

  /** Settles when someone decides; a device that is switched off decides nothing, so the hub keeps the message. */
  wait(key: string): Promise<void> {
    return new Promise((accept, refuse) => this.#waiting.set(key, { accept, refuse }));
  }

  settle(key: string, accepted: boolean): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (accepted) waiting?.accept();
    else waiting?.refuse(new Error('left to come again'));
  }
}
