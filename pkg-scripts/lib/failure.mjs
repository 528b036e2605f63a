/**
 * The one error the scripts throw on purpose: it says what failed, shows the evidence, names the cure.
 * Anything else that reaches `runMain` is a bug in the scripts and is shown with its stack.
 */
export class Failure extends Error {
  /**
   * @param {string} what what happened
   * @param {{ evidence?: string, cure?: string }} [more]
   */
  constructor(what, { evidence = '', cure = '' } = {}) {
    super(what);
    this.name = 'Failure';
    this.evidence = evidence;
    this.cure = cure;
  }

  /** The whole story for a terminal. */
  get report() {
    const lines = [`failed: ${this.message}`];
    if (this.evidence) lines.push(this.evidence.trimEnd());
    if (this.cure) lines.push(`what to do: ${this.cure}`);
    return lines.join('\n');
  }
}

/**
 * Runs a command's body; a failure ends the process with code 1 after its report.
 * @param {() => Promise<void>} body
 */
export async function runMain(body) {
  // A process ends in silence when what it waits for can never come: that is no success.
  const unfinished = () => {
    console.error('failed: the command ended before its work did');
    process.exitCode = 1;
  };
  process.once('exit', unfinished);
  try {
    await body();
    process.off('exit', unfinished);
  } catch (error) {
    process.off('exit', unfinished);
    console.error(error instanceof Failure ? `\n${error.report}` : error);
    process.exit(1); // at once: steps that run beside the failed one end with us
  }
}
