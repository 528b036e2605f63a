/** Bytes as people read them: an offset, sixteen bytes in hex, the printable ones as text. The inspector shows it. */

const PER_LINE = 16;
/** Enough for any header and the start of any body; a page is no place for 256 KB of hex. */
const SHOWN = 1_024;

export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, SHOWN); at += PER_LINE) {
    const part = [...bytes.subarray(at, Math.min(at + PER_LINE, SHOWN))];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(PER_LINE * 3 - 1)}  ${text}`);
  }
  if (bytes.length > SHOWN) lines.push(`… ${bytes.length - SHOWN} more bytes`);
  return lines.join('\n');
}
