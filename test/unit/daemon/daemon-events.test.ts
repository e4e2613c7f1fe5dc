/** What is told of the answers of a serving thread, which is a fake: it carries nothing out. */
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import type { ControlEvent } from '../../../src/control/contract/events.js';
import type { InstalledFault } from '../../../src/control/contract/faults.js';
import type { ServingCommandName, ServingStatus } from '../../../src/daemon/commands.js';
import { DaemonEvents } from '../../../src/daemon/daemon-events.js';
import { ServingError } from '../../../src/daemon/serving-error.js';
import { isControlError } from '../control/control-error.js';
import { exampleStatus } from '../control/fake-daemon.js';

const hold = (id: number): InstalledFault => ({ id, fault: { match: {}, action: { type: 'hold' } } });

class FakeServing {
  readonly shared = { heldChanges: 0 };
  requests = 0;
  faults: InstalledFault[] = [];
  asked = 0;
  isOver = false;
  answered: (name: ServingCommandName, answer: unknown) => void = () => {};

  observe(observer: typeof this.answered): void {
    this.answered = observer;
  }

  // biome-ignore lint/suspicious/noExplicitAny: one body for both overloads
  async ask(name: 'status' | 'faults'): Promise<any> {
    if (this.isOver) throw new ServingError('over');
    this.asked += 1;
    const held = { requests: this.requests, bytes: this.requests * 4096, oldestMs: 5, byOpcode: {} };
    const answer: ServingStatus | InstalledFault[] =
      name === 'status' ? { ...exampleStatus, held, unplugged: false } : this.faults;
    this.answered(name, answer);
    return answer;
  }

  holds(requests: number): void {
    this.requests = requests;
    this.shared.heldChanges += 1;
  }
}

let serving = new FakeServing();
let events = new DaemonEvents(serving);
let told: ControlEvent[] = [];
const listen = () => events.listen((event) => told.push(event));
const words = () => told.map(({ event, data }) => `${event} ${JSON.stringify(data)}`);

beforeEach((context) => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setInterval'] });
  if ('after' in context) context.after(() => mock.timers.reset());
  serving = new FakeServing();
  events = new DaemonEvents(serving);
  told = [];
});

/** Lets the time of one look pass, and the question that it asks be answered. */
async function oneStep(): Promise<void> {
  mock.timers.tick(20);
  await new Promise((resolve) => setImmediate(resolve));
}

test('the state is what is held and armed, and each answer that changed something is one event', async () => {
  serving.requests = 2;
  serving.faults = [hold(4)];
  const { state } = await listen();
  assert.deepEqual(state.data, {
    held: { requests: 2, bytes: 8192, byOpcode: {} },
    faults: [hold(4)],
    unplugged: false,
  });
  serving.answered('addFault', hold(5));
  serving.answered('removeFault', undefined);
  serving.answered('removeFault', hold(5));
  serving.answered('release', { released: 0, bytes: 0, remaining: 2 });
  serving.answered('release', { released: 2, bytes: 8192, remaining: 0 });
  serving.answered('unplug', { changed: true });
  serving.answered('unplug', { changed: false });
  serving.answered('plug', { changed: true, released: 1, bytes: 0, remaining: 0 });
  assert.deepEqual(words(), [
    `fault-added ${JSON.stringify(hold(5))}`,
    'fault-removed {"id":5}',
    'released {"released":2,"bytes":8192,"remaining":0}',
    'unplugged {}',
    'plugged {}',
    'released {"released":1,"bytes":0,"remaining":0}',
  ]);
  const ids = [state, ...told].map(({ id }) => id);
  assert.deepEqual(ids, [1, 2, 3, 4, 5, 6, 7]);
});

test('whatever clears all faults removes each of them, also those armed before anybody listened', async () => {
  serving.answered('addFault', hold(1));
  serving.answered('addFault', hold(2));
  await listen();
  serving.answered('clearFaults', 2);
  serving.answered('addFault', hold(3));
  serving.answered('unplug', { changed: true });
  serving.answered('letGoOfAll', { released: 3, bytes: 9 });
  assert.deepEqual(
    words().filter((text) => !/added|^unplugged/.test(text)),
    [
      'fault-removed {"id":1}',
      'fault-removed {"id":2}',
      'fault-removed {"id":3}',
      'plugged {}',
      'released {"released":3,"bytes":9,"remaining":0}',
    ],
  );
});

test('changes of what is held are told together, and a change that changes no total is not', async () => {
  await listen();
  await oneStep();
  assert.deepEqual(words(), []);
  for (let requests = 1; requests <= 1000; requests++) serving.holds(requests);
  await oneStep();
  serving.holds(1000);
  await oneStep();
  serving.holds(0);
  await oneStep();
  assert.deepEqual(words(), [
    'held {"requests":1000,"bytes":4096000,"byOpcode":{}}',
    'held {"requests":0,"bytes":0,"byOpcode":{}}',
  ]);
});

test('a change between the state and the first look is not lost', async () => {
  const asking = listen();
  // The thread has answered, and the answer is on its way.
  serving.holds(7);
  await asking;
  await oneStep();
  assert.deepEqual(words(), ['held {"requests":7,"bytes":28672,"byOpcode":{}}']);
});

test('nothing is asked while nobody listens, nor while nothing changes', async () => {
  serving.holds(1);
  await oneStep();
  assert.equal(serving.asked, 0);
  const first = await listen();
  const second = await listen();
  await oneStep();
  const { asked } = serving;
  for (let steps = 0; steps < 10; steps++) await oneStep();
  assert.equal(serving.asked, asked);
  first.stop();
  serving.holds(2);
  await oneStep();
  assert.equal(serving.asked, asked + 1);
  second.stop();
  second.stop();
  serving.holds(3);
  await oneStep();
  assert.equal(serving.asked, asked + 1);
});

test('the end is told once, and is the last', async () => {
  await listen();
  serving.holds(1);
  events.end('unmounted');
  events.end('again');
  await oneStep();
  assert.deepEqual(words(), ['ended {"reason":"unmounted"}']);
});

test('a connection that is over cannot be listened to, and ends the looking quietly', async () => {
  await listen();
  serving.holds(1);
  serving.isOver = true;
  await oneStep();
  assert.deepEqual(words(), []);
  await assert.rejects(listen(), isControlError('UNAVAILABLE', { message: /over/ }));
});
