/** What a guest may ask of its machine's memory, with sockets that play the port and QEMU. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type HotplugAnswer, parseHotplugAnswer, parseHotplugRequest } from '../../../src/base/hotplug.js';
import { serveHotplug } from '../../../src/vm/hotplug.js';
import { QmpClient } from '../../../src/vm/qemu/qmp.js';
import { eventually } from '../../support/eventually.js';

describe('a line on the port for memory', () => {
  test('asks by an id, and for one of two things', () => {
    const request = { id: '12-34', ask: 'plug' };
    assert.deepEqual(parseHotplugRequest(JSON.stringify({ ...request, device: 'node0' })), request);
    for (const bad of [
      '',
      '{',
      'null',
      '7',
      '{"id":"1"}',
      '{"id":1,"ask":"plug"}',
      '{"id":"1","ask":"device_del"}',
      `{"id":"${'1'.repeat(65)}","ask":"plug"}`,
      '{"id":"a b","ask":"plug"}',
    ])
      assert.equal(parseHotplugRequest(bad), undefined, bad);
  });

  test('answers in one of five ways', () => {
    const answer = { id: '1', answer: 'refused', said: 'x', dimmMiB: 256 };
    assert.deepEqual(parseHotplugAnswer(JSON.stringify(answer)), answer);
    for (const bad of [
      { ...answer, answer: 'maybe' },
      { ...answer, dimmMiB: '256' },
      { ...answer, said: 1 },
    ])
      assert.equal(parseHotplugAnswer(JSON.stringify(bad)), undefined);
  });
});

describe('a machine whose guest asks for its DIMM', () => {
  let directory: string;
  let ends: (() => void)[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'stuckfs-hotplug-'));
  });
  afterEach(() => {
    for (const end of ends) end();
    ends = [];
    rmSync(directory, { recursive: true });
  });

  async function pair(name: string): Promise<readonly [ours: Socket, theirs: Socket]> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(directory, name), resolve));
    const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const theirs = dial(join(directory, name));
    const ours = await connected;
    for (const socket of [ours, theirs]) socket.on('error', () => undefined);
    ends.push(() => {
      theirs.destroy();
      ours.destroy();
      server.close();
    });
    return [ours, theirs];
  }

  /** @param deleted what QEMU says after device_del */
  async function machine(deleted: object) {
    const [qmp, qemu] = await pair('qmp');
    const done: string[] = [];
    let isPlugged = false;
    createInterface({ input: qemu }).on('line', (line) => {
      const {
        execute,
        id,
        arguments: words,
      } = JSON.parse(line) as {
        execute: string;
        id: number;
        arguments: { id?: string };
      };
      done.push(`${execute} ${words.id ?? ''}`.trim());
      if (execute === 'device_add') isPlugged = true;
      const devices = isPlugged ? [{ type: 'dimm', data: { id: 'dimm1' } }] : [];
      qemu.write(`${JSON.stringify({ return: execute === 'query-memory-devices' ? devices : {}, id })}\n`);
      if (execute === 'device_del') qemu.write(`${JSON.stringify(deleted)}\n`);
    });
    const client = await QmpClient.greet(qmp, 5000);
    const [port, guest] = await pair('port');
    const answers: (HotplugAnswer | undefined)[] = [];
    createInterface({ input: guest }).on('line', (line) => answers.push(parseHotplugAnswer(line)));
    serveHotplug(port, client, 256);
    const ask = async (text: string, count: number) => {
      guest.write(`${text}\n`);
      return eventually('it is answered', 10_000, () => answers.length === count && answers.at(-1));
    };
    return { ask, done };
  }

  test('plugs it in and out, that one and no other; what is no request it does not hear', async () => {
    const { ask, done } = await machine({ event: 'DEVICE_DELETED', data: { device: 'dimm1', path: '/x' } });
    const plugged = await ask('{"id":"a","ask":"quit"}\nnonsense\n{"id":"b","ask":"plug","device":"x"}', 1);
    assert.deepEqual(plugged, { id: 'b', answer: 'plugged', said: 'device_add', dimmMiB: 256 });
    assert.equal((await ask('{"id":"c","ask":"plug"}', 2)).said, 'it is there');
    const unplugged = await ask('{"id":"d","ask":"unplug"}', 3);
    assert.deepEqual([unplugged.answer, unplugged.said], ['unplugged', 'DEVICE_DELETED']);
    assert.deepEqual(done.slice(1), [
      'query-memory-devices',
      'object-add dimm1-memory',
      'device_add dimm1',
      'query-memory-devices',
      'device_del dimm1',
      'object-del dimm1-memory',
    ]);
  });

  test("says so where the guest's kernel keeps it", async () => {
    const info = { device: 'dimm1', slot: '0', 'slot-type': 'DIMM', source: 3, status: 0x82 };
    const { ask, done } = await machine({ event: 'ACPI_DEVICE_OST', data: { info } });
    const { answer, said } = await ask('{"id":"a","ask":"unplug"}', 1);
    assert.deepEqual([answer, said], ['refused', 'ACPI_DEVICE_OST status 0x82']);
    assert.ok(!done.includes('object-del dimm1-memory'));
  });
});
