/** Buttons that copy the inspected message as code in a language of choice. */
import { useState } from 'preact/hooks';
import { useText } from '../app/context.js';
import { asCode, CODE_LANGUAGES, type CodeLanguage } from '../wire/as-code.js';
import type { WireEntry } from '../wire/state.js';

export function CopyAsCode({ packet }: { readonly packet: NonNullable<WireEntry['packet']> }) {
  const { wire } = useText();
  const [copied, setCopied] = useState<CodeLanguage | null>(null);
  const offered = Object.entries(CODE_LANGUAGES) as [CodeLanguage, string][];
  const codes = offered.flatMap(([language, name]) => {
    const code = asCode(packet, language);
    return code === null ? [] : [{ language, name, code }];
  });
  if (codes.length === 0) return null;
  const copy = async (language: CodeLanguage, code: string) => {
    await navigator.clipboard.writeText(code);
    setCopied(language);
  };
  return (
    <fieldset class="copy">
      <legend>{wire.copyAs}</legend>
      {codes.map(({ language, name, code }) => (
        <button key={language} type="button" class="button" onClick={() => void copy(language, code)}>
          {name}
        </button>
      ))}
      <span role="status" class="said">
        {copied !== null && wire.copied(CODE_LANGUAGES[copied])}
      </span>
    </fieldset>
  );
}
