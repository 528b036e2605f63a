/** React, as the application of these tests uses it; the tests compile no types of it. */
declare module 'react' {
  export function createElement(type: unknown, props: object | null, ...children: unknown[]): unknown;
  export const StrictMode: unknown;
  export function useEffect(effect: () => () => void, inputs: unknown[]): void;
  export function useState<T>(first: T): [T, (next: T) => void];
}
declare module 'react-dom/client' {
  export function createRoot(at: Element): { render(element: unknown): void; unmount(): void };
}
