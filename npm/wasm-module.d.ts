/** What `import … from 'iothub-wasm/iothub_wasm_bg.wasm'` gives where wasm is imported as a module. */
declare const module: WebAssembly.Module;
export default module;
