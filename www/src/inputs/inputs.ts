/**
 * What the browser itself can measure, if it has it and the user allows it: position, tilt, loudness, battery, gamepad.
 * Each input tells numbers by the name of its sensor until its signal aborts. Asked for by a press only, never at load.
 */

export type InputName = 'location' | 'tilt' | 'loudness' | 'charge' | 'joystick';

export type Tell = (sensorId: string, value: number) => void;

interface Input {
  readonly there: boolean;
  /** Starts it; fails when it is refused. */
  readonly listen: (tell: Tell, signal: AbortSignal) => Promise<void>;
}

const LOOKS_EVERY_MS = 200;

/** The sensors that each input feeds. */
export const INPUT_SENSORS: Readonly<Record<InputName, readonly string[]>> = {
  location: ['latitude', 'longitude'],
  tilt: ['tilt'],
  loudness: ['loudness'],
  charge: ['charge'],
  joystick: ['joystick'],
};

export const INPUTS: Readonly<Record<InputName, Input>> = {
  location: { there: 'geolocation' in navigator, listen: listenToLocation },
  tilt: { there: 'DeviceOrientationEvent' in globalThis, listen: listenToTilt },
  loudness: { there: 'mediaDevices' in navigator, listen: listenToLoudness },
  charge: { there: 'getBattery' in navigator, listen: listenToCharge },
  joystick: { there: 'getGamepads' in navigator, listen: listenToJoystick },
};

function listenToLocation(tell: Tell, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        tell('latitude', coords.latitude);
        tell('longitude', coords.longitude);
        resolve();
      },
      (cause) => reject(new Error(cause.message)),
    );
    signal.addEventListener('abort', () => navigator.geolocation.clearWatch(watch), { once: true });
  });
}

/** Some browsers ask first, by a function that the others do not have. */
interface AsksFirst {
  requestPermission?: () => Promise<'granted' | 'denied'>;
}

async function listenToTilt(tell: Tell, signal: AbortSignal): Promise<void> {
  const { requestPermission } = DeviceOrientationEvent as unknown as AsksFirst;
  if (requestPermission !== undefined && (await requestPermission()) === 'denied')
    throw new Error('not allowed');
  const turned = ({ beta }: DeviceOrientationEvent) => beta !== null && tell('tilt', beta);
  addEventListener('deviceorientation', turned, { signal });
}

async function listenToLoudness(tell: Tell, signal: AbortSignal): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  every(signal, () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    tell('loudness', Math.max(0, 100 + 10 * Math.log10(power + 1e-10)));
  });
  const end = () => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  signal.addEventListener('abort', end, { once: true });
}

/** Not in every browser's types, nor in every browser. */
interface Battery extends EventTarget {
  readonly level: number;
}

async function listenToCharge(tell: Tell, signal: AbortSignal): Promise<void> {
  const { getBattery } = navigator as unknown as { getBattery(): Promise<Battery> };
  const battery = await getBattery.call(navigator);
  const say = () => tell('charge', battery.level * 100);
  battery.addEventListener('levelchange', say, { signal });
  say();
}

function listenToJoystick(tell: Tell, signal: AbortSignal): Promise<void> {
  every(signal, () => {
    const axis = navigator.getGamepads().find((pad) => pad !== null)?.axes[0];
    if (axis !== undefined) tell('joystick', axis * 100);
  });
  return Promise.resolve();
}

function every(signal: AbortSignal, look: () => void): void {
  const timer = setInterval(look, LOOKS_EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
