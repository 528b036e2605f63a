import { describe, expect, it } from 'vitest';
import vectors from '../../../tests/vectors/packets.json' with { type: 'json' };
import { hexDump } from './hex.js';
import { readPacket, tokenFields } from './packet.js';
import { readTopic } from './topic.js';

const text = (value: string) => [value.length >> 8, value.length & 255, ...new TextEncoder().encode(value)];
const packet = (first: number, ...body: number[]) => new Uint8Array([first, body.length, ...body]);

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

describe('readPacket', () => {
  it('reads a PUBLISH with its packet id, topic and payload', () => {
    const topic = 'devices/d/messages/events/a=1';
    const read = readPacket(packet(0x3a, ...text(topic), 0, 7, ...new TextEncoder().encode('hi')));
    expect(read).toMatchObject({ kind: 'PUBLISH', packetId: 7, topic });
    expect(new TextDecoder().decode(read.payload ?? new Uint8Array())).toBe('hi');
    expect(read.fields).toEqual([
      ['QoS', '1'],
      ['DUP', 'yes: it was sent before'],
    ]);
  });

  it('shows the token of a CONNECT as audience and end, never its signature', () => {
    const password = 'SharedAccessSignature sr=localhost%2Fdevices%2Fd&sig=secretsecret%3D&se=1700000000';
    const body = [...text('MQTT'), 4, 0xc0, 0, 240, ...text('d'), ...text('localhost/d/'), ...text(password)];
    const read = readPacket(new Uint8Array([0x10, (body.length & 127) | 128, body.length >> 7, ...body]));
    const shown = JSON.stringify(read);
    expect(shown).not.toContain('secret');
    expect(read.fields).toContainEqual(['token for', 'localhost/devices/d']);
    expect(read.fields).toContainEqual(['token ends', '2023-11-14T22:13:20.000Z']);
    expect(read.fields).toContainEqual(['keep-alive', '240 s']);
  });

  it('shows nothing of a password that is no token', () => {
    expect(tokenFields('hunter2')).toEqual([['password', 'not shown']]);
  });

  it('names what a CONNACK means', () => {
    expect(readPacket(packet(0x20, 0, 5)).fields[0]).toEqual(['return code', '5 not authorized']);
  });

  it('says so when a packet is cut short', () => {
    expect(readPacket(packet(0x32, 0, 50, 1)).fields[0]?.[0]).toBe('unreadable');
    expect(readPacket(new Uint8Array()).kind).toBe('UNKNOWN');
  });

  it.each(vectors.packets.map((vector) => [vector.name, vector] as const))(
    'reads the golden packet %s',
    (_, vector) => {
      const read = readPacket(bytesOf(vector.hex));
      expect(read.kind).toBe(vector.type);
      expect(read.fields.map(([name]) => name)).not.toContain('unreadable');
      const { topic, packetId } = vector.fields as { topic?: string; packetId?: number };
      if (topic !== undefined) expect(read.topic).toBe(topic);
      if (packetId !== undefined) expect(read.packetId).toBe(packetId);
    },
  );
});

describe('readTopic', () => {
  it('splits telemetry into device and properties', () => {
    expect(
      readTopic('devices/dev%201/messages/events/%24.ct=application%2Fjson&alert=true&bare'),
    ).toMatchObject({
      conversation: 'telemetry',
      deviceId: 'dev 1',
      properties: { alert: 'true', bare: null },
      systemProperties: { 'content-type': 'application/json' },
    });
  });

  it('knows a module', () => {
    expect(readTopic('devices/d/modules/m/messages/events/')).toMatchObject({ deviceId: 'd', moduleId: 'm' });
  });

  it('reads both ends of a twin exchange', () => {
    expect(readTopic('$iothub/twin/GET/?$rid=4')).toMatchObject({ conversation: 'twin-get', requestId: '4' });
    expect(readTopic('$iothub/twin/PATCH/properties/reported/?$rid=9')).toMatchObject({
      conversation: 'twin-patch',
    });
    expect(readTopic('$iothub/twin/res/204/?$rid=9&$version=3')).toMatchObject({
      conversation: 'twin-answer',
      status: 204,
      requestId: '9',
      version: 3,
    });
    expect(readTopic('$iothub/twin/PATCH/properties/desired/?$version=8')).toMatchObject({
      conversation: 'desired',
      version: 8,
    });
  });

  it('reads a method call and its answer', () => {
    expect(readTopic('$iothub/methods/POST/reboot/?$rid=a1')).toMatchObject({
      method: 'reboot',
      requestId: 'a1',
    });
    expect(readTopic('$iothub/methods/res/200/?$rid=a1')).toMatchObject({
      conversation: 'method-answer',
      status: 200,
    });
  });

  it('takes a C2D topic with raw colons and semicolons', () => {
    const topic =
      'devices/d/messages/devicebound/%24.to=%2Fdevices%2Fd&%24.ct=text%2Fplain;charset=utf-8&x=1:2;3';
    expect(readTopic(topic)).toMatchObject({ conversation: 'c2d', properties: { x: '1:2;3' } });
  });

  it('leaves what it does not know', () => {
    expect(readTopic('some/other/topic').conversation).toBe('other');
  });
});

describe('hexDump', () => {
  it('shows offset, bytes and text', () => {
    expect(hexDump(new TextEncoder().encode('MQTT\n'))).toBe(`0000  4d 51 54 54 0a${' '.repeat(35)}MQTT·`);
  });
});
