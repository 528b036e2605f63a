/** What the hosts import that only their runtime has. */
declare module 'cloudflare:workers' {
  export class DurableObject {
    constructor(state: unknown, env: unknown);
    fetch(request: Request): Promise<Response>;
  }
}
declare module 'ws' {
  export const WebSocket: new (url: string, protocols: string) => unknown;
}
