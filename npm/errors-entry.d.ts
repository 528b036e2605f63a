/** `iothub-wasm/errors`: the error class alone, for code that tells errors apart and loads no wasm. */
export { IotHubError, type IotHubErrorCode } from './index.js';
