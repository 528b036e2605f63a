/** One line of the wire, taken apart: the topic's parts, properties, payload, bytes; its other half one press away. */
import type { ComponentChildren } from 'preact';
import { usePage, useText } from '../app/context.js';
import { readableBody } from '../wire/entries.js';
import { hexDump } from '../wire/hex.js';
import type { WireEntry } from '../wire/state.js';
import type { TopicParts } from '../wire/topic.js';
import { CopyAsCode } from './copy-as-code.js';
import { milliseconds } from './format.js';
import { Empty, PropertyList } from './parts.js';

interface InspectorProps {
  readonly entry: WireEntry | null;
  readonly choose: (key: number) => void;
}

export function Inspector({ entry, choose }: InspectorProps) {
  const { wire } = useText();
  return (
    <section class="inspector" aria-label={wire.inspector} aria-live="polite">
      {entry === null ? <Empty>{wire.choose}</Empty> : <Inspected entry={entry} choose={choose} />}
    </section>
  );
}

function Inspected({ entry, choose }: { readonly entry: WireEntry; readonly choose: (key: number) => void }) {
  const { wire } = useText();
  const { packet, detail } = entry;
  return (
    <>
      <header class="inspector-head">
        <h4>
          {entry.title} <span class="hint">{wire.sides[entry.side]}</span>
        </h4>
        <Partner entry={entry} choose={choose} />
      </header>
      {packet === null && entry.summary !== '' && <p class="inspector-said">{entry.summary}</p>}
      {packet !== null && <PacketParts packet={packet} />}
      {detail !== null && <Part title={wire.detail}>{<pre>{JSON.stringify(detail, null, 2)}</pre>}</Part>}
    </>
  );
}

function Partner({ entry, choose }: { readonly entry: WireEntry; readonly choose: (key: number) => void }) {
  const { wire } = useText();
  const { language } = usePage().store.page.value;
  const { partner, awaits, tookMs } = entry;
  if (partner === null) return awaits === null ? null : <span class="hint">{wire.unanswered}</span>;
  return (
    <button type="button" class="button quiet" onClick={() => choose(partner)}>
      {awaits !== null ? wire.answeredAfter(milliseconds(tookMs, language)) : wire.showQuestion}
    </button>
  );
}

function PacketParts({ packet }: { readonly packet: NonNullable<WireEntry['packet']> }) {
  const { wire, service } = useText();
  const { read, topic, bytes } = packet;
  const fields = Object.fromEntries(
    read.fields.map(([name, value], index) => [unique(name, index, read.fields), value]),
  );
  if (read.packetId !== null) fields[wire.packetId] = String(read.packetId);
  return (
    <>
      {read.topic !== null && (
        <Part title={wire.topic}>
          <code class="topic">{read.topic}</code>
          {topic !== null && <PropertyList label={wire.topic} properties={topicProperties(topic)} />}
        </Part>
      )}
      {topic !== null && Object.keys(topic.properties).length > 0 && (
        <Part title={service.custom}>
          <PropertyList label={service.custom} properties={topic.properties} />
        </Part>
      )}
      {topic !== null && Object.keys(topic.systemProperties).length > 0 && (
        <Part title={service.system}>
          <PropertyList label={service.system} properties={topic.systemProperties} />
        </Part>
      )}
      <Part title={wire.fields}>
        <PropertyList label={wire.fields} properties={fields} />
      </Part>
      {read.payload !== null && read.payload.length > 0 && (
        <Part title={wire.payload}>
          <pre>{pretty(readableBody(read.payload).text)}</pre>
        </Part>
      )}
      <CopyAsCode packet={packet} />
      <Part title={wire.bytes(bytes.length)}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard */}
        <pre class="hex" tabIndex={0}>
          {hexDump(bytes)}
        </pre>
      </Part>
    </>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="inspector-part">
      <h5>{title}</h5>
      {children}
    </section>
  );
}

function topicProperties(topic: TopicParts): Record<string, string> {
  const { conversation, deviceId, moduleId, method, status, requestId, version } = topic;
  const parts = { conversation, deviceId, moduleId, method, status, $rid: requestId, $version: version };
  const present = Object.entries(parts).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

/** A SUBSCRIBE names several filters; a list of names needs them apart. */
function unique(name: string, index: number, fields: readonly (readonly [string, string])[]): string {
  return fields.filter(([other]) => other === name).length > 1 ? `${name} ${index + 1}` : name;
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
