/**
 * The code blocks of README and guides: taken out, given what they take for granted, compiled with `tsc --strict` into
 * `target/docs/`. A block of the language `ts` or `js` is for a page; `ts server NAME.mjs` is a module for a server;
 * `ts test RUNNER` is a test file of its own, for `vitest` or `node`.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const OUT = path.join(ROOT, 'target/docs');

/** Pages whose code is not for this package's client, or that other suites own. */
const ELSEWHERE = /^(hub|proof)/;

/** What the guides write for a connection string; the runner puts a real one in its place. */
export const PLACE_OF_STRING = 'HostName=…;DeviceId=…;SharedAccessKey=…';

const PRELUDE = `import { DeviceClient } from 'iothub-wasm';
const device = await DeviceClient.connect('${PLACE_OF_STRING}');
`;

/**
 * @typedef {object} Block
 * @property {string} name such as `connect-2`, or the module's name on a server
 * @property {string} place file and line, for messages
 * @property {boolean} server
 * @property {string} [runner] of a test file
 * @property {string} source as the guide shows it
 * @property {string} [code] compiled
 */

/** Every block of README and guides. @returns {Block[]} */
export function readBlocks() {
  const guides = fs
    .readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md') && !ELSEWHERE.test(name));
  return ['README.md', ...guides.map((name) => `docs/${name}`)].flatMap(blocksOf);
}

/** @param {string} file @returns {Block[]} */
function blocksOf(file) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  const guide = file === 'README.md' ? 'readme' : path.basename(file, '.md').toLowerCase();
  /** @type {Block[]} */
  const blocks = [];
  for (const match of text.matchAll(/^```(?:js|ts)([^\n]*)\n(.*?)^```$/gms)) {
    const [, info = '', source = ''] = match;
    const [, server, module] = info.split(' ');
    const line = text.slice(0, match.index).split('\n').length;
    const name = server === 'server' ? path.basename(module ?? '', '.mjs') : `${guide}-${blocks.length + 1}`;
    const block = { name, place: `${file}:${line}`, server: server === 'server', source };
    blocks.push(server === 'test' ? { ...block, runner: module ?? '' } : block);
  }
  return blocks;
}

/** A block with what it takes for granted. @param {Block} block */
function whole({ source, server, runner }) {
  const takesDevice =
    !server && runner === undefined && /\bdevice\./.test(source) && !/\b(const|using) device\b/.test(source);
  return `${takesDevice ? PRELUDE : ''}${source}\nexport {};\n`;
}

/** Compiles all blocks; throws with the compiler's words. @param {Block[]} blocks @returns {Block[]} */
export function compile(blocks) {
  fs.rmSync(path.join(OUT, 'src'), { recursive: true, force: true });
  fs.mkdirSync(path.join(OUT, 'src'), { recursive: true });
  for (const block of blocks) fs.writeFileSync(path.join(OUT, 'src', `${block.name}.mts`), whole(block));
  fs.writeFileSync(path.join(OUT, 'tsconfig.json'), JSON.stringify(CONFIG, null, 2));
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
  const { status, stdout, stderr } = spawnSync(tsc, ['-p', OUT], { encoding: 'utf8', cwd: OUT });
  if (status !== 0) throw new Error(`tsc --strict refuses a code block of the guides:\n${stdout}${stderr}`);
  return blocks.map((block) => ({ ...block, code: fs.readFileSync(compiledFile(block.name), 'utf8') }));
}

/** @param {string} name */
export function compiledFile(name) {
  return path.join(OUT, 'out', `${name}.mjs`);
}

const CONFIG = {
  compilerOptions: {
    strict: true,
    noEmitOnError: true,
    target: 'ES2023',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['ES2023', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'],
    types: ['node'],
    typeRoots: ['../../node_modules/@types'],
    esModuleInterop: true,
    skipLibCheck: true,
    rootDir: 'src',
    outDir: 'out',
    paths: { 'iothub-wasm': ['../../pkg/index.d.ts'], 'iothub-wasm/hub': ['../../pkg/hub/index.d.ts'] },
  },
  include: ['src'],
};
