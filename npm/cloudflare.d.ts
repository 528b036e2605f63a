/** What `durable-object.js` uses of workerd; only for checking our own scripts, not published. */
declare module 'cloudflare:workers' {
  export class DurableObject {
    constructor(ctx: unknown, env: unknown);
    // biome-ignore lint/suspicious/noExplicitAny: an application that wants types has @cloudflare/workers-types
    ctx: any;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    env: any;
    fetch?(request: Request): Promise<Response>;
    alarm?(): Promise<void>;
    webSocketMessage?(): void;
    webSocketClose?(socket: WebSocket): Promise<void>;
    webSocketError?(socket: WebSocket): Promise<void>;
  }
}
declare const WebSocketPair: new () => { 0: WebSocket; 1: WebSocket };
interface ResponseInit {
  webSocket?: WebSocket;
}
interface SubtleCrypto {
  timingSafeEqual(left: BufferSource, right: BufferSource): boolean;
}
