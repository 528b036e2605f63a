/** An edge worker imports wasm as a module, compiled by its host (`npm/workerd.js`). */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
