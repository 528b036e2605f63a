/** A telemetry packet as code that sends the same again: the inspector offers it to copy. The key is left to the reader. */
import { readableBody } from './entries.js';
import type { WireEntry } from './state.js';

export type CodeLanguage = 'javascript' | 'python' | 'csharp' | 'mosquitto';

export const CODE_LANGUAGES: Readonly<Record<CodeLanguage, string>> = {
  javascript: 'JavaScript',
  python: 'Python',
  csharp: 'C#',
  mosquitto: 'mosquitto_pub',
};

/** What a message says, apart from who sends it and in which language. */
interface Said {
  readonly body: string;
  readonly topic: string;
  readonly properties: readonly (readonly [string, string])[];
}

/** The code, or `null` for a packet that no application sends. */
export function asCode(packet: NonNullable<WireEntry['packet']>, language: CodeLanguage): string | null {
  const { read, topic } = packet;
  if (read.kind !== 'PUBLISH' || topic?.conversation !== 'telemetry' || read.payload === null) return null;
  const properties = Object.entries(topic.properties).map(([name, value]) => [name, value ?? ''] as const);
  const said = { body: readableBody(read.payload).text, topic: read.topic ?? '', properties };
  return WRITERS[language](said);
}

const quoted = (text: string) => JSON.stringify(text);
const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

const WRITERS: Readonly<Record<CodeLanguage, (said: Said) => string>> = {
  javascript: ({ body, properties }) => `import { DeviceClient } from 'iothub-wasm';

const device = await DeviceClient.connect(process.env.DEVICE_CONNECTION_STRING);
await device.send({
  body: ${quoted(body)},
  contentType: 'application/json',
  properties: ${JSON.stringify(Object.fromEntries(properties))},
});
await device.close();
`,
  python: ({ body, properties }) => `import os
from azure.iot.device import IoTHubDeviceClient, Message

client = IoTHubDeviceClient.create_from_connection_string(os.environ["DEVICE_CONNECTION_STRING"])
message = Message(${quoted(body)})
message.content_type = "application/json"
message.content_encoding = "utf-8"
${properties.map(([name, value]) => `message.custom_properties[${quoted(name)}] = ${quoted(value)}\n`).join('')}client.send_message(message)
client.shutdown()
`,
  csharp: ({ body, properties }) => `using System.Text;
using Microsoft.Azure.Devices.Client;

await using var client = DeviceClient.CreateFromConnectionString(
    Environment.GetEnvironmentVariable("DEVICE_CONNECTION_STRING"), TransportType.Mqtt);
using var message = new Message(Encoding.UTF8.GetBytes(${quoted(body)}))
{
    ContentType = "application/json",
    ContentEncoding = "utf-8",
};
${properties.map(([name, value]) => `message.Properties[${quoted(name)}] = ${quoted(value)};\n`).join('')}await client.SendEventAsync(message);
`,
  mosquitto: ({
    body,
    topic,
  }) => `mosquitto_pub -h "$IOTHUB_HOST" -p 8883 --cafile "$CA_FILE" -V mqttv311 -q 1 \\
  -i "$DEVICE_ID" -u "$IOTHUB_HOST/$DEVICE_ID/?api-version=2021-04-12" -P "$SAS_TOKEN" \\
  -t ${shellQuoted(topic)} \\
  -m ${shellQuoted(body)}
`,
};
