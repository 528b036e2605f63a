#!/usr/bin/env node
/**
 * Starts the binary that this package carries for the machine it runs on, and is its shadow: arguments, streams,
 * signals and the exit code are the binary's.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const machine = `${process.platform}-${process.arch}`;
const suffix = process.platform === 'win32' ? '.exe' : '';
const binary = fileURLToPath(new URL(`./bin/${machine}/iothub-local${suffix}`, import.meta.url));

if (!existsSync(binary)) {
  console.error(
    `iothub-local: this package carries no binary for ${machine}. Build one with ` +
      '`cargo install --path hub/server` in the repository.',
  );
  process.exit(1);
}

// The dashboard comes along; whoever names another folder, in the variable or with --www, is asked first.
const IOTHUB_LOCAL_WWW = process.env.IOTHUB_LOCAL_WWW ?? fileURLToPath(new URL('./www', import.meta.url));
const child = spawn(binary, process.argv.slice(2), {
  stdio: 'inherit',
  env: { ...process.env, IOTHUB_LOCAL_WWW },
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`iothub-local: ${binary} can not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
