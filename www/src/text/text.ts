/**
 * Every word that the page shows, in each of its languages, in one place. Views take `useText()`; what the hub or the
 * client say themselves (reasons, problems) is shown as they say it.
 */

const en = {
  title: 'IoT Hub, both sides',
  skip: 'Skip to the service side',
  hub: {
    opening: 'Opening the hub …',
    local: 'Local hub',
    retry: 'Try again',
    failed: 'The hub could not be opened',
  },
  theme: { label: 'Appearance', system: 'System', light: 'Light', dark: 'Dark' },
  language: { label: 'Language' },
  device: {
    title: 'Device',
    states: {
      connecting: 'Connecting',
      connected: 'Connected',
      reconnecting: 'Reconnecting',
      disconnected: 'Disconnected',
      closed: 'Closed',
    },
    sent: 'sent',
    acknowledged: 'acknowledged',
    failed: 'failed',
    roundTrip: 'round trip',
    sensors: 'Sensors',
  },
  sensor: {
    names: { temperature: 'Temperature', humidity: 'Humidity' } as Record<string, string>,
    level: (name: string) => `${name}: set the level`,
    generator: (name: string) => `${name}: how it moves`,
    freeze: 'Freeze',
    generators: { steady: 'Steady', sine: 'Sine', walk: 'Walk', noise: 'Random', daily: 'Day' },
  },
  inbox: {
    title: 'Inbox',
    hint: 'cloud to device',
    empty: 'Nothing yet. Send a message from the service side.',
    clear: 'Clear',
  },
  service: {
    title: 'Service',
    stream: { opening: 'Listening …', open: 'Listening', lost: 'Stream lost, trying again' },
    telemetry: 'Telemetry',
    received: 'received',
    thisDevice: 'This device',
    allDevices: 'All devices',
    scope: 'Whose telemetry',
    empty: 'Waiting for the first message.',
    system: 'System properties',
    custom: 'Properties',
    noValue: 'no value',
  },
  chart: {
    title: 'Live',
    pause: 'Pause',
    resume: 'Resume',
    window: 'Time span',
    minute: '1 min',
    minutes: (count: number) => `${count} min`,
    hint: 'Drag to zoom, double-click to reset.',
    describe: (lines: string) => `Line chart of ${lines} over time`,
  },
  send: {
    title: 'Send to the device',
    body: 'Message',
    sample: '{"led":"on"}',
    properties: 'Properties',
    name: 'Name',
    value: 'Value',
    add: 'Add a property',
    remove: (name: string) => `Remove ${name || 'this property'}`,
    send: 'Send',
    sending: 'Sending …',
    sent: 'Queued for the device.',
  },
  wire: {
    title: 'On the wire',
    show: 'Show',
    search: 'Search',
    empty: 'Nothing to show yet.',
    choose: 'Choose a line to take it apart.',
    inspector: 'Inspector',
    kinds: {
      link: 'Link',
      telemetry: 'Telemetry',
      c2d: 'C2D',
      twin: 'Twin',
      method: 'Methods',
      ping: 'Pings',
    },
    sides: { out: 'device to hub', in: 'hub to device', client: 'the client says', hub: 'the hub says' },
    topic: 'Topic',
    fields: 'Fields',
    payload: 'Payload',
    detail: 'What the hub says',
    packetId: 'packet id',
    bytes: (count: number) => `${count} bytes`,
    answeredAfter: (time: string) => `Answered after ${time}`,
    unanswered: 'no answer yet',
    showQuestion: 'Show what it answers',
    copyAs: 'Copy as',
    copied: (name: string) => `Copied as ${name}.`,
  },
};

export type Text = typeof en;

