/** Counts the frames that the page draws, for as long as the signal lives; gives how many in the last second. */
export function watchFrames(signal: AbortSignal): () => number {
  let times: number[] = [];
  const frame = (now: number) => {
    if (signal.aborted) return;
    times = times.filter((time) => time > now - 1_000);
    times.push(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  return () => times.length;
}
