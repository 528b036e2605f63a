/** What the hosts import that only their runtime has. */
declare module 'ws' {
  export const WebSocket: new (url: string, protocols: string) => unknown;
}
