/** How a call to the service goes, for the forms that make one: idle, on its way, done, or failed with a cause. */
import { useState } from 'preact/hooks';
import { problemText } from '../app/problem.js';

export type Progress<Result> =
  | { readonly phase: 'idle' | 'busy' }
  | { readonly phase: 'done'; readonly result: Result }
  | { readonly phase: 'failed'; readonly problem: string };

export function useProgress<Result>(): readonly [
  Progress<Result>,
  (call: () => Promise<Result>) => Promise<void>,
] {
  const [progress, setProgress] = useState<Progress<Result>>({ phase: 'idle' });
  async function run(call: () => Promise<Result>): Promise<void> {
    setProgress({ phase: 'busy' });
    try {
      setProgress({ phase: 'done', result: await call() });
    } catch (cause) {
      setProgress({ phase: 'failed', problem: problemText(cause) });
    }
  }
  return [progress, run];
}
