/** The left side: what the device measures, and what it was sent. */
import { usePage, useText } from '../app/context.js';
import { AddInput } from './add-input.js';
import { AddSensor } from './add-sensor.js';
import { BoardCard } from './board-card.js';
import { Inbox } from './inbox.js';
import { MethodCards } from './method-cards.js';
import { Problem } from './parts.js';
import { SensorCard } from './sensor-card.js';

export function DevicePanel() {
  const { store } = usePage();
  const text = useText();
  const { sensors, failed, lastProblem } = store.device.value;
  return (
    <section class="side" id="device" aria-label={text.device.title} tabIndex={-1}>
      <div class="sensors">
        {sensors.map((sensor, index) => (
          <SensorCard key={sensor.id} sensor={sensor} index={index} />
        ))}
      </div>
      <div class="adders">
        <AddSensor />
        <AddInput />
      </div>
      {failed > 0 && (
        <Problem>
          {failed} {text.device.failed}. {lastProblem}
        </Problem>
      )}
      <BoardCard />
      <MethodCards />
      <Inbox />
    </section>
  );
}
