/** What the hosts import that only their runtime has. */
declare module 'ws' {
  // biome-ignore lint/suspicious/noExplicitAny: the package has no types of its own, and is handed on unseen
  export const WebSocket: new (url: string, protocols?: string | string[], options?: object) => any;
}
