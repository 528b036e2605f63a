/** The menu for what lasts: save and open a scenario, copy a link to it, export what was recorded. */
import { useRef, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { settings } from '../app/keeping.js';
import { csv, jsonLines } from '../keep/export.js';
import { toFragment } from '../keep/link.js';
import { readScenario, scenarioJson } from '../keep/scenario.js';

export function KeepMenu() {
  const { store } = usePage();
  const { keep: words } = useText();
  const [said, setSaid] = useState('');
  const scenario = () => scenarioJson(settings(store.device.peek()));
  const copyLink = async () => {
    const link = new URL(location.href);
    link.hash = await toFragment(scenario());
    await navigator.clipboard.writeText(link.href);
    setSaid(words.copied);
  };
  const open = async (file: File) => {
    const read = readScenario(await file.text());
    if (read !== null) store.dispatch({ type: 'scenario/opened', scenario: read });
    setSaid(read === null ? words.notOne(file.name) : words.opened(file.name));
  };
  const action = (text: string, run: () => void) => (
    <button type="button" class="menu-item" onClick={run}>
      {text}
    </button>
  );
  return (
    <details class="menu" onKeyDown={closeOnEscape} onFocusOut={closeWhenLeft}>
      <summary class="button">{words.title}</summary>
      <div class="menu-list">
        {action(words.save, () => download('scenario.json', 'application/json', scenario()))}
        <OpenFile open={open} />
        {action(words.link, () => void copyLink())}
        {action(words.lines, () =>
          download('telemetry.jsonl', 'application/jsonl', jsonLines(store.service.peek().recorded)),
        )}
        {action(words.csv, () => download('telemetry.csv', 'text/csv', csv(store.service.peek().series)))}
        <p class="hint" role="status">
          {said}
        </p>
      </div>
    </details>
  );
}

type MenuEvent<Kind extends Event> = Kind & { readonly currentTarget: HTMLDetailsElement };

function closeOnEscape({ key, currentTarget }: MenuEvent<KeyboardEvent>): void {
  if (key !== 'Escape' || !currentTarget.open) return;
  currentTarget.open = false;
  currentTarget.querySelector('summary')?.focus();
}

/** Whoever goes on elsewhere has done with it. */
function closeWhenLeft({ relatedTarget, currentTarget }: MenuEvent<FocusEvent>): void {
  if (relatedTarget instanceof Node && !currentTarget.contains(relatedTarget)) currentTarget.open = false;
}

function OpenFile({ open }: { readonly open: (file: File) => Promise<void> }) {
  const { keep: words } = useText();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="menu-item" onClick={() => input.current?.click()}>
        {words.open}
      </button>
      <input
        ref={input}
        type="file"
        accept="application/json,.json"
        hidden
        aria-label={words.open}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) void open(file);
          currentTarget.value = '';
        }}
      />
    </>
  );
}

function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to read it by the next turn; some take a moment longer.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