const de: Text = {
  title: 'IoT Hub, beide Seiten',
  skip: 'Zur Dienstseite springen',
  hub: {
    opening: 'Hub wird geöffnet …',
    local: 'Lokaler Hub',
    retry: 'Noch einmal',
    failed: 'Der Hub ließ sich nicht öffnen',
  },
  theme: { label: 'Darstellung', system: 'System', light: 'Hell', dark: 'Dunkel' },
  language: { label: 'Sprache' },
  device: {
    title: 'Gerät',
    states: {
      connecting: 'Verbindet',
      connected: 'Verbunden',
      reconnecting: 'Verbindet neu',
      disconnected: 'Getrennt',
      closed: 'Beendet',
    },
    sent: 'gesendet',
    acknowledged: 'bestätigt',
    failed: 'gescheitert',
    roundTrip: 'Umlaufzeit',
    sensors: 'Sensoren',
  },
  sensor: {
    names: { temperature: 'Temperatur', humidity: 'Feuchte' },
    level: (name) => `${name}: Wert einstellen`,
    generator: (name) => `${name}: Verlauf`,
    freeze: 'Einfrieren',
    generators: { steady: 'Fest', sine: 'Sinus', walk: 'Drift', noise: 'Zufall', daily: 'Tag' },
  },
  inbox: {
    title: 'Eingang',
    hint: 'Cloud an Gerät',
    empty: 'Noch nichts. Senden Sie eine Nachricht von der Dienstseite.',
    clear: 'Leeren',
  },
  service: {
    title: 'Dienst',
    stream: { opening: 'Hört zu …', open: 'Hört zu', lost: 'Strom abgerissen, neuer Versuch' },
    telemetry: 'Telemetrie',
    received: 'empfangen',
    thisDevice: 'Dieses Gerät',
    allDevices: 'Alle Geräte',
    scope: 'Wessen Telemetrie',
    empty: 'Wartet auf die erste Nachricht.',
    system: 'Systemeigenschaften',
    custom: 'Eigenschaften',
    noValue: 'ohne Wert',
  },
  chart: {
    title: 'Live',
    pause: 'Anhalten',
    resume: 'Weiter',
    window: 'Zeitspanne',
    minute: '1 Min',
    minutes: (count) => `${count} Min`,
    hint: 'Ziehen vergrößert, Doppelklick setzt zurück.',
    describe: (lines) => `Liniendiagramm von ${lines} über die Zeit`,
  },
  send: {
    title: 'An das Gerät senden',
    body: 'Nachricht',
    sample: '{"led":"on"}',
    properties: 'Eigenschaften',
    name: 'Name',
    value: 'Wert',
    add: 'Eigenschaft hinzufügen',
    remove: (name) => `${name || 'Diese Eigenschaft'} entfernen`,
    send: 'Senden',
    sending: 'Wird gesendet …',
    sent: 'Liegt für das Gerät bereit.',
  },
  wire: {
    title: 'Auf der Leitung',
    show: 'Anzeigen',
    search: 'Suchen',
    empty: 'Noch nichts zu zeigen.',
    choose: 'Wählen Sie eine Zeile, um sie zu zerlegen.',
    inspector: 'Untersuchung',
    kinds: {
      link: 'Verbindung',
      telemetry: 'Telemetrie',
      c2d: 'C2D',
      twin: 'Zwilling',
      method: 'Methoden',
      ping: 'Pings',
    },
    sides: { out: 'Gerät an Hub', in: 'Hub an Gerät', client: 'der Client sagt', hub: 'der Hub sagt' },
    topic: 'Topic',
    fields: 'Felder',
    payload: 'Inhalt',
    detail: 'Was der Hub sagt',
    packetId: 'Paketnummer',
    bytes: (count) => `${count} Bytes`,
    answeredAfter: (time) => `Beantwortet nach ${time}`,
    unanswered: 'noch keine Antwort',
    showQuestion: 'Zeigen, was es beantwortet',
    copyAs: 'Kopieren als',
    copied: (name) => `Kopiert als ${name}.`,
  },
};

export const TEXTS = { en, de };
export type Language = keyof typeof TEXTS;

/** Each language in its own name. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

/** The first of the browser's languages that the page speaks. */
export function languageOf(wanted: readonly string[]): Language {
  const found = wanted
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'de');
  return found === 'de' ? 'de' : 'en';
}
