import { describe, expect, it } from 'vitest';
import { asCode, CODE_LANGUAGES, type CodeLanguage } from './as-code.js';
import { packetDraft } from './entries.js';

const topic = 'devices/d/messages/events/note=it%27s%20%22hot%22';
const body = `{"say":"it's"}`;
const encoder = new TextEncoder();
const bytes = new Uint8Array([
  0x30,
  2 + topic.length + body.length,
  0,
  topic.length,
  ...encoder.encode(topic + body),
]);
const telemetry = packetDraft(0, true, bytes).packet;
const ping = packetDraft(0, true, new Uint8Array([0xc0, 0])).packet;
const languages = Object.keys(CODE_LANGUAGES) as CodeLanguage[];

describe('asCode', () => {
  it.each(languages)('writes telemetry in %s with its body and without a key', (language) => {
    const code = telemetry && asCode(telemetry, language);
    expect(code).toContain('say');
    expect(code).not.toMatch(/SharedAccessKey=/);
  });

  it('escapes quotes for the shell and for code', () => {
    expect(telemetry && asCode(telemetry, 'mosquitto')).toContain(`-m '{"say":"it'\\''s"}'`);
    expect(telemetry && asCode(telemetry, 'python')).toContain('["note"] = "it\'s \\"hot\\""');
  });

  it('has no code for what no application sends', () => {
    expect(ping && asCode(ping, 'javascript')).toBeNull();
  });
});
